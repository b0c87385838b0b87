import GatehouseHTTP
import NIOCore

/// What happens when there is no upstream connection, or none any more: who is tried again.
///
/// Once at most, on another connection, and only what is safe (RFC 9110 §9.2.2): any request of
/// which no byte was written, and an idempotent one that is still at hand whole, when a kept
/// connection ended before the response began.
extension Exchange {
    /// There is no connection. Nothing was sent, so that any request may go to another upstream.
    func notConnected(_ failure: UpstreamFailure, by failed: UpstreamPool? = nil) {
        worker.touch()
        let pool = failed ?? connectingPool
        connectingPool = nil
        pool?.cancel(self)
        if !isRetry, let route, route.upstreams.count > 1, let pool {
            let balance = worker.balance(for: route)
            if let other = balance.pick(except: upstreamChoice, nowNs: worker.nowNs),
                pool.takeFailover()
            {
                isRetry = true
                choose(other, of: balance)
                return acquire(balance.pools[other], isNew: false)
            }
        }
        reason = "no connection to the upstream: \(failure)"
        cause = failure.cause
        fail(failure.status, failure == .timeout ? .timeout : .upstreamFailed)
    }

    func disconnected(_ failure: UpstreamFailure) {
        worker.touch()
        guard let lost = upstreamConnection else { return }
        upstreamConnection = nil
        switch responsePhase {
        case .waiting:
            guard lost.hasSent else { return unsent(lost.pool, failure) }
            if lost.usedBefore > 0, mayBeRepeated, let pool = lost.pool {
                return retry(pool, failure)
            }
            closedUnanswered(failure)
        case .held, .streaming:
            guard failure == .broken, !responseBody.isComplete else { return upstreamEnded() }
            reason = "the upstream's connection broke within the response"
            cause = .upstreamTruncated
            responsePhase == .held ? fail(502, .upstreamFailed) : cut(.upstreamFailed)
        case .local, .discarding: break
        case .tunnel: tunnelUpstreamGone(failure)
        }
    }

    private func closedUnanswered(_ failure: UpstreamFailure) {
        reason = "the upstream closed before it answered"
        cause = .upstreamClosed
        fail(failure.status, .upstreamFailed)
    }

    /// The connection ended within the first write to it, which is still on the stack: what is to
    /// be done is done in a later turn.
    private func unsent(_ pool: UpstreamPool?, _ failure: UpstreamFailure) {
        let serial = number
        let bound = NIOLoopBound((self, pool), eventLoop: worker.loop)
        worker.loop.execute {
            let (exchange, pool) = bound.value
            guard exchange.isLive(serial), exchange.responsePhase == .waiting,
                exchange.upstreamConnection == nil, exchange.connectingPool == nil
            else { return }
            exchange.worker.touch()
            guard !exchange.isRetry, let pool else { return exchange.closedUnanswered(failure) }
            exchange.retry(pool, failure)
        }
    }

    /// Whether nothing of a response came, and the request is idempotent and has left whole.
    private var mayBeRepeated: Bool {
        guard !isRetry, isRequestComplete, let head else { return false }
        return head.method.isIdempotent && interimCount == 0 && responseInput.readableBytes == 0
    }

    /// Sends the request once more: to another upstream where there is one, for this one may have
    /// gone down with its connection; else on a new connection.
    private func retry(_ pool: UpstreamPool, _ failure: UpstreamFailure) {
        guard restoreRequest(), pool.takeStaleRetry() else { return closedUnanswered(failure) }
        isRetry = true
        if let route, route.upstreams.count > 1 {
            let balance = worker.balance(for: route)
            if let other = balance.pick(except: upstreamChoice, nowNs: worker.nowNs) {
                choose(other, of: balance)
                return acquire(balance.pools[other], isNew: true)
            }
        }
        acquire(pool, isNew: true)
    }

    /// Puts back what has left of the body, as if it had just been received.
    /// - Returns: false where it is not at hand any more.
    private func restoreRequest() -> Bool {
        guard let head, let connection else { return false }
        guard head.framing != .none, !hasWholeRequest else { return true }
        guard bodyInHand >= 0,
            var body = headBytes.getSlice(
                at: headBytes.readerIndex + head.length, length: bodyInHand)
        else { return false }
        var rest = connection.takeInput()
        if rest.readableBytes > 0 { body.writeBuffer(&rest) }
        connection.giveBack(body)
        requestBody = BodyDecoder(framing: head.framing)
        isRequestComplete = requestBody.isComplete
        requestBytes = 0
        bodyInHand = 0
        return true
    }
}
