public import GatehousePluginHost
import Synchronization

/// One route: what it matches, the policies in its way, and where it leads.
///
/// **Immutable**, any thread.
public final class Route: Sendable {
    /// The name in log and messages.
    public let name: String
    /// The hosts that it is for; empty: every host.
    public let hosts: [HostPattern]
    /// The alternatives, any of which suffices; empty: every request.
    public let matches: [RouteMatch]
    /// Its policies, outermost first; nil: none.
    public let chain: PolicyChain?
    /// Where it leads, without those of weight 0; empty: the chain ends in a backend, else requests
    /// get 503.
    public let upstreams: [Upstream]
    /// The external base URL without trailing slash; nil: taken from the request.
    public let publicURL: String?
    /// How long things may take.
    public let timeouts: Timeouts
    /// The largest request body in bytes; nil: unlimited.
    public let bodyBytesMax: UInt64?
    /// The largest body in bytes that a policy may read whole.
    public let wholeBodyBytesMax: UInt64
    /// The protocols to which a request may switch its connection (RFC 9110 §7.8), lower case.
    let upgrades: [[UInt8]]
    /// Whether its exchanges are written to the access log.
    public let isLogged: Bool

    /// Its row in the counters of every loop.
    let row = Atomic<Int>(0)
    let publicURLBytes: [UInt8]
    /// The upstream of a route that has one.
    let onlyUpstream: Upstream?

    /// Describes a route.
    public init(
        name: String, hosts: [HostPattern] = [], matches: [RouteMatch] = [],
        chain: PolicyChain? = nil, upstreams: [Upstream] = [], publicURL: String? = nil,
        timeouts: Timeouts = Timeouts(), bodyBytesMax: UInt64? = nil,
        wholeBodyBytesMax: UInt64 = UInt64(Limits.wholeBodyBytesDefault),
        upgrades: [String] = [], isLogged: Bool = true
    ) {
        self.name = name
        self.hosts = hosts
        self.matches = matches
        self.chain = chain
        self.upstreams = upstreams.filter { $0.weight > 0 }
        self.publicURL = publicURL
        self.timeouts = timeouts
        self.bodyBytesMax = bodyBytesMax
        self.wholeBodyBytesMax = wholeBodyBytesMax
        self.upgrades = upgrades.map(Bytes.lower)
        self.isLogged = isLogged
        onlyUpstream = self.upstreams.count == 1 ? self.upstreams.first : nil
        publicURLBytes = Array((publicURL ?? "").utf8)
    }
}

/// How long the steps of an exchange may take on a route. Milliseconds; 0: without limit.
public struct Timeouts: Sendable, Hashable {
    /// Connecting to the upstream, names and TLS included: 504.
    public var connectMs: UInt32 = 5_000
    /// From the end of the request to the upstream's response head: 504.
    public var responseHeadMs: UInt32 = 300_000
    /// Between two parts of the request's body: 408.
    public var requestBodyMs: UInt32 = 60_000
    /// Bytes a second with which the request's body must come once `requestBodyMs` has passed;
    /// 0: none. 408 below.
    public var requestBodyRate: UInt64 = 128
    /// Between two parts of the response's body; event streams may be silent for hours.
    public var responseBodyMs: UInt32 = 0
    /// Silence in both directions of a connection that was switched to another protocol.
    public var upgradedMs: UInt32 = 3_600_000
    /// A peer that takes nothing of what it is sent.
    public var writeMs: UInt32 = 60_000

    /// The defaults.
    public init() {}
}

/// One alternative of a route: all of its conditions must hold.
public struct RouteMatch: Sendable {
    /// The condition on the path.
    public var path: PathMatch
    /// The method, compared exactly; nil: any.
    public var method: String?
    /// Conditions on fields; names are compared without case.
    public var headers: [ValueMatch]
    /// Conditions on parameters of the query, compared as they are written in the target.
    public var query: [ValueMatch]

    /// A match of its conditions; without arguments it matches every request.
    public init(
        path: PathMatch = .prefix("/"), method: String? = nil, headers: [ValueMatch] = [],
        query: [ValueMatch] = []
    ) {
        self.path = path
        self.method = method
        self.headers = headers
        self.query = query
    }
}
