import GatehouseConfig
import GatehouseJSON
import GatehousePluginHost
import GatehouseProxy
import Glibc
import Logging
import Synchronization

/// What the commands do.
public enum Gateway {
    /// `gatehouse validate`: checks everything that `run` would check, starts nothing.
    ///
    /// - Throws: ``ExitStatus`` other than 0.
    public static func validate(_ options: GatewayOptions) throws(ExitStatus) {
        let plugins = Plugins(options.plugins, isOpening: true)
        let loaded = try load(options, plugins)
        let logger = Logger(label: "gatehouse", factory: { _ in SwiftLogNoOpLogHandler() })
        let services = RuntimeServices(logger: logger, secrets: loaded.secrets)
        let host = try makeHost(loaded, plugins, services)
        let built = SnapshotBuilder(
            configuration: loaded, plugins: plugins, host: host, isDryRun: true
        ).build()
        show(built.diagnostics)
        for (route, policy, reason) in built.standIns {
            note("route \(route) would answer 503: policy \(policy): \(reason)")
        }
        guard built.snapshot != nil else { throw .invalid }
        print("\(options.file): valid")
    }

    /// `gatehouse schema`: the JSON Schema of the configuration, on standard output.
    public static func printSchema(folder: String?) throws(ExitStatus) {
        let plugins = Plugins(PluginFolder(named: folder), isOpening: false)
        for library in plugins.catalog.libraries {
            if case .failure(let refusal) = library.outcome {
                note("\(library.path): \(refusal.reason)")
            }
        }
        print(ConfigurationSchema(plugins: plugins.installed).document.serialized(.pretty))
    }

    /// `gatehouse plugin list`.
    ///
    /// - Throws: ``ExitStatus/invalid`` when a library cannot be used.
    public static func listPlugins(folder: String?, json: Bool) throws(ExitStatus) {
        let folder = PluginFolder(named: folder)
        let plugins = Plugins(folder, isOpening: false)
        print(PluginListing(folder: folder.path, catalog: plugins.catalog).text(json: json))
        let isGood = plugins.catalog.libraries.allSatisfy { (try? $0.outcome.get()) != nil }
        if !isGood || !plugins.catalog.directoryProblems.isEmpty { throw .invalid }
    }

    // MARK: Shared by run and validate

    static func load(
        _ options: GatewayOptions, _ plugins: Plugins
    ) throws(ExitStatus) -> Configuration {
        for problem in plugins.catalog.directoryProblems { note(problem) }
        let loader = ConfigurationLoader(
            plugins: plugins.installed, unusable: plugins.unusable, environment: allEnvironment())
        let outcome = loader.load(file: options.file)
        show(outcome.diagnostics)
        guard let configuration = outcome.configuration else { throw .invalid }
        return configuration
    }

    static func makeHost(
        _ configuration: Configuration, _ plugins: Plugins, _ services: RuntimeServices
    ) throws(ExitStatus) -> PluginHost {
        var options = PluginHost.Options()
        options.fetchAllow = configuration.fetchAllow
        options.provider = { plugins.functions(.provider, $0) }
        options.checkProvider = { plugins.checkProvider($0, $1) }
        do throws(PluginHostError) {
            return try PluginHost(services: services, options: options)
        } catch {
            note("\(error)")
            throw .cannotStart
        }
    }

    static func show(_ diagnostics: [Diagnostic]) {
        guard !diagnostics.isEmpty else { return }
        writeError(diagnostics.rendered())
    }

    static func note(_ text: String) { writeError("gatehouse: \(text)\n") }

    /// Writes a message on standard error, with a line end.
    public static func complain(_ text: String) {
        writeError(text.hasSuffix("\n") ? text : text + "\n")
    }

    private static func writeError(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                rest.removeFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }
}
