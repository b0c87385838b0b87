public import GatehouseHTTP

/// What a server has counted, over all its loops, at one moment. Counters only grow; what goes up
/// and down is named so.
public struct ServerSample: Sendable {
    /// Connections of clients that were accepted.
    public let connectionsAccepted: UInt64
    /// Connections of clients that are open (up and down).
    public let connectionsOpen: UInt64
    /// Connections beyond the bound that got 503.
    public let connectionsRefused: UInt64
    /// Connections beyond the bound that were closed without an answer.
    public let connectionsDropped: UInt64
    /// Times that accepting was paused.
    public let acceptPauses: UInt64
    /// Errors of accepting, such as too few descriptors.
    public let acceptErrors: UInt64
    /// Exchanges that run (up and down).
    public let exchangesOpen: UInt64
    /// Kept connections that were closed because they were silent.
    public let idleTimeouts: UInt64
    /// Exchanges by how they ended.
    public let outcomes: [(ExchangeOutcome, UInt64)]
    /// Exchanges by why the core answered or cut them short; those with a cause only.
    public let causes: [(Cause, UInt64)]
    /// Requests that could not be read, by what was wrong.
    public let requestFaults: [(HTTPFault.Reason, UInt64)]
    /// Responses of upstreams that could not be read, by what was wrong.
    public let responseFaults: [(HTTPFault.Reason, UInt64)]
    /// When each loop last looked at its deadlines: the server's monotonic clock, nanoseconds.
    public let sweptNs: [UInt64]
    /// The routes, and `(none)` for requests without one.
    public internal(set) var routes: [RouteSample] = []
    /// The upstreams by authority, and `(fetch)` for what plugins fetch.
    public internal(set) var upstreams: [UpstreamSample] = []

    init(_ loops: [Counters]) {
        connectionsAccepted = loops.sum(CounterLayout.connectionsAccepted)
        connectionsOpen = loops.sum(CounterLayout.connectionsOpen)
        connectionsRefused = loops.sum(CounterLayout.connectionsRefused)
        connectionsDropped = loops.sum(CounterLayout.connectionsDropped)
        acceptPauses = loops.sum(CounterLayout.acceptPauses)
        acceptErrors = loops.sum(CounterLayout.acceptErrors)
        exchangesOpen = loops.sum(CounterLayout.exchangesOpen)
        idleTimeouts = loops.sum(CounterLayout.idleTimeouts)
        outcomes = ExchangeOutcome.allCases.map { ($0, loops.sum(CounterLayout.outcome($0))) }
        causes = Cause.allCases.filter { $0 != .none }.map {
            ($0, loops.sum(CounterLayout.cause($0)))
        }
        requestFaults = HTTPFault.Reason.allCases.map {
            ($0, loops.sum(CounterLayout.requestFault($0)))
        }
        responseFaults = HTTPFault.Reason.allCases.map {
            ($0, loops.sum(CounterLayout.responseFault($0)))
        }
        sweptNs = loops.map { $0.value(CounterLayout.sweptNs) }
    }
}

/// What was counted of one route.
public struct RouteSample: Sendable {
    /// The upper bounds of `buckets`, seconds; the last bucket has none.
    public static var boundsSeconds: [Double] {
        CounterLayout.durationBoundsNs.map { Double($0) / 1e9 }
    }

    /// The route's name.
    public let name: String
    /// Exchanges by the first digit of their status, 0 to 5; 0: no status was sent.
    public let responses: [UInt64]
    /// Exchanges by their duration, each counted in one bucket.
    public let buckets: [UInt64]
    /// All durations together, nanoseconds.
    public let durationSumNs: UInt64
    /// Bytes of the requests' bodies.
    public let requestBytes: UInt64
    /// Bytes of the responses' bodies.
    public let responseBytes: UInt64

    /// How many exchanges there were.
    public var count: UInt64 { responses.reduce(0, &+) }

    init(_ name: String, _ loops: [Counters], _ row: Int) {
        self.name = name
        responses = (0..<6).map { loops.sum(row + CounterLayout.responses + $0) }
        buckets = (0...CounterLayout.durationBoundsNs.count).map {
            loops.sum(row + CounterLayout.durationBuckets + $0)
        }
        durationSumNs = loops.sum(row + CounterLayout.durationSumNs)
        requestBytes = loops.sum(row + CounterLayout.requestBytes)
        responseBytes = loops.sum(row + CounterLayout.responseBytes)
    }
}

/// What was counted of one upstream.
public struct UpstreamSample: Sendable {
    /// Its authority, `host:port`.
    public let name: String
    private var values: [UInt64]

    /// Exchanges that were sent to it, tries again included.
    public var requests: UInt64 { self[.requests] }
    /// Exchanges that were sent a second time.
    public var retries: UInt64 { self[.retries] }
    /// Exchanges that went to another upstream, for there was no connection to this one.
    public var failovers: UInt64 { self[.failovers] }
    /// Retries and failovers that the budget did not allow.
    public var retriesDenied: UInt64 { self[.retriesDenied] }
    /// Exchanges that were refused because of the bounds on connections and on waiting.
    public var overflows: UInt64 { self[.overflows] }
    /// Connections that were made.
    public var connects: UInt64 { self[.connects] }
    /// Connections that could not be made.
    public var connectFailures: UInt64 { self[.connectFailures] }
    /// Times that it was taken out of the choice.
    public var ejections: UInt64 { self[.ejections] }
    /// Kept connections without use (up and down, as the other four below).
    public var idle: UInt64 { self[.idle] }
    /// Connections in use.
    public var active: UInt64 { self[.active] }
    /// Connections that are being made.
    public var connecting: UInt64 { self[.connecting] }
    /// Requests that wait for a connection.
    public var pending: UInt64 { self[.pending] }
    /// How many loops have taken it out of the choice.
    public var ejected: UInt64 { self[.ejected] }

    init(_ name: String, _ loops: [Counters], _ row: Int) {
        self.name = name
        values = UpstreamCounter.allCases.map { loops.sum(row + $0.rawValue) }
    }

    private subscript(_ counter: UpstreamCounter) -> UInt64 { values[counter.rawValue] }

    mutating func add(_ other: UpstreamSample) {
        for at in values.indices { values[at] &+= other.values[at] }
    }
}

extension [Counters] {
    fileprivate func sum(_ at: Int) -> UInt64 { reduce(0) { $0 &+ $1.value(at) } }
}
