import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// From the request's head to its last byte.
extension Exchange {
    /// A message that could not be read: a problem, and the connection closes.
    func refuse(_ fault: HTTPFault, on connection: DownstreamConnection) {
        self.connection = connection
        if fault.status == 408 {
            reason = "the request's head was not complete in time"
            cause = .requestHeadTimeout
        } else {
            requestFault(fault)
        }
        isRequestComplete = false
        keepsAlive = false
        refuseProblem(UInt32(fault.status), fault.status == 408 ? .timeout : .reset)
    }

    /// The head is complete: finds the route, runs the policies, goes on to the upstream.
    func begin(
        _ head: RequestHead, _ bytes: consuming ByteBuffer, on connection: DownstreamConnection
    ) {
        self.connection = connection
        self.head = head
        headBytes = bytes
        requestBody = BodyDecoder(framing: head.framing)
        isRequestComplete = requestBody.isComplete
        keepsAlive = head.keepAlive
        snapshot = worker.snapshot
        countOpen()
        if let refusal = overload {
            cause = refusal
            reason = "the gateway is overloaded"
            return respondProblem(503, .complete)
        }
        guard !fields.has(.via) || !isLoop() else {
            return refuseHead(HTTPFault(400, .loop))
        }
        // A chunked body is looked at first: 400 comes before 401 (RFC 9112 §7.1).
        guard head.framing != .chunked || isBodySound(head) else { return }
        admit(head)
    }

    /// The request is sound as far as it was read.
    func admit(_ head: RequestHead) {
        guard head.target.form != .asterisk, !head.isLastHop else {
            return respondToOptions()
        }
        switch decide(head) {
        case .refused(let refusal):
            reason = refusal.rawValue
            cause = .ambiguousPath
            refuseProblem(400, .complete)
        case .notFound:
            reason = "no route"
            cause = .noRoute
            respondProblem(404, .complete)
        case .route(let route, let claim):
            self.route = route
            if head.asksUpgrade { prepareUpgrade(head, route) }
            if let chain = route.chain {
                beginPolicies(chain, claim)
            } else {
                forward()
            }
        }
    }

    private func decide(_ head: RequestHead) -> RouteDecision {
        guard let snapshot, let listener = onConnection({ $0.listener }),
            listener < snapshot.tables.count
        else { return .notFound }
        return headBytes.withUnsafeReadableBytes { bytes in
            let query = head.target.query.map { bytes[$0] }
            return snapshot.tables[listener].decide(
                host: bytes[head.host], path: head.path(in: bytes),
                RouteRequest(
                    method: bytes[head.methodBytes],
                    query: query ?? UnsafeRawBufferPointer(start: nil, count: 0),
                    fields: fields, bytes: bytes))
        }
    }

    /// Whether Via names this process: the upstream leads back here (RFC 9110 §7.6.3).
    private func isLoop() -> Bool {
        headBytes.withUnsafeReadableBytes { bytes in
            Via.names(worker.pseudonym, in: bytes, fields)
        }
    }

    /// What is wrong was found behind the head: as `refuse`.
    func refuseHead(_ fault: HTTPFault) {
        requestFault(fault)
        isRequestComplete = false
        keepsAlive = false
        refuseProblem(UInt32(fault.status), .reset)
    }

    // MARK: The body

    /// Whether bytes of the request's body can be used now.
    var wantsInput: Bool {
        if isRequestComplete { return responsePhase == .tunnel }
        if isRequestPaused { return false }
        if bodyCheck != nil { return true }
        return upstreamConnection != nil || awaitsRequestBody || responsePhase == .discarding
            || responsePhase == .local
    }

    /// Takes what the connection has received of the body.
    func feed() {
        guard let connection else { return }
        if responsePhase == .discarding { return discard() }
        if responsePhase == .tunnel { return tunnelToUpstream() }
        if bodyCheck != nil { return checkBody() }
        bodyInHand = -1
        worker.upstreamOut.clear()
        var input = connection.takeInput()
        let isAlive = takeBody(&input)
        guard isAlive else { return }
        connection.giveBack(input)
        flushRequest()
        if upstreamConnection?.isWritable ?? true { awaitBody(isAnew: false) }
    }

    /// Sends what has been composed for the upstream.
    func flushRequest() {
        guard worker.upstreamOut.count > 0 else { return }
        upstreamConnection?.send(worker.upstreamOut)
        worker.upstreamOut.clear()
    }

