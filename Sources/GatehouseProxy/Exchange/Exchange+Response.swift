import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// From the upstream's response head to its last byte.
extension Exchange {
    func receive(_ buffer: ByteBuffer) {
        worker.touch()
        switch responsePhase {
        case .streaming where !isResponsePaused:
            if let most = route?.timeouts.responseBodyMs, most > 0 {
                connection?.deadlineNs = worker.after(most)
            }
            worker.downstreamOut.clear()
            var input = buffer
            takeResponse(&input)
        case .waiting, .held, .streaming:
            if responseInput.readableBytes == 0 {
                responseInput = buffer
            } else {
                var more = buffer
                responseInput.writeBuffer(&more)
            }
            if responsePhase == .waiting {
                parseResponse()
            } else if awaitsResponseBody, !isResponsePaused {
                feedResponse()
            } else if responseInput.readableBytes > ProxyLimits.bufferedBytesLow {
                upstreamConnection?.setReading(false)
            }
        case .local, .discarding: break
        case .tunnel: tunnelToClient(buffer)
        }
    }

    private func parseResponse() {
        while true {
            let result = responseInput.withUnsafeReadableBytes {
                responseParser.parse($0, into: responseFields)
            }
            switch result {
            case .needMore: return
            case .fault(let fault):
                responseFault(fault)
                return fail(502, .upstreamFailed)
            case .head(let response) where response.isInterim:
                interimCount += 1
                interimBytes += response.length
                guard interimCount <= ProxyLimits.interimResponsesMax,
                    interimBytes <= ProxyLimits.interimBytesMax, let head
                else {
                    reason = "too many interim responses"
                    cause = .interimFlood
                    return fail(502, .upstreamFailed)
                }
                // The 100 that we answered with ourselves is not sent twice (RFC 9110 §15.2).
                let isAnswered = response.status == 100 && hasSentContinue
                if head.minorVersion > 0, !isAnswered { sendInterim(response, head) }
                responseInput.moveReaderIndex(forwardBy: response.length)
                responseParser.reset(method: head.method, allowsUpgrade: asksUpgrade)
            case .head(let response) where response.status == 101 && !answersUpgrade(response):
                reason = "the upstream switched to a protocol that was not asked for"
                cause = .unaskedUpgrade
                return fail(502, .upstreamFailed)
            case .head(let response): return responseHeadArrived(response)
            }
        }
    }

    /// 1xx are for the client too (RFC 9110 §15.2).
    private func sendInterim(_ response: ResponseHead, _ head: RequestHead) {
        worker.downstreamOut.clear()
        writeHead(response, ResponseForwarding(response, to: head, keepAlive: true), responseInput)
        connection?.send(worker.downstreamOut)
    }

    private func responseHeadArrived(_ response: ResponseHead) {
        upstreamHeadNs = worker.nowNs
        responseHead = response
        responseHeadBytes = responseInput
        responseInput.moveReaderIndex(forwardBy: response.length)
        if responseInput.readableBytes == 0 { responseInput = worker.none }
        responseBody = BodyDecoder(framing: response.framing)
        responsePhase = .held
        if let run {
            performResponse(run.responseHead(responseView(response)), part: nil)
        } else {
            sendResponseHead()
        }
    }

    // MARK: The head

