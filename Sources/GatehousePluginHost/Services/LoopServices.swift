public import GatehouseHTTP

/// What one event loop does for the plugins that run on it; the proxy implements it.
///
/// **Confined to:** the event loop, except `execute`. A test implements it with a manual clock.
public protocol LoopServices: AnyObject, Sendable {
    /// The monotonic clock in nanoseconds, read once a turn of the loop.
    var monotonicNs: UInt64 { get }
    /// Nanoseconds since the Unix epoch, read once a turn of the loop.
    var unixNs: Int64 { get }

    /// Runs `task` on the loop in a later turn, never inside this call. **Thread:** any.
    func execute(_ task: @escaping @Sendable () -> Void)

    /// Calls `LoopHost.timerFired(id)` after `afterMs` milliseconds, in a later turn even for 0.
    ///
    /// An id is used once. The host has one timer for each live operation that has a deadline.
    func startTimer(_ id: UInt64, afterMs: UInt32)

    /// Forgets the timer; one that has fired already, or that is unknown, is ignored.
    func cancelTimer(_ id: UInt64)

    /// Performs an outbound request and calls `completion` once on this loop, never inside this
    /// call; after `cancelFetch` not at all.
    ///
    /// The implementation keeps to `request.reach`, `timeoutMs` (the whole request, a GH_TIMEOUT)
    /// and `maxResponseBytes` (a GH_LIMIT).
    /// - Returns: an id for `cancelFetch`, unique on this loop.
    func fetch(
        _ request: FetchRequest, completion: @escaping @Sendable (FetchOutcome) -> Void
    ) -> UInt64

    /// Ends a fetch whose owner has gone. Unknown ids are ignored.
    func cancelFetch(_ id: UInt64)
}

/// How far a fetch may reach.
public enum FetchReach: Sendable, Hashable {
    /// An origin that the instance's configuration or the operator's allow list names: private
    /// addresses and plain http are what the operator wrote.
    case configured
    /// https to public addresses only: resolved once, every address checked, the connection pinned
    /// to a checked address, no redirects. For URLs that a peer supplied.
    case publicOnly
}

/// One field of an outbound request or of its response; bytes as they go on the wire.
public struct FetchField: Sendable, Hashable {
    /// The name, a token (RFC 9110 §5.1).
    public var name: [UInt8]
    /// The value, without CR, LF and NUL.
    public var value: [UInt8]

    /// Makes a field of the two.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// An outbound request of a plugin, checked against the operator's rules, copied out of its memory.
public struct FetchRequest: Sendable {
    /// The method, a token.
    public var method: String
    /// Where it goes; `reach` was decided by this very value.
    public var url: HTTPURL
    /// The fields; framing fields, Host and hop-by-hop fields are not among them.
    public var fields: [FetchField]
    /// The body; empty: none.
    public var body: [UInt8]
    /// For the whole request, in milliseconds, from 1 to `Limits.operationDeadlineMsMax`.
    public var timeoutMs: UInt32
    /// The largest body that is delivered, in bytes, from 1 to `Limits.fetchResponseBytesMax`.
    public var maxResponseBytes: Int
    /// Whether redirects to the same origin are followed (at most five).
    public var followsSameOriginRedirects: Bool
    /// How far the request may reach.
    public var reach: FetchReach
    /// The plugin that asks, for log and metrics.
    public var plugin: String
}

/// What became of a fetch.
public struct FetchOutcome: Sendable {
    /// GH_OK with a response, else GH_TIMEOUT, GH_DENIED, GH_LIMIT or GH_IO.
    public var status: Int32
    /// The status of the response; 0 without one.
    public var httpStatus: UInt32
    /// The fields of the response.
    public var fields: [FetchField]
    /// The body of the response, complete; on failure one sentence for the log.
    public var body: [UInt8]

    /// Makes an outcome of its parts.
    public init(status: Int32, httpStatus: UInt32, fields: [FetchField], body: [UInt8]) {
        self.status = status
        self.httpStatus = httpStatus
        self.fields = fields
        self.body = body
    }
}
