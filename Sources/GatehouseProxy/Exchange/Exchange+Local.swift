import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// Responses that do not come from the upstream: the core's own and those of policies.
extension Exchange {
    // MARK: The core's own

    /// The exchange cannot go on: answers with this status, through the response phases of the
    /// policies that ran, or cuts a response short whose head has left.
    func fail(_ status: UInt32, _ outcome: ExchangeOutcome) {
        guard responsePhase == .waiting || responsePhase == .held else { return cut(outcome) }
        leaveUpstream(isReusable: false)
        if status == 413 { keepsAlive = false }
        awaitsRequestBody = false
        awaitsResponseBody = false
        isRequestPaused = false
        isResponsePaused = false
        responsePhase = .waiting
        guard let run else { return respondProblem(status, outcome) }
        var fields: [(name: StaticString, value: String)] = [
            ("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"),
        ]
        if status == 503 { fields.append(("Retry-After", "5")) }
        let step = run.coreResponse(
            status: status, fields: fields, body: Problem.body(status: status, code: problemCode))
        switch step {
        case .respond: respondLocal(outcome)
        case .streaming: beginStreaming()
        case .paused: isResponsePaused = true
        default: respondProblem(status, outcome)
        }
    }

    /// An answer before a route was found, or where no policy takes part: problem+json (RFC 9457).
    func respondProblem(_ status: UInt32, _ outcome: ExchangeOutcome) {
        let body = Problem.body(status: status, code: problemCode)
        respond(status, body.count, outcome) { sink in
            Problem.writeFields(status: status, into: &sink)
        } body: { sink in
            sink.append(body)
        }
    }

    /// An answer to what could not be read or must not be routed: the connection is kept only
    /// where it is sure where the next request begins.
    func refuseProblem(_ status: UInt32, _ outcome: ExchangeOutcome) {
        keepsAlive = keepsAlive && isRequestComplete
        respondProblem(status, outcome)
    }

    /// The reason in the body of the core's answer.
    private var problemCode: String {
        fault.map(\.code) ?? (cause == .none ? "" : cause.code)
    }

    /// OPTIONS about the proxy itself (RFC 9110 §9.3.7, §7.6.2).
    func respondToOptions() {
        respond(200, 0, .complete) { sink in
            sink.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" as StaticString)
        } body: { _ in
        }
    }

    // MARK: Of policies

    /// Writes the response that a policy gave, or that the response phases made of the core's.
    func respondLocal(_ outcome: ExchangeOutcome = .complete) {
        guard let run else { return }
        leaveUpstream(isReusable: false)
        isRequestPaused = false
        isResponsePaused = false
        let body = run.responseBody
        respond(run.responseStatus, body.count, outcome) { sink in
            run.forEachResponseField { sink.appendField($0, $1) }
        } body: { sink in
            sink.append(body)
        }
    }

    /// Writes a whole response in one buffer.
    private func respond(
        _ status: UInt32, _ count: Int, _ outcome: ExchangeOutcome,
        fields: (inout RawSink) -> Void, body: (inout RawSink) -> Void
    ) {
        guard let connection else { return }
        let code = UInt16(clamping: status)
        drainInput()
        decideKeepAlive()
        let isHead = head.map { $0.method == .head } ?? parser.isHead
        let isBodiless = isHead || LocalResponse.isBodiless(code)
        let minorVersion = head?.minorVersion ?? 1
        sentStatus = status
        worker.downstreamOut.clear()
        worker.downstreamOut.compose(1024 + count) { sink in
            LocalResponse.writeStatusLine(code, into: &sink)
            worker.date.withUnsafeBytes { sink.appendField("Date", $0) }
            fields(&sink)
            LocalResponse.writeEnd(
                status: code, framing: .length(UInt64(count)), keepAlive: keepsAlive,
                minorVersion: minorVersion, into: &sink)
            if !isBodiless { body(&sink) }
        }
        if !isBodiless { responseBytes = UInt64(count) }
        responsePhase = .discarding
        connection.send(worker.downstreamOut)
        record(outcome)
        if keepsAlive, !isRequestComplete {
            connection.deadlineNs = worker.after(ProxyLimits.lingerMs)
            return
        }
        connection.exchangeFinished(keepsAlive: keepsAlive, lingers: !isRequestComplete)
    }

    /// Drops what has been received of the request's body: mostly that is all of it.
    private func drainInput() {
        guard !isRequestComplete, head != nil, let connection else { return }
        var input = connection.takeInput()
        while !isRequestComplete {
            let step = input.withUnsafeReadableBytes { requestBody.next($0) }
            input.moveReaderIndex(forwardBy: step.consumed)
            switch step.event {
            case .data(let range): requestBytes &+= UInt64(range.count)
            case .needMore: return connection.giveBack(input)
            case .fault:
                keepsAlive = false
                return
            case .end: break
            }
            isRequestComplete = requestBody.isComplete
        }
        connection.giveBack(input)
    }

