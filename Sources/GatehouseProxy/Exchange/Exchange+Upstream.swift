import GatehouseHTTP
import GatehousePluginHost
import NIOCore

/// Reaching the upstream and writing the head to it.
extension Exchange {
    /// The policies let the request pass: picks an upstream and gets a connection.
    func forward() {
        guard let route, let head else { return }
        if let most = route.bodyBytesMax, case .length(let count) = head.framing, count > most {
            reason = "the request's body is larger than the route takes"
            cause = .bodyTooLarge
            return fail(413, .complete)
        }
        if asksUpgrade, head.framing != .none {
            // One of the two peers could take the body for the other protocol (CVE-2026-58055).
            reason = "a request with a body asks to switch protocols"
            cause = .upgradeWithBody
            return fail(400, .complete)
        }
        if let only = route.onlyUpstream {
            upstream = only
            return acquire(worker.pool(for: only), isNew: false)
        }
        guard route.upstreams.isEmpty else { return balance(route) }
        reason = "the route has no upstream"
        cause = .noUpstream
        fail(503, .upstreamFailed)
    }

    /// Picks one of several upstreams.
    private func balance(_ route: Route) {
        let balance = worker.balance(for: route)
        guard let chosen = balance.pick(nowNs: worker.nowNs) else { return }
        choose(chosen, of: balance)
        acquire(balance.pools[chosen], isNew: false)
    }

    func choose(_ chosen: Int, of balance: RouteBalance) {
        upstreamChoice = chosen
        upstream = balance.route.upstreams[chosen]
    }

    func acquire(_ pool: UpstreamPool, isNew: Bool) {
        let connectMs = route?.timeouts.connectMs ?? 0
        switch pool.acquire(for: self, connectMs: connectMs, isNew: isNew) {
        case .ready(let connection): start(on: connection)
        case .waiting where upstreamConnection == nil:
            connectingPool = pool
            connection?.deadlineNs = .max
        case .queued:
            connectingPool = pool
            connection?.deadlineNs = worker.after(connectMs)
        case .waiting: break
        case .failed(let failure): notConnected(failure, by: pool)
        }
    }

    func connected(_ connection: UpstreamConnection) {
        worker.touch()
        connectingPool = nil
        start(on: connection)
        if let client = self.connection, client.isInputClosed { client.inputWanted() }
    }

    /// Writes the head, and what there is of the body, in one buffer.
    private func start(on upstreamConnection: UpstreamConnection) {
        guard let head, connection != nil else { return }
        self.upstreamConnection = upstreamConnection
        responseParser = ResponseHeadParser(method: head.method)
        if asksUpgrade { responseParser.reset(method: head.method, allowsUpgrade: true) }
        worker.upstreamOut.clear()
        writeRequestHead(head)
        run?.headSent(.request)
        if hasWholeRequest, let run {
            let body = run.wholeBody(.request)
            if !body.isEmpty { worker.upstreamOut.append(body) }
            requestBodyComplete()
        } else if isRequestComplete {
            requestBodyComplete()
        } else {
            guard var input = onConnection({ $0.takeInput() }) else { return }
            let received = input.readableBytes
            guard takeBody(&input) else { return }
            if bodyInHand == 0 { bodyInHand = received - input.readableBytes }
            onConnection { $0.giveBack(input) }
            awaitBody(isAnew: true)
        }
        flushRequest()
        sendContinue()
        if self.upstreamConnection === upstreamConnection, !upstreamConnection.isWritable {
            awaitUpstream()
            onConnection { $0.setReading(false) }
        }
    }

    private func writeRequestHead(_ head: RequestHead) {
        onUpstream { upstream in
            onConnection { writeRequestHead(head, upstream, $0) }
        }
    }

    private func writeRequestHead(
        _ head: RequestHead, _ upstream: Upstream, _ connection: DownstreamConnection
    ) {
        let framing =
            hasWholeRequest
            ? BodyFraming.length(UInt64(run?.wholeBody(.request).count ?? 0)) : head.framing
        let trusts = trustsPeer
        let query = run?.queryEdit
        let room =
            head.length + 2 * Int(head.authority.count) + upstream.authorityBytes.count
            + (upstream.pathBytes?.count ?? 0) + connection.peer.text.count + (query?.count ?? 0)
            + fields.count + 512
        headBytes.withUnsafeReadableBytes { bytes in
            upstream.authorityBytes.withUnsafeBytes { host in
                connection.peer.text.withUnsafeBytes { peer in
                    var forwarding = RequestForwarding(
                        host: host, peer: peer, scheme: Text.http, framing: framing)
                    forwarding.trustsPeer = trusts
                    forwarding.forwardsUpgrade = asksUpgrade
                    forwarding.via = worker.pseudonym
                    forwarding.query = query
                    forwarding.removesOrigin = upstream.removesOrigin
                    forwarding.edits = run?.edits(.request)
                    worker.upstreamOut.compose(room) { sink in
                        guard let path = upstream.pathBytes else {
                            return head.write(bytes, fields, as: forwarding, into: &sink)
                        }
                        path.withUnsafeBytes {
                            forwarding.path = $0
                            head.write(bytes, fields, as: forwarding, into: &sink)
                        }
                    }
                }
            }
        }
    }

    /// Whether the peer is one of the listener's `trustedProxies`.
    var trustsPeer: Bool {
        guard let snapshot, let connection, connection.listener < snapshot.listeners.count,
            !snapshot.listeners[connection.listener].trustedProxies.isEmpty,
            let ip = connection.peer.ip
        else { return false }
        return snapshot.listeners[connection.listener].trustedProxies.contains { $0.contains(ip) }
    }

    // MARK: Time

    func deadlineReached() {
        if bodyCheck != nil {
            endBodyCheck()
            connection?.inputWanted()
            return
        }
        switch responsePhase {
        case .waiting where connectingPool != nil:
            notConnected(.overloaded)
        case .waiting, .held:
            if isRequestComplete {
                reason = "the upstream did not answer in time"
                cause = .responseTimeout
                fail(504, .timeout)
            } else if upstreamConnection?.isWritable == false {
                reason = "the upstream did not take the request's body in time"
                cause = .upstreamStalled
                keepsAlive = false
                fail(504, .timeout)
            } else {
                reason = "the request's body came too slowly"
                cause = .requestBodyTimeout
                keepsAlive = false
                fail(408, .timeout)
            }
        case .streaming, .local:
            let isStalled = connection?.isWritable == false
            cause = isStalled ? .clientStalled : .responseBodyTimeout
            reason = isStalled ? "the client took nothing in time" : "the body was silent too long"
            cut(.timeout)
        case .discarding: connection?.exchangeFinished(keepsAlive: false, lingers: true)
        case .tunnel:
            cause = .upgradedIdle
            reason = "the switched connection was silent too long"
            cut(.timeout)
        }
    }
}

/// Bytes that live as long as the process.
enum Text {
    static var http: UnsafeRawBufferPointer { of("http") }
    static var https: UnsafeRawBufferPointer { of("https") }

    @inline(__always)
    static func of(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
