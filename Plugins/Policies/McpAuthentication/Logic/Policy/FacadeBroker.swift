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
    /// An assertion of the configured client's key (RFC 7523 §2.2); `nil` without a key.
    func assertion(_ clientID: String, _ audience: String) -> String?
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

    func brokerKeySet(_ exchange: Exchange) -> Action {
        respond(exchange, broker?.keySet() ?? DocumentResponse.notFound())
    }

    /// Whether `clientKey` is there to authenticate the configured client by.
    var hasClientKey: Bool { configuration.broker.clientKey != nil && broker != nil }

    func assertion(_ clientID: String, _ audience: String) -> String? {
        broker?.assertion(clientID, audience)
    }
}