    /// The connection is kept where the rest of the request's body is short enough to be dropped,
    /// and is sure to come.
    private func decideKeepAlive() {
        // What follows a refused upgrade may be of the other protocol.
        if worker.isClosing || head?.asksUpgrade == true { keepsAlive = false }
        guard keepsAlive, !isRequestComplete, let head else { return }
        if head.expectsContinue, !hasSentContinue { keepsAlive = false }
        if case .length(let count) = head.framing, count > ProxyLimits.discardedBodyBytesMax {
            keepsAlive = false
        }
    }

    // MARK: Streams of policies

    /// Writes the head of a response whose body a policy writes piece by piece.
    func beginStreaming() {
        guard let run, let connection else { return }
        leaveUpstream(isReusable: false)
        isRequestPaused = false
        isResponsePaused = false
        drainInput()
        decideKeepAlive()
        let minorVersion = head?.minorVersion ?? 1
        responseFraming = minorVersion == 1 ? .chunked : .untilClose
        if minorVersion == 0 || !isRequestComplete { keepsAlive = false }
        let code = UInt16(clamping: run.responseStatus)
        if LocalResponse.isBodiless(code) { responseFraming = .none }
        sentStatus = run.responseStatus
        responsePhase = .local
        worker.downstreamOut.clear()
        worker.downstreamOut.compose(2048) { sink in
            LocalResponse.writeStatusLine(code, into: &sink)
            worker.date.withUnsafeBytes { sink.appendField("Date", $0) }
            run.forEachResponseField { sink.appendField($0, $1) }
            LocalResponse.writeEnd(
                status: code, framing: responseFraming, keepAlive: keepsAlive,
                minorVersion: minorVersion, into: &sink)
        }
        connection.send(worker.downstreamOut)
        run.headSent(.response)
        connection.deadlineNs = .max
        let backlog = run.takeBacklog()
        if !backlog.bytes.isEmpty { _ = backlog.bytes.withUnsafeBytes { sendStreamed($0) } }
        if backlog.isFinished { finishStreaming() }
    }

    func writeStreamed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard responsePhase == .local, let connection, connection.isWritable else { return false }
        return sendStreamed(bytes)
    }

    private func sendStreamed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard responsePhase == .local, let connection else { return false }
        guard !bytes.isEmpty, head?.method != .head, responseFraming != .none else { return true }
        responseBytes &+= UInt64(bytes.count)
        let isChunked = responseFraming == .chunked
        worker.downstreamOut.clear()
        worker.downstreamOut.compose(bytes.count + 24) { sink in
            if isChunked { ChunkedEncoder.open(bytes.count, into: &sink) }
            sink.append(bytes)
            if isChunked { ChunkedEncoder.close(into: &sink) }
        }
        connection.send(worker.downstreamOut)
        return true
    }

    func finishStreaming() {
        guard responsePhase == .local, let connection else { return }
        if responseFraming == .chunked, head?.method != .head {
            worker.downstreamOut.clear()
            worker.downstreamOut.compose(16) { ChunkedEncoder.finish(into: &$0) }
            connection.send(worker.downstreamOut)
        }
        // A policy is still in its call: the exchange ends in a later turn.
        responsePhase = .discarding
        let serial = number
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        worker.loop.execute {
            let exchange = bound.value
            if exchange.isLive(serial) { exchange.streamFinished() }
        }
    }

    private func streamFinished() {
        record(.complete)
        connection?.exchangeFinished(
            keepsAlive: keepsAlive && isRequestComplete, lingers: !isRequestComplete)
    }
}

/// The core's own answers (RFC 9457): status, its name, and a reason of a closed list. Nothing of
/// the inside, and nothing of what the client sent.
enum Problem {
    /// The reason of an answer to a connection beyond the bound.
    static let tooManyConnections = "tooManyConnections"

    /// The body; `code` is the name of a cause or of a fault, and needs no escaping.
    static func body(status: UInt32, code: String) -> [UInt8] {
        let title = "\(LocalResponse.reasonPhrase(UInt16(clamping: status)))"
        let reason = code.isEmpty ? "" : ",\"reason\":\"\(code)\""
        return Array(
            "{\"type\":\"about:blank\",\"title\":\"\(title)\",\"status\":\(status)\(reason)}\n"
                .utf8)
    }

    /// The fields that go with it, framing left out.
    static func writeFields(status: UInt32, into sink: inout RawSink) {
        sink.append("Content-Type: application/problem+json\r\n" as StaticString)
        sink.append("Cache-Control: no-store\r\n" as StaticString)
        if status == 503 { sink.append("Retry-After: 5\r\n" as StaticString) }
    }
}
