public import GatehousePluginKit

/// The way back: what an upstream says about authentication, and streams that outlive a token.
extension McpAuthentication {
    /// The head of a response.
    public func responseHead(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ head: MessageHead,
        _ state: inout ExchangeState
    ) -> Action {
        if head.isClaimed || head.isByPolicy || head.isByCore { return .continue }
        if head.status == 401 {
            return respond(
                exchange,
                .problem(
                    502, "the upstream wants credentials of its own",
                    reason: "the upstream answered 401"))
        }
        if head[slots.challenge] != nil {
            var edits = FieldEdits()
            edits.remove("www-authenticate")
            guard (try? exchange.apply(edits, to: .response)) != nil else { return .fail }
        }
        guard let expiry = StreamExpiry(state), let type = head[slots.responseType],
            isEventStream(type)
        else { return .continue }
        return arm(exchange, expiry)
    }

    private func isEventStream(_ type: BorrowedBytes) -> Bool {
        let name = BorrowedBytes("text/event-stream")
        guard type.count >= name.count else { return false }
        return type.slice(0..<name.count).equalsIgnoringCase(name)
    }

    private func arm(_ exchange: Exchange, _ expiry: StreamExpiry) -> Action {
        let wait = expiry.wait(from: host.unixNanoseconds)
        let timer = try? exchange.timer(
            token: ExchangePurpose.expiry.rawValue, afterMilliseconds: wait)
        return timer == nil ? .fail : .continue
    }

    /// An operation of the exchange came to its end.
    public func resumed(
        _ loop: AuthenticationLoop, _ exchange: Exchange, token: UInt64, _ result: OperationResult,
        _ state: inout ExchangeState
    ) -> Action {
        switch ExchangePurpose(rawValue: token & 0xff) {
        case .keys:
            loop.demandAnswered(issuer: Int(token >> 8))
            return again(loop, exchange, &state, hasWaitedForKeys: true)
        case .turn:
            return again(
                loop, exchange, &state, waits: token >> 8 & 0xff,
                hasWaitedForKeys: token >> 16 & 1 == 1)
        case .expiry: return expire(exchange, state)
        case .document: return documentArrived(loop, exchange, &state)
        case .facade: return facadeAnswered(loop, exchange, result, &state)
        case .broker: return brokerWoken(exchange, &state)
        case .remote: return remoteAnswered(loop, exchange, result, &state)
        case .endpoint: return again(loop, exchange, &state, hasWaitedForKeys: true)
        case nil: return .fail
        }
    }

    /// Ends a GET stream whose token has expired (G112): the client comes back and gets a 401.
    private func expire(_ exchange: Exchange, _ state: ExchangeState) -> Action {
        guard let expiry = StreamExpiry(state) else { return .continue }
        if host.unixNanoseconds / 1_000_000 < expiry.milliseconds { return arm(exchange, expiry) }
        host.log(.info, "token expired: the stream that it opened ends", exchange: exchange)
        return .finish
    }

    /// Gives back what a claimed path kept.
    public func ended(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ reason: EndReason,
        _ state: inout ExchangeState
    ) {
        guard !state.isEmpty, StreamExpiry(state) == nil else { return }
        if let request = state.take(FacadeRequest.self) { broker?.ended(self, request) }
    }
}
