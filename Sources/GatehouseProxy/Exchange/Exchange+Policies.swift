import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// The exchange and the policies of its route: fills the view, performs their steps.
extension Exchange {
    func beginPolicies(_ chain: PolicyChain, _ claim: Int?) {
        guard let host = worker.host, let head,
            let run = host.begin(chain: chain, view: exchangeView(head, claim), owner: self)
        else {
            reason = "no room for another exchange with policies"
            cause = .tooManyExchanges
            return fail(503, .upstreamFailed)
        }
        self.run = run
        performRequest(run.requestHead(), part: nil)
    }

    // MARK: Steps

    /// Performs what the policies answered to the request's head (`part` nil) or to a part of its
    /// body.
    func performRequest(_ step: Step, part: (bytes: ByteBuffer, isEnd: Bool)?) {
        switch step {
        case .proceed:
            guard let part else { return forward() }
            forwardPart(part.bytes, isEnd: part.isEnd)
        case .awaitBody:
            awaitsRequestBody = true
            awaitBody(isAnew: true)
            sendContinue()
            if isRequestComplete, let run {
                performRequest(run.requestBody(Text.of(""), isEnd: true), part: (.init(), true))
            } else {
                connection?.inputWanted()
            }
        case .absorbed: if part?.isEnd == true { isRequestComplete = true }
        case .proceedWhole:
            isRequestComplete = true
            awaitsRequestBody = false
            hasWholeRequest = true
            forward()
        case .paused:
            isRequestPaused = true
            pausedRequestPart = part
            connection?.deadlineNs = .max
        case .respond: respondLocal()
        case .streaming: beginStreaming()
        case .fault(let fault): fail(fault)
        }
    }

    /// Performs what the policies answered to the response's head (`part` nil) or to a part of its
    /// body.
    func performResponse(_ step: Step, part: (bytes: ByteBuffer, isEnd: Bool)?) {
        switch step {
        case .proceed:
            guard let part else { return sendResponseHead() }
            forwardResponse(part.bytes, isEnd: part.isEnd)
        case .awaitBody:
            awaitsResponseBody = true
            if responseBody.isComplete, let run {
                performResponse(run.responseBody(Text.of(""), isEnd: true), part: (.init(), true))
            } else {
                feedResponse()
            }
        case .absorbed: break
        case .proceedWhole:
            awaitsResponseBody = false
            if let run { sendResponseHead(whole: run.wholeBody(.response)) }
        case .paused:
            isResponsePaused = true
            pausedResponsePart = part
            connection?.deadlineNs = .max
        case .respond: respondLocal()
        case .streaming: beginStreaming()
        case .fault(let fault):
            if responsePhase == .streaming {
                reason = fault.reason
                cause = fault.cause
                cut(.reset)
            } else {
                fail(fault)
            }
        }
    }

    private func fail(_ fault: Fault) {
        reason = "\(fault.policy): \(fault.reason)"
        cause = fault.cause
        fail(fault.status, fault.kind == .notClaimed ? .complete : .reset)
    }

    // MARK: What the policies see

    private func exchangeView(_ head: RequestHead, _ claim: Int?) -> ExchangeView {
        var view = ExchangeView()
        view.number = number
        view.hasBody = !isRequestComplete
        view.bodyBytesMax = route?.bodyBytesMax ?? .max
        if let route { view.wholeBodyBytesMax = route.wholeBodyBytesMax }
        view.claim = claim
        view.methodID = head.method.abiNumber
        // Valid while `headBytes` is kept and not written to, which is until `run.end`.
        headBytes.withUnsafeReadableBytes { bytes in
            view.method = bytes[head.methodBytes]
            view.target = bytes[head.target.raw]
            view.path = head.path(in: bytes)
            if let query = head.target.query { view.query = bytes[query] }
            view.authority = bytes[head.authority]
            view.scheme = isExternallySecure(bytes) ? Text.https : Text.http
            view.fields = HeadFields(fields, in: bytes)
        }
        return view
    }

