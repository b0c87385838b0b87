/// Every bound of the proxy on what peers can make it hold or do: unit, value, reason.
///
/// Bounds of a message's head are in `GatehouseHTTP.HeadLimits`.
public enum ProxyLimits {
    /// Bytes of a connection's unread input while an exchange runs (pipelining); then reading
    /// stops, and TCP tells the client.
    static let pipelinedBytesMax = 64 << 10
    /// Bytes that wait for a slower peer before reading from the faster one stops.
    static let bufferedBytesHigh = 256 << 10
    /// Below this many waiting bytes reading goes on.
    static let bufferedBytesLow = 64 << 10
    /// Bytes of a loop's scratch for what is composed; a head and a body of one read fit.
    static let scratchBytes = 128 << 10
    /// Beyond so many bytes the scratch does not stay after what needed them was sent.
    static let scratchBytesKept = 1 << 20
    /// Bytes of a chunked request's body that are looked at before the request is used, so that
    /// malformed chunks are refused before a policy or an upstream sees it; more than the 16 KiB of
    /// extensions that a body may have.
    static let checkedBodyBytes = 32 << 10
    /// Milliseconds for which a chunked request waits for that; a body that is sent slowly is
    /// streamed then.
    static let checkedBodyMs: UInt32 = 1_000
    /// Bytes of all interim responses of one exchange.
    static let interimBytesMax = 64 << 10
    /// Bytes of a client connection's receive buffer: at first, and between which it follows the
    /// size of what arrives. It stays with an idle stream, so the first one takes a request's head
    /// and not much more; a longer one is read in a second turn of the same event.
    static let receiveBytesMin = 256
    static let receiveBytesClient = 1_024
    static let receiveBytesMax = 64 << 10
    /// Interim responses (1xx) of one exchange: 103 comes once or twice; the rest is a fault.
    static let interimResponsesMax = 16
    /// Milliseconds for the whole head of a request, from its first byte or from the accept: 408.
    static let headMs: UInt32 = 15_000
    /// Milliseconds that a kept downstream connection may be silent between exchanges.
    static let idleMs: UInt32 = 75_000
    /// Milliseconds that a kept upstream connection may be silent: below the 60 s and 75 s of
    /// common servers, so that the pool closes first.
    static let upstreamIdleMs: UInt32 = 50_000
    /// Bytes of an unread request body that are swallowed after an early answer, so that the
    /// client can read the answer before the connection is closed (RFC 9112 §9.6).
    static let discardedBodyBytesMax: UInt64 = 1 << 20
    /// Milliseconds for which a closing connection goes on reading (RFC 9112 §9.6).
    static let lingerMs: UInt32 = 2_000
    /// Milliseconds in which a client that has sent its FIN must show that it has not left: a reset
    /// comes within a round trip, and an upstream's work is to be cancelled within a second.
    static let halfClosedMs: UInt32 = 400
    /// Nanoseconds between two looks at the wall clock from which its step is reported.
    static let clockStepNs: UInt64 = 1_000_000_000
    /// Idle upstream connections kept for one upstream and loop.
    static let idleConnectionsPerUpstream = 128
    /// Upstream connections of one upstream and loop; requests beyond them wait.
    static let connectionsPerUpstream = 16_384
    /// Requests that wait because an upstream has all its connections: what a busy upstream gets
    /// done in a second or so; more would only wait to be too late. They answer 503.
    static let pendingPerUpstream = 1_024
    /// Connects that fail in a row until an upstream is ejected from routes that have another one.
    static let failuresBeforeEjection = 5
    /// Milliseconds of the first ejection; each further one is twice as long.
    static let ejectionMs: UInt32 = 10_000
    /// Milliseconds of the longest ejection.
    static let ejectionMsMax: UInt32 = 300_000
    /// Retries a second that are allowed beside a fifth of an upstream's exchanges: at low load a
    /// fifth of them is less than one.
    static let retriesPerSecond = 10
    /// Retries on the same upstream that may be saved up: its kept connections can all go stale at
    /// once, when it is started anew.
    static let staleRetriesMax = 100
    /// Those that a pool begins with.
    static let staleRetriesFirst = 10
    /// Exchanges that may go to another upstream at once when one fails: as many as may be under
    /// way when it goes down. Nothing was sent to it, so that they are no load that was not there.
    static let failoversMax = 1_000
    /// Client connections of the process: half of what 64 Ki descriptors allow.
    public static let connections = 30_000
    /// Client connections beyond the bound that are told so at one time; more are closed, and
    /// accepting pauses.
    static let refusalsAtOnce = 64
    /// Milliseconds that a refused connection may live.
    static let refusalMs: UInt32 = 1_000
    /// Milliseconds for which a listener stops accepting when there are no descriptors.
    static let acceptPauseMs: UInt32 = 50
    /// Milliseconds for which a resolved name is used without asking again.
    static let resolvedNameMs: UInt32 = 30_000
    /// Milliseconds for which it is still used while it is asked for again: a resolver that hangs
    /// holds up nobody, and who was not used for longer may well have moved.
    static let staleNameMs: UInt32 = 300_000
    /// Milliseconds for which a name without an address is not asked for again.
    static let unresolvedNameMs: UInt32 = 1_000
    /// Names that the cache of a process holds; configured upstreams and fetch targets.
    static let resolvedNamesMax = 1_024
    /// Look-ups that wait for the resolver thread; more fail at once.
    static let lookupsWaitingMax = 1_024
    /// Addresses of one name that are tried.
    static let addressesPerName = 16
    /// Milliseconds between two connection attempts (RFC 8305 §5: 250 ms recommended).
    static let attemptDelayMs: UInt32 = 250
    /// Redirects that a fetch follows.
    static let redirectsMax = 5
    /// Bytes of trailers that are forwarded; more are dropped.
    static let trailerBytesMax = 8 << 10
    /// Values of a forwarded-for list that are looked at, from the right.
    static let forwardedHopsMax = 32
    /// Milliseconds between two looks at the deadlines of connections. A deadline is kept to
    /// within this much; a request costs one store and no timer.
    static let sweepMs: UInt32 = 250
}
