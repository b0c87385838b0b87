import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// One request and its response, on the loop of the client's connection.
///
/// The object comes from a free list of the worker and is reused: indexes and buffers with it. The
/// phases are in the order of the way of a request: `Exchange+Request`, `+Policies`, `+Upstream`,
/// `+Response`, `+Local`; the end is here.
final class Exchange: UpstreamUser {
    /// How far the response is.
    enum ResponsePhase {
        /// Nothing has left yet.
        case waiting
        /// The upstream's head is there and is held back by a policy.
        case held
        /// The head has left; the body follows.
        case streaming
        /// A policy writes the body.
        case local
        /// The protocol was switched: bytes go both ways (`Exchange+Tunnel`).
        case tunnel
        /// All has left; the rest of the request's body is read and dropped.
        case discarding
    }

    let worker: Worker
    /// The client's connection, not retained: it lives until its channel has dropped its handlers,
    /// which NIO does in a turn of its own behind `channelInactive`, and there, as at the end of
    /// each exchange, the connection resets the exchange that it refers to.
    private var unretained: Unmanaged<DownstreamConnection>?
    @inline(__always)
    var connection: DownstreamConnection? {
        get { unretained?.takeUnretainedValue() }
        set { unretained = newValue.map(Unmanaged.passUnretained) }
    }
    /// The connection without a reference counted for it; the connection outlives `body`.
    @inline(__always)
    func onConnection<Result>(_ body: (DownstreamConnection) -> Result) -> Result? {
        unretained?._withUnsafeGuaranteedRef(body)
    }

    // MARK: The request

    var parser = RequestHeadParser()
    let fields: FieldIndex
    var head: RequestHead?
    /// The bytes that `head` and `fields` point into, from the first readable byte.
    var headBytes: ByteBuffer
    var requestBody = BodyDecoder(framing: .none)
    var isRequestComplete = false
    /// A chunked body is looked at before the request is used.
    var bodyCheck: BodyCheck?
    /// A policy holds the request (its head, or a part of its body).
    var isRequestPaused = false
    /// The part of the body at which a policy paused, and whether it is the last.
    var pausedRequestPart: (bytes: ByteBuffer, isEnd: Bool)?
    /// A policy reads the whole request body before anything is forwarded.
    var awaitsRequestBody = false
    /// `awaitsRequestBody` is over: the whole body is the run's.
    var hasWholeRequest = false
    var hasSentContinue = false

    // MARK: Where it goes

    var snapshot: ProxySnapshot?
    /// The route and its upstream, not retained: `snapshot` keeps both, and goes with them.
    private var unretainedRoute: Unmanaged<Route>?
    private var unretainedUpstream: Unmanaged<Upstream>?
    @inline(__always)
    var route: Route? {
        get { unretainedRoute?.takeUnretainedValue() }
        set { unretainedRoute = newValue.map(Unmanaged.passUnretained) }
    }
    @inline(__always)
    var upstream: Upstream? {
        get { unretainedUpstream?.takeUnretainedValue() }
        set { unretainedUpstream = newValue.map(Unmanaged.passUnretained) }
    }
    @inline(__always)
    func onUpstream<Result>(_ body: (Upstream) -> Result) -> Result? {
        unretainedUpstream?._withUnsafeGuaranteedRef(body)
    }
    var run: ExchangeRun?
    /// Which of the route's upstreams that is, where there are several.
    var upstreamChoice = 0
    /// The pool of which a connection is awaited.
    var connectingPool: UpstreamPool?
    var upstreamConnection: UpstreamConnection?
    var isRetry = false
    /// How many bytes of the body left with the head; they are at hand behind `headBytes` and can
    /// be sent once more. -1: further ones left, or a policy read them.
    var bodyInHand = 0
    /// The request asks to switch to a protocol that the route allows (RFC 9110 §7.8).
    var asksUpgrade = false
    /// What has ended within the tunnel.
    var tunnelEnds: TunnelEnds = []

    // MARK: The response