    /// Decodes and forwards the body in `input`, composing in the worker's scratch.
    /// - Returns: false when the exchange has ended meanwhile.
    func takeBody(_ input: inout ByteBuffer) -> Bool {
        while !isRequestPaused, !isRequestComplete {
            let step = input.withUnsafeReadableBytes { requestBody.next($0) }
            switch step.event {
            case .needMore:
                input.moveReaderIndex(forwardBy: step.consumed)
                return true
            case .data(let range) where passesUnchanged(range):
                input.withUnsafeReadableBytes { worker.upstreamOut.append($0[range]) }
                input.moveReaderIndex(forwardBy: step.consumed)
                requestBytes &+= UInt64(range.count)
                if requestBody.isComplete { requestBodyComplete() }
            case .data(let range):
                let start = input.readerIndex + Int(range.start)
                let part = input.getSlice(at: start, length: Int(range.count)) ?? worker.none
                input.moveReaderIndex(forwardBy: step.consumed)
                requestBytes &+= UInt64(range.count)
                if let most = route?.bodyBytesMax, requestBytes > most {
                    reason = "the request's body is larger than the route takes"
                    cause = .bodyTooLarge
                    connection?.giveBack(input)
                    fail(413, .complete)
                    return false
                }
                if !pass(part, isEnd: requestBody.isComplete, rest: &input) { return false }
            case .end:
                input.moveReaderIndex(forwardBy: step.consumed)
                if !pass(worker.none, isEnd: true, rest: &input) { return false }
            case .fault(let fault):
                requestFault(fault)
                keepsAlive = false
                if responsePhase == .waiting {
                    fail(UInt32(fault.status), .reset)
                } else {
                    cut(.reset)
                }
                return false
            }
        }
        return true
    }

    /// Whether a part of the body is written as it lies there, without a buffer of its own.
    private func passesUnchanged(_ range: ByteRange) -> Bool {
        guard range.count < 16_384, head?.framing != .chunked, upstreamConnection != nil else {
            return false
        }
        return route?.bodyBytesMax == nil && run?.wantsBody(.request) != true
    }

    /// One part of the body: past the policies that read it, on to the upstream.
    private func pass(_ part: ByteBuffer, isEnd: Bool, rest: inout ByteBuffer) -> Bool {
        guard let run, run.wantsBody(.request) else {
            forwardPart(part, isEnd: isEnd)
            return true
        }
        bodyInHand = -1
        let step = part.withUnsafeReadableBytes { run.requestBody($0, isEnd: isEnd) }
        if step == .proceed {
            forwardPart(part, isEnd: isEnd)
            return true
        }
        if isEnd { isRequestComplete = true }
        let serial = number
        // What follows may end the exchange: the connection gets its bytes back before.
        connection?.giveBack(rest)
        flushRequest()
        if step == .paused {
            isRequestPaused = true
            pausedRequestPart = (part, isEnd)
            connection?.deadlineNs = .max
        } else {
            performRequest(step, part: (part, isEnd))
        }
        guard isLive(serial), let connection else { return false }
        rest = connection.takeInput()
        return true
    }

    /// Whether this object still runs the same exchange; after steps that may have ended it.
    func isLive(_ serial: UInt64) -> Bool { connection != nil && number == serial }

    /// Writes a part of the body for the upstream, in the framing that the head announced.
    func forwardPart(_ part: ByteBuffer, isEnd: Bool) {
        let isChunked = head?.framing == .chunked
        if part.readableBytes > 0, upstreamConnection != nil {
            if isChunked {
                appendChunk(part, to: worker.upstreamOut)
            } else if part.readableBytes < 16_384 {
                worker.upstreamOut.append(part)
            } else {
                flushRequest()
                upstreamConnection?.send(part)
            }
        }
        if isEnd {
            if isChunked, upstreamConnection != nil { finishChunks() }
            requestBodyComplete()
        }
    }

    private func finishChunks() {
        let trailers = head?.nominatesFields == true ? [] : requestBody.trailers
        worker.upstreamOut.compose(16 + trailers.count) { sink in
            ChunkedEncoder.finish(trailers: trailers, into: &sink)
        }
    }

    func requestBodyComplete() {
        isRequestComplete = true
        guard responsePhase == .waiting, let route else { return }
        let deadlineNs = worker.after(route.timeouts.responseHeadMs)
        onConnection { $0.deadlineNs = deadlineNs }
    }

    /// Drops the rest of the body after the response, within a bound.
    private func discard() {
        guard let connection else { return }
        var input = connection.takeInput()
        while true {
            let step = input.withUnsafeReadableBytes { requestBody.next($0) }
            input.moveReaderIndex(forwardBy: step.consumed)
            switch step.event {
            case .needMore: return
            case .data(let range):
                requestBytes &+= UInt64(range.count)
                if requestBytes > ProxyLimits.discardedBodyBytesMax {
                    return connection.exchangeFinished(keepsAlive: false, lingers: true)
                }
                if requestBody.isComplete { fallthrough }
            case .end:
                connection.giveBack(input)
                isRequestComplete = true
                return connection.exchangeFinished(keepsAlive: keepsAlive, lingers: false)
            case .fault:
                return connection.exchangeFinished(keepsAlive: false, lingers: true)
            }
        }
    }

    /// The client waits for 100 before it sends the body (RFC 9110 §10.1.1).
    func sendContinue() {
        guard head?.expectsContinue == true, !hasSentContinue, !isRequestComplete else { return }
        hasSentContinue = true
        worker.downstreamOut.clear()
        worker.downstreamOut.compose(32) { LocalResponse.writeContinue(into: &$0) }
        connection?.send(worker.downstreamOut)
    }
}

/// Writes one chunk of the chunked coding.
func appendChunk(_ part: ByteBuffer, to out: SendBuffer) {
    out.compose(part.readableBytes + 24) { sink in
        ChunkedEncoder.open(part.readableBytes, into: &sink)
        part.withUnsafeReadableBytes { sink.append($0) }
        ChunkedEncoder.close(into: &sink)
    }
}
