public import GatehouseHTTP
public import GatehousePluginHost

/// How an exchange ended.
public enum ExchangeOutcome: UInt8, CaseIterable, Sendable {
    /// Both messages are complete.
    case complete
    /// The client left before the response was complete.
    case clientGone
    /// The upstream failed: no response, or one that was cut short.
    case upstreamFailed
    /// A time limit ended it.
    case timeout
    /// The request could not be read, or a policy cut it short.
    case reset
    /// The drain deadline ended it.
    case drained
}

/// What is known of one exchange at its end; exactly one for each, on every exit.
///
/// **Lifetime:** the slices are borrowed from the connection and valid for the call only. The query
/// is left out: it may hold credentials.
public struct AccessRecord {
    /// Unix time of the request's first byte, nanoseconds.
    public var startUnixNs: Int64 = 0
    /// From the start to the end, nanoseconds.
    public var durationNs: UInt64 = 0
    /// From the start to the upstream's response head, nanoseconds; 0: there was none.
    public var upstreamNs: UInt64 = 0
    /// The exchange's number, as in log records of plugins.
    public var number: UInt64 = 0
    /// The client's address as text.
    public var peer = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The method; empty where the request could not be read.
    public var method = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The authority that was asked for.
    public var authority = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The path without query.
    public var path = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The minor version of HTTP/1.
    public var minorVersion: UInt8 = 1
    /// The status that was sent; 0: none.
    public var status: UInt32 = 0
    /// Bytes of the request's body that were received.
    public var requestBytes: UInt64 = 0
    /// Bytes of the response's body that were sent.
    public var responseBytes: UInt64 = 0
    /// How it ended.
    public var outcome = ExchangeOutcome.complete
    /// The route; nil: none was found.
    public var route: Route?
    /// The upstream that was asked; nil: none.
    public var upstream: Upstream?
    /// Why the core answered by itself, one sentence; nil: it did not.
    public var reason: String?
    /// The same as one of a closed list.
    public var cause = Cause.none
    /// The walk through the policies, for its notes and its responder; nil: no policies.
    public var run: ExchangeRun?

    /// An empty record, to be filled.
    public init() {}
}

/// Gets one record for each exchange of one loop. Implemented by the runtime; it must not block.
///
/// **Confined to:** its loop.
public protocol ExchangeObserver: AnyObject {
    /// An exchange is over. The record is borrowed for the call.
    func exchangeEnded(_ record: borrowing AccessRecord)
    /// The loop stops; no record follows. What was collected has to be handed on now.
    func loopStopped()
}

extension ExchangeObserver {
    /// Nothing is collected.
    public func loopStopped() {}
}

/// Bounds that an operator may set for the whole server.
public struct ServerLimits: Sendable {
    /// Exchanges that run on one loop; beyond them 503.
    public var exchangesPerLoop = Int.max
    /// For the whole head of a request, milliseconds: 408.
    public var headMs = ProxyLimits.headMs
    /// Silence of a kept connection between exchanges, milliseconds.
    public var idleMs = ProxyLimits.idleMs
    /// For a client to take what is sent to it behind the last exchange, milliseconds.
    public var writeMs = Timeouts().writeMs
    /// Silence of a kept upstream connection, milliseconds; 0: without limit.
    public var upstreamIdleMs = ProxyLimits.upstreamIdleMs
    /// Connections of one loop to one upstream; beyond them requests wait.
    public var connectionsPerUpstream = ProxyLimits.connectionsPerUpstream
    /// Requests of one loop that wait because an upstream has all its connections; beyond them 503.
    public var pendingPerUpstream = ProxyLimits.pendingPerUpstream
    /// Bounds on the head of a request.
    public var head: HeadLimits = .standard

    /// The defaults.
    public init() {}
}