    /// Writes the head to the client, with what there is of the body, in one buffer.
    func sendResponseHead(whole: UnsafeRawBufferPointer? = nil) {
        guard let responseHead, let head, connection != nil else { return }
        guard responseHead.status != 101 else { return openTunnel(responseHead, head) }
        var forwarding = ResponseForwarding(
            responseHead, to: head,
            keepAlive: keepsAlive && isRequestComplete && !worker.isClosing)
        if let whole, responseHead.framing != .none || head.method == .head {
            forwarding.framing = .length(UInt64(whole.count))
        }
        responseFraming = forwarding.framing
        keepsAlive = forwarding.keepAlive
        responsePhase = .streaming
        worker.downstreamOut.clear()
        writeHead(responseHead, forwarding, responseHeadBytes)
        run?.headSent(.response)
        if run == nil { responseHeadBytes = worker.none }
        let deadlineNs = worker.after(route?.timeouts.responseBodyMs ?? 0)
        onConnection { $0.deadlineNs = deadlineNs }
        if let whole {
            if head.method != .head, responseFraming != .none {
                worker.downstreamOut.append(whole)
                responseBytes = UInt64(whole.count)
            }
            onConnection { $0.send(worker.downstreamOut) }
            return responseComplete()
        }
        var input = responseInput
        responseInput = worker.none
        takeResponse(&input)
    }

    func writeHead(
        _ response: ResponseHead, _ forwarding: ResponseForwarding, _ buffer: ByteBuffer
    ) {
        var forwarding = forwarding
        let status = run?.responseStatus ?? 0
        if !response.isInterim, status >= 200, status != UInt32(response.status) {
            return writeHead(response, status: status, forwarding, buffer)
        }
        if !response.isInterim { sentStatus = UInt32(response.status) }
        if !response.isInterim { forwarding.edits = run?.edits(.response) }
        buffer.withUnsafeReadableBytes { bytes in
            worker.date.withUnsafeBytes { date in
                forwarding.date = date
                worker.downstreamOut.compose(response.length + 256) { sink in
                    response.write(bytes, responseFields, as: forwarding, into: &sink)
                }
            }
        }
    }

    /// As above, with a status that a policy has set.
    private func writeHead(
        _ response: ResponseHead, status: UInt32, _ forwarding: ResponseForwarding,
        _ buffer: ByteBuffer
    ) {
        sentStatus = status
        guard let run else { return }
        let code = UInt16(clamping: status)
        let edits = run.edits(.response)
        buffer.withUnsafeReadableBytes { bytes in
            worker.downstreamOut.compose(response.length + 512) { sink in
                LocalResponse.writeStatusLine(code, into: &sink)
                for at in 0..<responseFields.count {
                    let field = responseFields[at]
                    let isKept = !field.isHopByHop && field.known != .contentLength
                    guard isKept, !edits.isHidden(bytes[field.name]) else { continue }
                    sink.appendField(bytes[field.name], bytes[field.value])
                }
                edits.forEachAdded {
                    sink.appendField($0, $1)
                    return true
                }
                if !responseFields.has(.date) {
                    worker.date.withUnsafeBytes { sink.appendField("Date", $0) }
                }
                LocalResponse.writeEnd(
                    status: code, framing: forwarding.framing, keepAlive: forwarding.keepAlive,
                    minorVersion: forwarding.minorVersion, into: &sink)
            }
        }
    }

    // MARK: The body

    /// Reads on in what was kept back.
    func feedResponse() {
        worker.downstreamOut.clear()
        var input = responseInput
        responseInput = worker.none
        takeResponse(&input)
    }

    /// Decodes and forwards the body in `input`, behind what is composed already; ends the exchange
    /// where the body ends.
    private func takeResponse(_ input: inout ByteBuffer) {
        let serial = number
        while !isResponsePaused, !responseBody.isComplete {
            let step = input.withUnsafeReadableBytes { responseBody.next($0) }
            switch step.event {
            case .needMore:
                input.moveReaderIndex(forwardBy: step.consumed)
                return flushResponse()
            case .data(let range) where passesUnchanged(range):
                input.withUnsafeReadableBytes { worker.downstreamOut.append($0[range]) }
                input.moveReaderIndex(forwardBy: step.consumed)
                responseBytes &+= UInt64(range.count)
            case .data(let range):
                let start = input.readerIndex + Int(range.start)
                let part = input.getSlice(at: start, length: Int(range.count)) ?? worker.none
                input.moveReaderIndex(forwardBy: step.consumed)
                passResponse(part, isEnd: responseBody.isComplete, rest: &input)
            case .end:
                input.moveReaderIndex(forwardBy: step.consumed)
                passResponse(worker.none, isEnd: true, rest: &input)
            case .fault(let fault):
                responseFault(fault)
                flushResponse()
                return responsePhase == .held ? fail(502, .upstreamFailed) : cut(.upstreamFailed)
            }
            guard isLive(serial), responsePhase == .streaming || awaitsResponseBody else { return }
        }
        guard isLive(serial) else { return }
        if input.readableBytes > 0 {
            responseInput = input
        } else if responseInput.writerIndex > 0 {
            responseInput = worker.none
        }
        flushResponse()
        if responseBody.isComplete, !isResponsePaused, responsePhase == .streaming {
            responseComplete()
        }
    }

