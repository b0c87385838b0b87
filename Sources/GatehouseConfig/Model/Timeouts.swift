/// How long the gateway waits, of `timeouts`; nil stands for `off`: without a bound.
public struct Timeouts: Sendable, Hashable {
    /// From the first byte of a head, or from the accept, to its end.
    public var requestHead: Duration? = .seconds(10)
    /// A kept client connection between two exchanges.
    public var idle: Duration? = .seconds(75)
    /// Between two pieces of a request's body.
    public var requestBody: Duration? = .seconds(60)
    /// Making an upstream connection, all addresses and TLS together.
    public var connect: Duration? = .seconds(5)
    /// From the end of the request to the response's head; 504 then.
    public var response: Duration? = .seconds(300)
    /// Between two pieces of a response's body; event streams may be silent for long.
    public var responseBody: Duration?
    /// A peer that takes nothing of what is sent to it.
    public var write: Duration? = .seconds(60)
    /// Silence in both directions of a connection that was switched to another protocol.
    public var upgraded: Duration? = .seconds(3_600)
    /// A kept upstream connection without use.
    public var upstreamIdle: Duration? = .seconds(60)
    /// The drain after SIGTERM.
    public var drain: Duration? = .seconds(30)

    /// The defaults.
    public init() {}
}
