import GatehouseHTTP

/// Which number of a loop's counters means what. Places of the whole loop first, then a row for
/// each route and a row for each upstream.
enum CounterLayout {
    // MARK: Of the loop

    static let connectionsAccepted = 0
    static let connectionsOpen = 1
    static let connectionsRefused = 2
    static let connectionsDropped = 3
    static let acceptPauses = 4
    static let acceptErrors = 5
    static let exchangesOpen = 6
    static let idleTimeouts = 7
    /// When the loop last swept, by the server's monotonic clock, nanoseconds.
    static let sweptNs = 8
    private static let outcomes = 16
    private static let causes = 32
    private static let requestFaults = causes + Cause.allCases.count
    private static let responseFaults = requestFaults + HTTPFault.Reason.allCases.count
    private static let routes = (responseFaults + HTTPFault.Reason.allCases.count + 15) / 16 * 16
    private static let upstreams = routes + routesMax * routeStride

    static let count = upstreams + upstreamsMax * upstreamStride

    static func outcome(_ outcome: ExchangeOutcome) -> Int { outcomes + Int(outcome.rawValue) }
    static func cause(_ cause: Cause) -> Int { causes + Int(cause.rawValue) }
    static func requestFault(_ fault: HTTPFault.Reason) -> Int { requestFaults + fault.number }
    static func responseFault(_ fault: HTTPFault.Reason) -> Int { responseFaults + fault.number }

    // MARK: Of a route

    /// Routes that are counted apart; those beyond share a row.
    static let routesMax = 4_096
    private static let routeStride = 32

    /// The row of a route.
    @inline(__always)
    static func route(_ slot: Int) -> Int { routes + slot * routeStride }

    /// Within a row: exchanges by the first digit of the status; 0 is for none.
    static let responses = 0
    static let durationBuckets = 6
    static let durationSumNs = 22
    static let requestBytes = 23
    static let responseBytes = 24

    /// The place of a status in a row.
    @inline(__always)
    static func statusClass(_ status: UInt32) -> Int {
        responses + (status < 600 ? Int(status / 100) : 0)
    }

    /// Upper bounds of the durations, nanoseconds; what is longer counts in a last bucket.
    static let durationBoundsNs: [UInt64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 10_000_000_000, 60_000_000_000,
        600_000_000_000,
    ]

    /// The place of a duration in a row. Most are short: they are found at the first comparisons.
    @inline(__always)
    static func durationBucket(_ ns: UInt64) -> Int {
        if ns <= 500_000 { return durationBuckets }
        var at = 1
        while at < durationBoundsNs.count, ns > durationBoundsNs[at] { at += 1 }
        return durationBuckets + at
    }

    // MARK: Of an upstream

    /// Upstreams that are counted apart; those beyond share a row.
    static let upstreamsMax = 4_096
    private static let upstreamStride = 16

    /// The row of an upstream.
    @inline(__always)
    static func upstream(_ slot: Int) -> Int { upstreams + slot * upstreamStride }
}

/// What is counted of an upstream: the place within its row.
enum UpstreamCounter: Int, CaseIterable {
    /// Exchanges that were sent to it, tries again included.
    case requests
    /// Exchanges that were sent a second time: their kept connection had gone stale.
    case retries
    /// Exchanges that went to another upstream, for there was no connection to this one.
    case failovers
    /// Retries and failovers that the budget did not allow.
    case retriesDenied
    /// Exchanges that were refused because of the bounds on connections and on waiting.
    case overflows
    /// Connections that were made.
    case connects
    /// Connections that could not be made: refused, untrusted, too late.
    case connectFailures
    /// Times that it was taken out of the choice.
    case ejections
    // What follows goes up and down and is set by the sweep.
    case idle
    case active
    case connecting
    case pending
    /// 1 while it is out of the choice.
    case ejected
}
