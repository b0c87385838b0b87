public import CGatehouse
public import GatehouseJSON

/// One plugin whose library was opened in this process: what the host makes instances of.
public struct OpenedPlugin: Sendable {
    /// The plugin's own description, the same as its probe's.
    public let manifest: PluginManifest
    /// The file in the plugin directory that it came from.
    public let path: String
    /// The JSON Schema (2020-12) of its configuration.
    public let schema: JSONValue
    /// Its function tables.
    public let functions: PluginFunctions
}

/// One plugin that a directory offers; probed, and opened where the catalog was asked to.
public struct InstalledPlugin: Sendable {
    /// The plugin's own description.
    public let manifest: PluginManifest
    /// The file in the plugin directory that it comes from.
    public let path: String
    /// The JSON Schema (2020-12) of its configuration.
    public let schema: JSONValue
    /// The opened plugin; nil when the catalog was made without a host.
    public let opened: OpenedPlugin?
}

/// The plugin libraries of a directory: which can be used, and what is wrong with the others.
///
/// A bad library never stops the gateway: it becomes an entry with a reason. **Immutable**, any
/// thread.
public struct PluginCatalog: Sendable {
    /// What is known of one file.
    public struct Library: Sendable {
        /// The file, as found in the directory.
        public let path: String
        /// What it says about its plugins, also where it is not used; empty: it could not be asked.
        public let manifests: [PluginManifest]
        /// The plugins that it offers, or why it is not used.
        public let outcome: Result<[InstalledPlugin], PluginRefusal>
        /// Sentences about what works but should be looked at.
        public let warnings: [String]
    }

    /// How libraries are examined.
    public struct Options: Sendable {
        /// The program that is started to try a library, with the arguments in front of the
        /// library's path; it must call `gatehouse_probe_main`.
        public var prober: [String] = ["/proc/self/exe", "plugin-probe"]
        /// How long probing one library may take, in milliseconds.
        public var probeMs = LoadingLimits.probeMsDefault
        /// Directories in which private copies may be made, the first usable one is taken; empty:
        /// TMPDIR, /tmp, /run/user/UID, /dev/shm.
        public var copyRoots: [String] = []
        /// Whether libraries with a Go runtime are loaded: it takes over signals of the process.
        public var allowsGo = false
        /// The build that first-party plugins must carry (16 bytes); nil: not compared.
        public var buildStamp: [UInt8]?

        /// The product's own choices.
        public init() {}
    }

    /// Every file of the directory that ends in `.so`, by name.
    public let libraries: [Library]
    /// What is wrong with the directory itself: missing, unreadable, writable by everybody.
    public let directoryProblems: [String]

    /// Examines a directory, and with a host opens every plugin that can be used.
    ///
    /// Blocks for some milliseconds a library. The host's tables must live as long as the process:
    /// libraries are never unloaded. **Thread:** [control], or before there are loops.
    /// - Parameter host: what the entries of the libraries are given; nil: nothing is opened, only
    ///   probed (`plugin list`, `schema`).
    public init(
        directory: String, host: UnsafePointer<gh_host>?, options: Options = Options()
    ) {
        let found = PluginDirectory(directory)
        let examination = LibraryExamination(
            admission: Admission(allowsGo: options.allowsGo, buildStamp: options.buildStamp),
            probe: Probe(prober: options.prober, limitMs: options.probeMs),
            copy: PrivateCopy(
                roots: options.copyRoots.isEmpty
                    ? PrivateCopy.defaultRoots() : options.copyRoots),
            opener: host.map(LibraryOpener.init(host:)))
        var examined: [Library] = []
        var taken: [String: String] = [:]
        for path in found.files {
            let outcome = examination.examine(path) { taken[Self.key($0.kind, $0.name)] }
            for plugin in (try? outcome.result.get()) ?? [] {
                taken[Self.key(plugin.manifest.kind, plugin.manifest.name)] = path
            }
            examined.append(
                Library(
                    path: path, manifests: outcome.manifests, outcome: outcome.result,
                    warnings: outcome.warnings))
        }
        libraries = examined
        directoryProblems = found.problems
    }

    private static func key(_ kind: PluginKind, _ name: String) -> String {
        "\(kind.rawValue) \(name)"
    }

    /// The plugin of this kind and name; nil: none is usable.
    public func plugin(kind: PluginKind, name: String) -> InstalledPlugin? {
        plugins.first { $0.manifest.kind == kind && $0.manifest.name == name }
    }

    /// Every usable plugin, in the order of the files.
    public var plugins: [InstalledPlugin] {
        libraries.flatMap { (try? $0.outcome.get()) ?? [] }
    }
}
