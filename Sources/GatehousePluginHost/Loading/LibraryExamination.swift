import CGatehouse
import CGatehouseHost
import GatehouseJSON
import GatehouseSchema

/// The way of one file from the directory to usable plugins.
struct LibraryExamination {
    let admission: Admission
    let probe: Probe
    let copy: PrivateCopy
    /// Opens what was found good; nil: nothing is opened.
    let opener: LibraryOpener?

    /// What became of one file.
    struct Outcome {
        var result: Result<[InstalledPlugin], PluginRefusal>
        var warnings: [String] = []
        /// What the library says about its plugins, also where it is refused afterwards.
        var manifests: [PluginManifest] = []
    }

    /// Examines one file; `isTaken` says which plugin names are used up and by which file.
    func examine(
        _ path: String, isTaken: (PluginManifest) -> String?
    ) -> Outcome {
        var outcome = Outcome(result: .success([]))
        do throws(PluginRefusal) {
            let plugins = try read(path, isTaken: isTaken, &outcome)
            outcome.result = .success(plugins)
        } catch {
            outcome.result = .failure(error)
        }
        return outcome
    }

    private func read(
        _ path: String, isTaken: (PluginManifest) -> String?, _ outcome: inout Outcome
    ) throws(PluginRefusal) -> [InstalledPlugin] {
        let file = try LibraryFile(reading: path)
        if file.isWorldWritable { outcome.warnings.append("may be written by everybody") }
        let facts = try LibraryFacts(parsing: file.bytes)
        outcome.warnings += try admission.check(facts)
        var remarks: [String] = []
        let plugins = try copy.with(file, runPaths: facts.runPaths, needed: facts.needed) {
            (copied) throws(PluginRefusal) in
            let finding = try probe.run(copied)
            remarks = finding.warnings
            outcome.manifests = finding.plugins.compactMap {
                try? PluginManifest(parsing: $0.manifest)
            }
            return try install(path, copied, finding.plugins, isTaken: isTaken)
        }
        outcome.warnings += remarks
        return plugins
    }

    private func install(
        _ path: String, _ copied: String, _ probed: [ProbedPlugin],
        isTaken: (PluginManifest) -> String?
    ) throws(PluginRefusal) -> [InstalledPlugin] {
        var described: [(manifest: PluginManifest, schema: JSONValue)] = []
        for plugin in probed {
            let manifest = try PluginManifest(parsing: plugin.manifest)
            try checkTables(plugin, manifest)
            let twice = described.contains {
                $0.manifest.kind == manifest.kind && $0.manifest.name == manifest.name
            }
            if let other = twice ? path : isTaken(manifest) {
                throw PluginRefusal(
                    .duplicateName,
                    "it offers the \(manifest.kind.rawValue) \(manifest.name), which \(other) "
                        + "offers already")
            }
            try checkServices(manifest)
            described.append((manifest, try Self.schema(plugin.schema)))
        }
        let functions = try opener?.open(
            copied, as: probed, manifests: described.map { $0.manifest })
        return described.enumerated().map { index, plugin in
            let opened = functions.map {
                OpenedPlugin(
                    manifest: plugin.manifest, path: path, schema: plugin.schema,
                    functions: $0[index])
            }
            return InstalledPlugin(
                manifest: plugin.manifest, path: path, schema: plugin.schema, opened: opened)
        }
    }

    private func checkTables(
        _ plugin: ProbedPlugin, _ manifest: PluginManifest
    ) throws(PluginRefusal) {
        guard plugin.tables & GATEHOUSE_TABLE_PLUGIN != 0 else {
            throw PluginRefusal(
                .entryFailed,
                "\(manifest.name) has no complete table gatehouse.plugin/0 (config_schema, create "
                    + "and destroy are needed)")
        }
        let isProvider = manifest.kind == .provider
        let needed = isProvider ? GATEHOUSE_TABLE_PROVIDER : GATEHOUSE_TABLE_POLICY
        guard plugin.tables & needed != 0 else {
            throw PluginRefusal(
                .entryFailed,
                "\(manifest.name) is a \(manifest.kind.rawValue) without the table "
                    + (isProvider ? "gatehouse.provider/0" : "gatehouse.policy/0"))
        }
    }

    private func checkServices(_ manifest: PluginManifest) throws(PluginRefusal) {
        guard let opener else { return }
        for id in manifest.requires where !opener.offers(id) {
            throw PluginRefusal(
                .missingService, "\(manifest.name) needs \(id), which this gateway does not offer")
        }
    }

    private static func schema(_ bytes: [UInt8]) throws(PluginRefusal) -> JSONValue {
        let document: JSONValue
        do {
            let limits = JSONLimits(maxBytes: LoadingLimits.schemaBytesMax)
            document = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw PluginRefusal(.badSchema, "its configuration schema is not JSON: \(error)")
        }
        do {
            // Compiled here only to refuse what we do not support before the library is opened.
            _ = try JSONSchema(document)
        } catch {
            let reason = LoadingText.printable(error.description, most: 300)
            throw PluginRefusal(
                .badSchema, "its configuration schema cannot be used: \(reason)")
        }
        return document
    }
}