    /// Whether a part of the body is written as it lies there, without a buffer of its own.
    private func passesUnchanged(_ range: ByteRange) -> Bool {
        guard responseFraming != .chunked, range.count < 16_384 else { return false }
        return run?.wantsBody(.response) != true
    }

    func flushResponse() {
        guard worker.downstreamOut.count > 0 else { return }
        onConnection { connection in
            connection.send(worker.downstreamOut)
            worker.downstreamOut.clear()
            if !connection.isWritable { clientWritabilityChanged(false) }
        }
    }

    private func passResponse(_ part: ByteBuffer, isEnd: Bool, rest: inout ByteBuffer) {
        guard let run, run.wantsBody(.response) else {
            return forwardResponse(part, isEnd: isEnd)
        }
        let step = part.withUnsafeReadableBytes { run.responseBody($0, isEnd: isEnd) }
        if step == .proceed { return forwardResponse(part, isEnd: isEnd) }
        flushResponse()
        responseInput = rest
        rest = worker.none
        performResponse(step, part: (part, isEnd))
        rest = responseInput
        responseInput = worker.none
    }

    /// Writes a part of the body to the client, in the framing that the head announced.
    func forwardResponse(_ part: ByteBuffer, isEnd: Bool) {
        let isChunked = responseFraming == .chunked
        responseBytes &+= UInt64(part.readableBytes)
        if part.readableBytes > 0 {
            if isChunked {
                appendChunk(part, to: worker.downstreamOut)
            } else if part.readableBytes < 16_384 {
                worker.downstreamOut.append(part)
            } else {
                flushResponse()
                connection?.send(part)
            }
        }
        guard isEnd, isChunked else { return }
        let mayPass = head?.acceptsTrailers == true && responseHead?.nominatesFields == false
        let trailers = mayPass ? responseBody.trailers : []
        worker.downstreamOut.compose(16 + trailers.count) { sink in
            ChunkedEncoder.finish(trailers: trailers, into: &sink)
        }
    }

    /// The upstream has closed: the end of a body without length, else the body is cut short.
    func upstreamEnded() {
        if isResponsePaused {
            hasUpstreamEnded = true
            return
        }
        guard responseBody.closed() else {
            reason = "the upstream closed within the response"
            cause = .upstreamTruncated
            return responsePhase == .held ? fail(502, .upstreamFailed) : cut(.upstreamFailed)
        }
        worker.downstreamOut.clear()
        var rest = responseInput
        responseInput = worker.none
        let serial = number
        passResponse(worker.none, isEnd: true, rest: &rest)
        guard isLive(serial), responsePhase == .streaming, !isResponsePaused else { return }
        flushResponse()
        responseComplete()
    }

    /// The client takes more bytes, or none for the moment.
    func clientWritabilityChanged(_ isWritable: Bool) {
        upstreamConnection?.setReading(isWritable && !isResponsePaused)
        guard responsePhase == .streaming || responsePhase == .local, let connection else { return }
        let timeouts = route?.timeouts ?? Timeouts()
        connection.deadlineNs = worker.after(
            isWritable ? timeouts.responseBodyMs : timeouts.writeMs)
        if isWritable, responsePhase == .local { run?.writable() }
    }
}
