/// Reads a configuration: text to a validated model, or everything that is wrong with it.
///
/// **Thread:** any; a value without state.
public struct ConfigurationLoader: Sendable {
    /// The plugins that can be used.
    public var plugins: [InstalledPlugin]
    /// The libraries of the plugin directory that cannot be used.
    public var unusable: [UnusablePlugin]
    /// What `${VAR}` expands to.
    public var environment: [String: String]

    /// Makes a loader.
    public init(
        plugins: [InstalledPlugin], unusable: [UnusablePlugin] = [],
        environment: [String: String]
    ) {
        self.plugins = plugins
        self.unusable = unusable
        self.environment = environment
    }

    /// What came of loading: the configuration, unless there is an error among the diagnostics.
    public struct Outcome: Sendable {
        /// The configuration; nil when it is refused.
        public var configuration: Configuration?
        /// Errors and warnings, in the order of the file.
        public var diagnostics: [Diagnostic]
    }
}