    var responseParser = ResponseHeadParser(method: .get)
    let responseFields = FieldIndex()
    var responseHead: ResponseHead?
    /// The bytes that `responseHead` points into while it is held.
    var responseHeadBytes: ByteBuffer
    /// What was received behind the head and not read.
    var responseInput: ByteBuffer
    var responseBody = BodyDecoder(framing: .none)
    var responsePhase = ResponsePhase.waiting
    var responseFraming = BodyFraming.none
    var isResponsePaused = false
    var pausedResponsePart: (bytes: ByteBuffer, isEnd: Bool)?
    var awaitsResponseBody = false
    /// The upstream closed while a policy held the response.
    var hasUpstreamEnded = false
    var interimCount = 0
    var interimBytes = 0
    /// Whether the client's connection can carry another exchange behind this one.
    var keepsAlive = false
    /// The status that the client got; 0: none yet.
    var sentStatus: UInt32 = 0

    // MARK: For the record

    var number: UInt64 = 0
    var startNs: UInt64 = 0
    var upstreamHeadNs: UInt64 = 0
    var requestBytes: UInt64 = 0
    var bodyPace = BodyPace()
    var responseBytes: UInt64 = 0
    var reason: String?
    /// Why the core answered by itself or cut the response short, for the counters.
    var cause = Cause.none
    /// What was wrong with a message that could not be read.
    var fault: HTTPFault.Reason?
    private var isRecorded = false

    init(worker: Worker) {
        self.worker = worker
        headBytes = worker.none
        responseHeadBytes = worker.none
        responseInput = worker.none
        fields = FieldIndex(capacity: worker.limits.head.fields)
    }

    // MARK: Life

    /// Ready to parse a head.
    func prepare(limits: HeadLimits) {
        parser = RequestHeadParser(limits: limits)
        startNs = worker.nowNs
        number = worker.nextExchangeNumber()
    }

    func parse(_ bytes: ByteBuffer) -> HeadParse<RequestHead> {
        bytes.withUnsafeReadableBytes { parser.parse($0, into: fields) }
    }

    /// Forgets everything of the exchange that is over; keeps the memory.
    ///
    /// What is mostly nil or empty is looked at first: to overwrite it costs a call, or two.
    func reset() {
        connection = nil
        head = nil
        headBytes = worker.none
        isRequestComplete = false
        if bodyCheck != nil { bodyCheck = nil }
        isRequestPaused = false
        if pausedRequestPart != nil { pausedRequestPart = nil }
        awaitsRequestBody = false
        hasWholeRequest = false
        hasSentContinue = false
        route = nil
        upstream = nil
        snapshot = nil
        if run != nil { run = nil }
        if connectingPool != nil { connectingPool = nil }
        if upstreamConnection != nil { upstreamConnection = nil }
        isRetry = false
        bodyInHand = 0
        asksUpgrade = false
        tunnelEnds = []
        responseHead = nil
        if responseHeadBytes.writerIndex > 0 { responseHeadBytes = worker.none }
        if responseInput.writerIndex > 0 { responseInput = worker.none }
        responsePhase = .waiting
        responseFraming = .none
        isResponsePaused = false
        if pausedResponsePart != nil { pausedResponsePart = nil }
        awaitsResponseBody = false
        hasUpstreamEnded = false
        interimCount = 0
        interimBytes = 0
        keepsAlive = false
        sentStatus = 0
        upstreamHeadNs = 0
        requestBytes = 0
        responseBytes = 0
        if reason != nil { reason = nil }
        cause = .none
        fault = nil
        isRecorded = false
    }

    // MARK: What the upstream's connection tells

    override func upstreamReady(_ connection: UpstreamConnection) { connected(connection) }

    override func upstreamFailed(_ failure: UpstreamFailure) { notConnected(failure) }

    override func upstreamRead(_ buffer: ByteBuffer) { receive(buffer) }

    override func upstreamInputClosed() { tunnelInputClosed() }

    override func upstreamClosed(_ failure: UpstreamFailure) { disconnected(failure) }

