/// The timeouts and limits: key, where it is kept, and what it is for, in one table.
enum Settings {
    struct Timeout: Sendable {
        var key: Key
        var isForRoutes: Bool
        var set: @Sendable (inout Timeouts, Duration?) -> Void
    }

    struct Limit: Sendable {
        var key: Key
        var isForRoutes: Bool
        /// The bytes that can take effect; nil: any, or the key's own range.
        var bounds: ClosedRange<Int>?
        var set: @Sendable (inout Limits, Int?) -> Void
    }

    static let allTimeouts = ObjectShape(name: "timeouts", keys: timeouts.map(\.key))
    static let routeTimeouts = ObjectShape(
        name: "timeouts of a route", keys: timeouts.filter(\.isForRoutes).map(\.key))
    static let allLimits = ObjectShape(name: "limits", keys: limits.map(\.key))
    static let routeLimits = ObjectShape(
        name: "limits of a route", keys: limits.filter(\.isForRoutes).map(\.key))

    private static func timeout(
        _ name: String, _ standard: String, isForRoutes: Bool = false, _ description: String,
        _ set: @escaping @Sendable (inout Timeouts, Duration?) -> Void
    ) -> Timeout {
        Timeout(
            key: Key(name, .text(.duration), default: standard, description),
            isForRoutes: isForRoutes, set: set)
    }

    static let timeouts = [
        timeout("requestHead", "10s", "The whole head of a request; 408 then.") {
            $0.requestHead = $1
        },
        timeout("idle", "75s", "A kept client connection between two requests.") { $0.idle = $1 },
        timeout("requestBody", "60s", isForRoutes: true, "Two pieces of a request's body.") {
            $0.requestBody = $1
        },
        timeout("connect", "5s", isForRoutes: true, "Making an upstream connection; 504 then.") {
            $0.connect = $1
        },
        timeout(
            "response", "300s", isForRoutes: true,
            "From the end of the request to the response's head; 504 then."
        ) { $0.response = $1 },
        timeout(
            "responseBody", "off", isForRoutes: true,
            "Two pieces of a response's body; event streams may be silent for long."
        ) { $0.responseBody = $1 },
        timeout(
            "write", "60s", isForRoutes: true,
            "A peer that takes nothing of what is sent to it; an upstream: 504 then."
        ) { $0.write = $1 },
        timeout(
            "upgraded", "1h", isForRoutes: true,
            "Silence in both directions of a connection that was switched (`upgrade`)."
        ) { $0.upgraded = $1 },
        timeout("upstreamIdle", "60s", "A kept upstream connection without use.") {
            $0.upstreamIdle = $1
        },
        timeout("drain", "30s", "The exchanges that still run after SIGTERM.") { $0.drain = $1 },
    ]

    private static func size(
        _ name: String, _ standard: String, isForRoutes: Bool = false,
        mayBeOff: Bool = false, bounds: ClosedRange<Int>? = nil, _ description: String,
        _ set: @escaping @Sendable (inout Limits, Int?) -> Void
    ) -> Limit {
        Limit(
            key: Key(
                name, .text(.byteSize(mayBeOff: mayBeOff || standard == "off")), default: standard,
                description),
            isForRoutes: isForRoutes, bounds: bounds, set: set)
    }

    private static func count(
        _ name: String, _ standard: String, _ range: ClosedRange<Int>, _ description: String,
        _ set: @escaping @Sendable (inout Limits, Int?) -> Void
    ) -> Limit {
        Limit(
            key: Key(name, .integer(range), default: standard, description), isForRoutes: false,
            set: set)
    }

    static let limits = [
        size("maxBody", "off", isForRoutes: true, "A request's body; 413 above.") {
            $0.maxBody = $1
        },
        size(
            "maxBufferedBody", "1MiB", isForRoutes: true, bounds: 0...64 << 20,
            "A body that a policy reads whole; 413 above."
        ) { $0.maxBufferedBody = $1 ?? $0.maxBufferedBody },
        size("maxHead", "64KiB", bounds: 64...1 << 20, "A head with its request line; 431 above.") {
            $0.maxHead = $1 ?? $0.maxHead
        },
        size("maxRequestLine", "16KiB", bounds: 64...1 << 20, "A request line; 414 above.") {
            $0.maxRequestLine = $1 ?? $0.maxRequestLine
        },
        count("maxFields", "128", 1...1_024, "The field lines of a head; 431 above.") {
            $0.maxFields = $1 ?? $0.maxFields
        },
        count(
            "maxConnections", "16384", 1...1_000_000,
            "The client connections of the process, at most half its descriptors; 503 above."
        ) { $0.maxConnections = $1 ?? $0.maxConnections },
        count(
            "maxExchanges", "16384", 1...1_000_000,
            "The exchanges that run in the process, a share for each event loop; 503 above."
        ) { $0.maxExchanges = $1 ?? $0.maxExchanges },
        count(
            "maxUpstreamConnections", "1024", 1...65_535,
            "The connections of one event loop to one upstream; requests wait above."
        ) { $0.maxUpstreamConnections = $1 ?? $0.maxUpstreamConnections },
        count(
            "maxPendingRequests", "1024", 0...65_535,
            "The requests of one event loop that wait for one of these connections; 503 above."
        ) { $0.maxPendingRequests = $1 ?? $0.maxPendingRequests },
        size(
            "maxMemory", "the container's", mayBeOff: true, bounds: 16 << 20...1 << 50,
            "The memory of the process: connections close from 95 % on, 503 from 98 % on."
        ) { $0.maxMemory = $1.map { .bytes($0) } ?? .off },
        size(
            "minBodyRate", "128", isForRoutes: true, mayBeOff: true,
            "Bytes a second of a request's body after its first `requestBody` time; 408 below."
        ) { $0.minBodyRate = $1 },
    ]
}
