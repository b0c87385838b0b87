import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// `{base}/callback`: the provider's answer becomes the gateway's. No input or output.
extension McpAuthentication {
    func callback(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ path: ClaimedPath, base: String
    ) -> Action {
        let decision = CallbackDecision(
            browsers: browsers(exchange, base), issuers: callbackIssuers(loop.provider),
            requiresIssuer:
                loop.provider?["authorization_response_iss_parameter_supported"] == true)
        let now = seconds
        let action = decision.action(
            exchange.attribute(.query)?.array ?? [],
            open: { text in
                parts.open(
                    text, for: SealPurpose.state, context: parts.context(path.protected), now: now
                )
                .flatMap { value in
                    Transaction(value).map { .success($0) } ?? .failure(.malformed)
                }
            },
            use: { text in
                Ledger.shared.use(
                    SealPurpose.identifier(of: text), until: now + SealPurpose.stateLife, now: now)
            },
            failure: mappedFailure)
        switch action {
        case .page(let failure): return page(exchange, failure)
        case .fail(let transaction, let failure):
            return sendBack(
                exchange,
                ClientRedirect.failure(
                    transaction.redirectURI, failure, state: transaction.clientState,
                    issuer: transaction.issuer), reason: "\(failure.code): \(failure.text)")
        case .succeed(let transaction, let code):
            guard
                let sealed = parts.seal(
                    GatewayCode(code, of: transaction).value, for: SealPurpose.code,
                    context: parts.context(path.protected), until: now + SealPurpose.codeLife)
            else {
                host.log(.error, "a code could not be sealed", exchange: exchange)
                return .fail
            }
            return sendBack(
                exchange,
                ClientRedirect.success(
                    transaction.redirectURI, code: sealed, state: transaction.clientState,
                    issuer: transaction.issuer), reason: "a code for the client")
        }
    }

    /// What the provider's `iss` may be: as configured, and as its document and adapter say.
    private func callbackIssuers(_ document: JSONValue?) -> [String] {
        var issuers = [configuration.issuer]
        if let own = document?["issuer"]?.stringValue { issuers.append(own) }
        if let output = try? ask(
            "issuers/0",
            ["issuer": .string(configuration.issuer), "document": document ?? .null])
        {
            issuers += ProviderAnswers.documentIssuers(output, issuer: configuration.issuer)
        }
        return issuers
    }

    /// What the adapter makes of the answer's parameters (`authorize_response/0`).
    private func mappedFailure(_ pairs: FormPairs) -> OAuthFailure? {
        var params: JSONObject = [:]
        for pair in pairs.pairs where params[pair.name] == nil {
            params[pair.name] = .string(pair.value)
        }
        let input: JSONValue = [
            "params": .object(params), "delivery": .string(delivery.rawValue),
        ]
        do throws(OAuthFailure) {
            let output = try ask("authorize_response/0", input)
            return refusal(output, "authorize_response/0")
        } catch {
            return error
        }
    }

    private func sendBack(_ exchange: Exchange, _ location: String, reason: String) -> Action {
        respond(exchange, ClientRedirect.response(to: location, reason: reason))
    }
}
