/// One configuration, validated: what the core needs to make a snapshot of.
///
/// Everything in it is a value; nothing refers to the text that it came from but the positions.
public struct Configuration: Sendable {
    /// The ports; at least one, no address and port twice.
    public var binds: [Bind] = []
    /// Where health, readiness and metrics are served; nil: nowhere.
    public var admin: Admin?
    /// Where the access records go.
    public var accessLog: AccessLog = .standardOutput
    /// Peers whose `X-Forwarded-*` fields are believed; empty: nobody's.
    public var trustedProxies: [AddressBlock] = []
    /// The timeouts of connections, and the defaults of the routes.
    public var timeouts = Timeouts()
    /// The limits of connections, and the defaults of the routes.
    public var limits = Limits()
    /// Origins (`https://host:port`) that plugins may fetch from whatever they are.
    public var fetchAllow: [String] = []
    /// What the references to secrets in the plugins' configurations stand for.
    public var secrets = SecretStore()
    /// The directory that relative paths are relative to, absolute, without a trailing slash.
    public var directory = "/"

    /// An empty configuration; the loader fills it.
    public init() {}

    /// Every route of every listener, in the order of the file.
    public var routes: [Route] { binds.flatMap(\.listeners).flatMap(\.routes) }
}

/// Where the access records go.
public enum AccessLog: Sendable, Hashable {
    /// `accessLog: off`: nowhere.
    case off
    /// `accessLog: stdout`: one JSON record a line on standard output.
    case standardOutput
}

/// Where health, readiness and metrics are served, of `admin`.
public struct Admin: Sendable, Hashable {
    /// The TCP port, 0 to 65535; 0 lets the kernel choose.
    public var port: UInt16 = 0
    /// The address, an IPv4 or IPv6 literal without brackets.
    public var address = "127.0.0.1"
    /// Its connections at one time, 1 to 1024.
    public var maxConnections = 64

    /// Port 0 on loopback.
    public init() {}
}

/// One port and its listeners.
public struct Bind: Sendable {
    /// The TCP port, 0 to 65535; 0 lets the kernel choose.
    public var port: UInt16
    /// The address to listen on, an IPv4 or IPv6 literal without brackets; nil: `[::]`, both
    /// families.
    public var address: String?
    /// The listeners; at least one, no host name twice.
    public var listeners: [Listener]
    /// The entry in the file.
    public var position: Position
}

/// The routes of one host name on a port.
public struct Listener: Sendable {
    /// Its name, or `listener-<n>` counted from 0 within the bind.
    public var name: String
    /// The host name that it is for; nil: every one.
    public var hostname: HostPattern?
    /// The external base URL of its routes, where they have none of their own.
    public var publicURL: PublicURL?
    /// The routes, in the order of the file.
    public var routes: [Route]
    /// The entry in the file.
    public var position: Position
}
