import GatehouseConfig
import GatehouseJSON
import GatehousePluginHost
import GatehouseSchema

/// The plugin folder as the configuration and the host need it.
struct Plugins: Sendable {
    let catalog: PluginCatalog
    /// What the configuration may name, with the schemas compiled.
    let installed: [GatehouseConfig.InstalledPlugin]

    /// Examines the folder. **Thread:** before there are loops; it blocks.
    ///
    /// - Parameter isOpening: whether the libraries are opened in this process; else they are only
    ///   asked in a child.
    init(_ folder: PluginFolder, isOpening: Bool) {
        catalog = PluginCatalog(
            directory: folder.path, host: isOpening ? HostTables.host : nil)
        installed = catalog.plugins.compactMap { plugin in
            guard
                let kind = GatehouseConfig.InstalledPlugin.Kind(
                    rawValue: plugin.manifest.kind.rawValue),
                let schema = try? JSONSchema(plugin.schema)
            else { return nil }
            return GatehouseConfig.InstalledPlugin(
                kind: kind, name: plugin.manifest.name,
                orderClass: plugin.manifest.orderClass.name, schema: schema)
        }
    }

    /// What is there and cannot be used, by the name that a configuration would use for it.
    var unusable: [UnusablePlugin] {
        catalog.libraries.flatMap { library -> [UnusablePlugin] in
            guard case .failure(let refusal) = library.outcome else { return [] }
            let file = library.path.split(separator: "/").last ?? ""
            let name = file.hasSuffix(".so") ? String(file.dropLast(3)) : String(file)
            let said = library.manifests.map(\.name)
            return (said.isEmpty ? [name] : said).map {
                UnusablePlugin(name: $0, reason: refusal.reason)
            }
        }
    }

    /// The tables of a plugin that was opened.
    func functions(_ kind: PluginKind, _ name: String) -> PluginFunctions? {
        catalog.plugin(kind: kind, name: name)?.opened?.functions
    }

    /// The order class of a policy, as far as its manifest could be read: also of one that cannot
    /// be used, so that its stand-in takes its place in the chain.
    func orderClass(ofPolicy name: String) -> OrderClass? {
        let manifests = catalog.libraries.flatMap(\.manifests)
        return manifests.first { $0.kind == .policy && $0.name == name }?.orderClass
    }

    /// Checks a provider's part of a configuration against the provider's schema.
    func checkProvider(_ name: String, _ configuration: String) -> [InstanceDiagnostic] {
        guard let plugin = installed.first(where: { $0.kind == .provider && $0.name == name }),
            let value = try? JSONValue(parsing: configuration)
        else { return [] }
        return plugin.schema.validate(value).map { violation in
            InstanceDiagnostic(
                isError: true, pointer: violation.instancePointer.description,
                message: violation.message, suggestion: violation.suggestion ?? "")
        }
    }
}
