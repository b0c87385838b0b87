import GatehousePluginKit

/// What broker delivery does at its own endpoints, behind the same paths as the others.
protocol BrokerEndpoints: AnyObject, Sendable {
    /// A request to `/token` or `/revoke` (by `request.path.kind`) with its whole body.
    func submitted(
        _ policy: McpAuthentication, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ request: FacadeRequest, _ body: [UInt8]
    ) -> Action
    /// The answer to a fetch that it began with ``McpAuthentication/fetch(_:for:_:_:)`` for the
    /// step `broker`.
    func answered(
        _ policy: McpAuthentication, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ request: FacadeRequest, _ answer: FetchedAnswer
    ) -> Action
    /// `/jwks.json` (RFC 7517 §5).
    func keySet() -> LocalResponse
    /// A timer that it set with the purpose `broker` is over.
    func woken(
        _ policy: McpAuthentication, _ exchange: Exchange, _ request: FacadeRequest
    ) -> Action
    /// The exchange of a request is over.
    func ended(_ policy: McpAuthentication, _ request: FacadeRequest)
}

extension McpAuthentication {
    func brokerSubmission(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ body: [UInt8]
    ) -> Action {
        broker?.submitted(self, loop, exchange, request, body)
            ?? respond(exchange, DocumentResponse.notFound())
    }

    func brokerAnswered(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ answer: FetchedAnswer,
        _ request: FacadeRequest
    ) -> Action {
        broker?.answered(self, loop, exchange, request, answer) ?? .fail
    }

    func brokerWoken(_ exchange: Exchange, _ state: inout ExchangeState) -> Action {
        state.with(FacadeRequest.self) { broker?.woken(self, exchange, $0) ?? .fail } ?? .fail
    }

    func brokerKeySet(_ exchange: Exchange) -> Action {
        respond(exchange, broker?.keySet() ?? DocumentResponse.notFound())
    }

    /// Whether `clientKey` is there to authenticate the configured client by.
    var hasClientKey: Bool { upstreamSecrets.hasKey }
}
