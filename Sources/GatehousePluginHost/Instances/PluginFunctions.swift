public import CGatehouse

/// Where a policy stands in a chain when the configuration does not say; cors before
/// authentication before everything else, a backend at the end.
public enum OrderClass: UInt8, Sendable, Comparable {
    /// Decides by Origin and decorates every response: outermost.
    case cors = 0
    /// Establishes who the caller is.
    case authentication = 1
    /// Everything else.
    case normal = 2
    /// Ends the chain instead of an upstream.
    case backend = 3

    /// The order of the chain, outermost first.
    public static func < (a: OrderClass, b: OrderClass) -> Bool { a.rawValue < b.rawValue }

    /// The name in a manifest and in `describe()`.
    public var name: String {
        switch self {
        case .cors: "cors"
        case .authentication: "authentication"
        case .normal: "normal"
        case .backend: "backend"
        }
    }
}

/// What kind of plugin it is.
public enum PluginKind: String, Sendable {
    /// Decides about exchanges.
    case policy
    /// A policy that ends the chain.
    case backend
    /// An identity provider's adapter: pure functions.
    case provider
}

/// One plugin of an opened library, as the host calls it.
///
/// The loader makes it of an `OpenedPlugin`; a test makes it of function tables of its own. The
/// tables are immortal: libraries are never unloaded.
public struct PluginFunctions: @unchecked Sendable {
    // Safety: the pointers lead to immutable tables that live as long as the process.

    /// The policy's, backend's or provider's name in the configuration.
    public var name: String
    /// Its kind.
    public var kind: PluginKind
    /// Its place in a chain.
    public var orderClass: OrderClass
    /// The library's own context, `gh_library.ctx`.
    public var library: UnsafeMutableRawPointer?
    /// The plugin's index in its library.
    public var index: UInt32
    /// The table of every plugin.
    public var plugin: UnsafePointer<gh_plugin>
    /// The table of a policy or backend.
    public var policy: UnsafePointer<gh_policy>?
    /// The table of a provider.
    public var provider: UnsafePointer<gh_provider_hooks>?

    /// Makes the description of its parts.
    public init(
        name: String, kind: PluginKind, orderClass: OrderClass = .normal,
        library: UnsafeMutableRawPointer? = nil, index: UInt32 = 0,
        plugin: UnsafePointer<gh_plugin>, policy: UnsafePointer<gh_policy>? = nil,
        provider: UnsafePointer<gh_provider_hooks>? = nil
    ) {
        self.name = name
        self.kind = kind
        self.orderClass = orderClass
        self.library = library
        self.index = index
        self.plugin = plugin
        self.policy = policy
        self.provider = provider
    }
}
