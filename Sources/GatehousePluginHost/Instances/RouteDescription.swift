/// What an instance may know of its route, in `describe()`.
public struct RouteDescription: Sendable {
    /// The route's name, for log and messages.
    public var name: String = ""
    /// The matches, each a JSON text of the configuration's form.
    public var matchesJSON: [String] = []
    /// The host names of the route; empty: every host.
    public var hosts: [String] = []
    /// The configured external base URL, without a trailing slash.
    public var publicURL: String?
    /// The upstreams as configured.
    public var upstreams: [String] = []
    /// Policy name -> how many other routes on the same hosts have a policy of this name.
    public var siblings: [String: Int] = [:]
    /// The policies of the route, in the chain's order.
    public var policies: [(name: String, orderClass: OrderClass)] = []

    /// An empty description, to be filled.
    public init() {}
}

/// What a plugin has to say about its configuration.
public struct InstanceDiagnostic: Sendable, Hashable {
    /// Whether the configuration is refused.
    public var isError: Bool
    /// A JSON Pointer (RFC 6901) into the instance's configuration.
    public var pointer: String
    /// What is wrong.
    public var message: String
    /// What to write instead; empty: nothing.
    public var suggestion: String

    /// Makes a diagnostic of its parts.
    public init(isError: Bool, pointer: String, message: String, suggestion: String = "") {
        self.isError = isError
        self.pointer = pointer
        self.message = message
        self.suggestion = suggestion
    }
}

/// What came of `PluginHost.create`.
public struct InstanceOutcome: Sendable {
    /// The instance; nil when the plugin refused or failed. After a dry run it is destroyed
    /// already, and only its claims are of use.
    public var instance: PluginInstance?
    /// Errors and warnings, in the plugin's order.
    public var diagnostics: [InstanceDiagnostic]
}