    override func upstreamWritabilityChanged(_ isWritable: Bool) {
        worker.touch()
        if isWritable { awaitBody(isAnew: true) } else { awaitUpstream() }
        connection?.setReading(isWritable)
    }

    // MARK: The end

    /// The response has left completely: records, gives the upstream back, and leaves the
    /// connection, unless a rest of the request's body is still to be dropped.
    func responseComplete() {
        if responseInput.readableBytes > 0 { reason = "the upstream sent more than its response" }
        leaveUpstream(isReusable: isUpstreamReusable)
        record(.complete)
        onConnection { connection in
            if keepsAlive, !isRequestComplete {
                responsePhase = .discarding
                connection.deadlineNs = worker.after(ProxyLimits.lingerMs)
                return connection.inputWanted()
            }
            connection.exchangeFinished(keepsAlive: keepsAlive, lingers: !isRequestComplete)
        }
    }

    /// The response was cut short: the client must see it.
    func cut(_ outcome: ExchangeOutcome) {
        leaveUpstream(isReusable: false)
        record(outcome)
        connection?.abort(resets: responseFraming == .untilClose)
    }

    /// The client has left; called by its connection, which forgets the exchange.
    func clientGone() {
        leaveUpstream(isReusable: false)
        record(tunnelEnds.isOver ? .complete : .clientGone)
    }

    /// The drain deadline has come.
    func drained() {
        leaveUpstream(isReusable: false)
        record(.drained)
    }

    private var isUpstreamReusable: Bool {
        guard let responseHead, isRequestComplete else { return false }
        return responseHead.keepAlive && responseBody.isComplete
            && responseInput.readableBytes == 0 && pausedResponsePart == nil
    }

    /// Gives the upstream connection back or ends it; stops waiting for one.
    func leaveUpstream(isReusable: Bool) {
        if let pool = connectingPool {
            connectingPool = nil
            pool.cancel(self)
        }
        guard let connection = upstreamConnection else { return }
        upstreamConnection = nil
        if isReusable, let pool = connection.pool {
            pool.release(connection)
        } else {
            connection.pool?.forget(connection)
            connection.close()
        }
    }

    /// Writes the one record of the exchange and ends the policies' part; the first call counts.
    func record(_ outcome: ExchangeOutcome) {
        guard !isRecorded else { return }
        isRecorded = true
        count(outcome)
        if let observer = worker.observer {
            headBytes.withUnsafeReadableBytes { bytes in
                (connection?.peer.text ?? []).withUnsafeBytes { peer in
                    observer.exchangeEnded(makeRecord(outcome, bytes, peer))
                }
            }
        }
        guard let run else { return }
        run.end(outcome.endReason)
        self.run = nil
    }

    private func makeRecord(
        _ outcome: ExchangeOutcome, _ bytes: UnsafeRawBufferPointer,
        _ peer: UnsafeRawBufferPointer
    ) -> AccessRecord {
        var record = AccessRecord()
        // A fresh reading: what is answered within one event would take no time at all.
        record.durationNs = worker.clock.monotonicNs() &- startNs
        record.startUnixNs =
            worker.unixNs &- Int64(truncatingIfNeeded: worker.nowNs &- startNs)
        record.upstreamNs = upstreamHeadNs == 0 ? 0 : upstreamHeadNs &- startNs
        record.number = number
        record.peer = peer
        if let head {
            record.method = bytes[head.methodBytes]
            record.authority = bytes[head.authority]
            record.path = head.path(in: bytes)
            record.minorVersion = head.minorVersion
        }
        record.status = sentStatus
        record.requestBytes = requestBytes
        record.responseBytes = responseBytes
        record.outcome = outcome
        record.route = route
        record.upstream = upstream
        record.reason = reason
        record.cause = cause
        record.run = run
        return record
    }
}

extension ExchangeOutcome {
    var endReason: EndReason {
        switch self {
        case .complete: .complete
        case .clientGone: .clientGone
        case .upstreamFailed: .upstreamFailed
        case .timeout: .timeout
        case .reset: .reset
        case .drained: .draining
        }
    }
}
