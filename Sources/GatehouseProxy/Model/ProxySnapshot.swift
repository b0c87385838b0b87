public import GatehouseHTTP

/// One loaded configuration as the proxy uses it. An exchange keeps the snapshot that was current
/// when its head was complete.
///
/// **Immutable**, any thread.
public final class ProxySnapshot: Sendable {
    /// A number that grows with each published configuration, for the log.
    public let generation: UInt64
    /// The listeners, in the order of `ProxyServer.start`'s addresses.
    public let listeners: [Listener]

    /// The tables of the listeners, apart, because the hot path needs nothing else of them.
    let tables: [RouteTable]

    /// Makes a snapshot of its parts.
    public init(generation: UInt64 = 1, listeners: [Listener]) {
        self.generation = generation
        self.listeners = listeners
        tables = listeners.map(\.routes)
    }
}

/// What one bound address serves.
public struct Listener: Sendable {
    /// Where it listens.
    public var address: ListenAddress
    /// What it serves.
    public var routes: RouteTable
    /// Peers whose `X-Forwarded-*` are believed.
    public var trustedProxies: [AddressRange]

    /// Makes a listener of its parts.
    public init(
        address: ListenAddress, routes: RouteTable, trustedProxies: [AddressRange] = []
    ) {
        self.address = address
        self.routes = routes
        self.trustedProxies = trustedProxies
    }
}

/// Where to listen.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// The text of an IP address; nil: `[::]`, both families (with a machine without IPv6,
    /// `0.0.0.0`).
    public var host: String?
    /// The port; 0: one that the kernel chooses.
    public var port: UInt16

    /// Makes an address of its parts.
    public init(host: String? = nil, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `host:port`, an IPv6 address in brackets.
    public var description: String {
        let host = host ?? "::"
        return host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
