/// What the proxy does next with an exchange.
public enum Step: Sendable, Equatable {
    /// Request head: on to the upstream, with `requestEdits`. Response head: write the upstream's
    /// head with `responseStatus` and `responseEdits`. Body: forward the bytes that were passed in.
    case proceed
    /// A policy reads the whole body: answer 100-continue, keep the head back, feed the body.
    case awaitBody
    /// Body: the bytes were taken (copied); nothing to forward yet, read on.
    case absorbed
    /// Body, at its end: forward the held head (if any) and then `wholeBody(_:)` as the whole body.
    case proceedWhole
    /// Hold this direction and keep the buffers; `ExchangeOwner.exchange(_:resumed:with:)` follows.
    case paused
    /// Write `responseStatus`, the fields of `forEachResponseField` and `responseBody`; end the
    /// upstream's part, if any. The response phases have run.
    case respond
    /// As `respond`, but the body comes in pieces: `takeBacklog()` first, then
    /// `ExchangeOwner.exchange(_:write:)` until `exchangeFinished(_:)`.
    case streaming
    /// The exchange fails: call `coreResponse` with this status, or cut the message short where its
    /// head has left already.
    case fault(Fault)
}

/// The direction of a message.
public enum Direction: UInt32, Sendable {
    /// From the client to the upstream.
    case request = 0
    /// Back.
    case response = 1
}

/// Why an exchange fails at a policy, and with which status.
public struct Fault: Sendable, Equatable {
    /// What kind of fault it is.
    public enum Kind: Sendable, Equatable {
        /// The policy's library is missing or unusable: 503.
        case standIn
        /// The policy failed or broke the contract in this exchange: 500.
        case plugin
        /// A body is larger than a policy may read: 413 for a request, 502 for a response.
        case bodyTooLarge
        /// A claimed path whose claimer does not want it: 404.
        case notClaimed
        /// A bound of the host was reached: 503.
        case limit
        /// No fault: a policy ended a response that goes on. 503 where nothing of it was sent.
        case finished
    }

    /// What kind of fault it is.
    public var kind: Kind
    /// The status that the client gets: 404, 413, 500, 502 or 503.
    public var status: UInt32
    /// The policy at fault, or the name that could not be loaded.
    ///
    /// For the log, not for the client.
    public var policy: String
    /// One sentence for the log.
    public var reason: String
}

/// Why an exchange is over, as `ended()` is told.
public enum EndReason: UInt32, Sendable {
    /// Request and response are complete.
    case complete = 0
    /// The client left.
    case clientGone = 1
    /// The upstream failed in the middle.
    case upstreamFailed = 2
    /// A timeout of the proxy.
    case timeout = 3
    /// A protocol error, or the host cut it short.
    case reset = 4
    /// The gateway is stopping.
    case draining = 5
    /// Something else.
    case other = 6
}