    func responseView(_ response: ResponseHead) -> ResponseView {
        let fields = responseHeadBytes.withUnsafeReadableBytes {
            HeadFields(responseFields, in: $0)
        }
        return ResponseView(
            status: UInt32(response.status), hasBody: !responseBody.isComplete, fields: fields)
    }
}

// MARK: What policies do between the calls

extension Exchange: ExchangeOwner {
    func exchange(_ run: ExchangeRun, resumed direction: Direction, with step: Step) {
        guard run === self.run else { return }
        worker.touch()
        switch direction {
        case .request: resumeRequest(step)
        case .response: resumeResponse(step)
        }
    }

    private func resumeRequest(_ step: Step) {
        let serial = number
        let part = pausedRequestPart
        isRequestPaused = false
        pausedRequestPart = nil
        worker.upstreamOut.clear()
        performRequest(step, part: part)
        guard isLive(serial) else { return }
        flushRequest()
        guard !isRequestPaused else { return }
        if upstreamConnection?.isWritable == true { awaitBody(isAnew: true) }
        connection?.inputWanted()
    }

    private func resumeResponse(_ step: Step) {
        let serial = number
        let part = pausedResponsePart
        isResponsePaused = false
        pausedResponsePart = nil
        worker.downstreamOut.clear()
        performResponse(step, part: part)
        guard isLive(serial), !isResponsePaused else { return }
        guard responsePhase == .streaming || awaitsResponseBody else { return }
        flushResponse()
        if responseBody.isComplete, responsePhase == .streaming { return responseComplete() }
        feedResponse()
        guard isLive(serial) else { return }
        if hasUpstreamEnded { return upstreamEnded() }
        upstreamConnection?.setReading(connection?.isWritable ?? true)
    }

    func exchangeFailed(_ run: ExchangeRun, with fault: Fault) {
        guard run === self.run else { return }
        worker.touch()
        reason = "\(fault.policy): \(fault.reason)"
        cause = fault.cause
        switch responsePhase {
        case .waiting, .held: fail(fault.status, .reset)
        case .streaming, .local: finishEarly(isIntended: fault.kind == .finished)
        case .discarding: break
        case .tunnel: cut(fault.kind == .finished ? .complete : .reset)
        }
    }

    /// Ends a response whose length only its end tells: what was sent stays valid.
    private func finishEarly(isIntended: Bool) {
        switch responseFraming {
        case .chunked where !isResponsePaused:
            worker.downstreamOut.clear()
            worker.downstreamOut.compose(16) { ChunkedEncoder.finish(into: &$0) }
            connection?.send(worker.downstreamOut)
        case .untilClose where isIntended && !isResponsePaused: break
        default: return cut(.reset)
        }
        leaveUpstream(isReusable: false)
        record(isIntended ? .complete : .reset)
        connection?.exchangeFinished(keepsAlive: false, lingers: !isRequestComplete)
    }

    func exchange(_ run: ExchangeRun, write bytes: UnsafeRawBufferPointer) -> Bool {
        writeStreamed(bytes)
    }

    func exchangeFinished(_ run: ExchangeRun) { finishStreaming() }

    func exchange(
        _ run: ExchangeRun, describe attribute: DescribedAttribute,
        into sink: (UnsafeRawBufferPointer) -> Void
    ) {
        describe(attribute, into: sink)
    }
}

extension Fault {
    /// What it is counted as.
    var cause: Cause {
        switch kind {
        case .standIn, .plugin: .policyFault
        case .bodyTooLarge: .bodyTooLarge
        case .notClaimed: .noRoute
        case .limit: .tooManyExchanges
        case .finished: .none
        }
    }
}

extension Method {
    /// GH_METHOD_* of the contract; 0 for a method without a number.
    var abiNumber: UInt32 {
        switch self {
        case .get: 1
        case .head: 2
        case .post: 3
        case .put: 4
        case .delete: 5
        case .options: 6
        case .patch: 7
        case .other: 0
        }
    }
}
