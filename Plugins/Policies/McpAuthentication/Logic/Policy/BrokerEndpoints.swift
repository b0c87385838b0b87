import GatehouseJSON
import GatehousePluginKit

/// The token, revocation and key-set endpoints of broker delivery: the shell of ``Redemption`` and
/// ``Revocation``.
extension Broker: BrokerEndpoints {
    /// Waits for another redemption of the same token at most; together longer than a provider's
    /// answer may take.
    private static let waitsAtMost = 200
    /// Milliseconds of one.
    private static let wait: UInt32 = 50

    func submitted(
        _ policy: McpAuthentication, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ request: FacadeRequest, _ body: [UInt8]
    ) -> Action {
        let authorization = exchange.field("authorization")?.text
        let type = exchange.field("content-type")?.text ?? ""
        if request.path.kind == .revocation {
            return revoke(policy, loop, exchange, request, (body, type, authorization))
        }
        switch TokenProxy.read(body, contentType: type) {
        case .failure(let failure):
            return policy.respond(exchange, DocumentResponse.open(failure.response))
        case .success(let pairs):
            switch redemption(policy, loop, request, pairs, authorization) {
            case .failure(let failure):
                let usesBasic = authorization != nil
                return policy.respond(
                    exchange, DocumentResponse.open(failure.tokenResponse(usesBasic: usesBasic)))
            case .success(let redemption):
                guard let redemption else { return unavailable(policy, exchange) }
                request.redemption = redemption
                return step(policy, exchange, request) { $0.begin(now: policy.seconds) }
            }
        }
    }

    func answered(
        _ policy: McpAuthentication, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ request: FacadeRequest, _ answer: FetchedAnswer
    ) -> Action {
        guard request.path.kind == .revocation else {
            return step(policy, exchange, request) { $0.answered(answer, now: policy.seconds) }
        }
        // The gateway's own tokens are revoked, whatever the provider says.
        if answer.failure != nil || !(200...299).contains(answer.status) {
            let what = answer.failure ?? "status \(answer.status)"
            policy.host.log(.warning, "revocation at the provider: \(what)", exchange: exchange)
        }
        return policy.respond(exchange, Revocation.done)
    }

    func woken(
        _ policy: McpAuthentication, _ exchange: Exchange, _ request: FacadeRequest
    ) -> Action {
        step(policy, exchange, request) { $0.begin(now: policy.seconds) }
    }

    func ended(_ policy: McpAuthentication, _ request: FacadeRequest) {
        request.redemption?.abandon(now: policy.seconds)
    }

    func keySet() -> LocalResponse {
        DocumentResponse.document(
            bytes: tokens.keySet, cacheControl: "public, max-age=\(DocumentResponse.maximumAge)",
            reason: "the gateway's key set")
    }

    // MARK: /token

    /// The redemption of a form; `nil` while the provider's document is not there.
    private func redemption(
        _ policy: McpAuthentication, _ loop: AuthenticationLoop, _ request: FacadeRequest,
        _ pairs: FormPairs, _ authorization: String?
    ) -> Result<Redemption?, OAuthFailure> {
        let client: TokenClient
        switch TokenClient.read(pairs, authorization: authorization) {
        case .failure(let failure): return .failure(failure)
        case .success(let read): client = read
        }
        switch policy.find(client.id, request) {
        case .known(let record):
            guard client.authenticates(record, configuredSecret: policy.secret) else {
                return .failure(
                    OAuthFailure("invalid_client", "the client's secret is wrong", status: 401))
            }
        case .document: break
        case .unknown, .foreign: return .failure(.unknownClient)
        }
        return TokenForm.read(pairs).map { form in
            party(policy, loop, request).map {
                redemption(
                    $0, client: client, form: form,
                    codeContext: policy.parts.context(request.path.protected))
            }
        }
    }

    private func step(
        _ policy: McpAuthentication, _ exchange: Exchange, _ request: FacadeRequest,
        _ event: (inout Redemption) -> Redemption.Step
    ) -> Action {
        guard var redemption = request.redemption else { return .fail }
        var step = event(&redemption)
        if case .fetch(let plan) = step {
            request.redemption = redemption
            if policy.fetch(plan, for: .broker, exchange, request) {
                tell(policy, exchange, request)
                return .pause
            }
            let failure = FetchedAnswer(status: 0, failure: "the request could not begin")
            step = redemption.answered(failure, now: policy.seconds)
        }
        request.redemption = redemption
        tell(policy, exchange, request)
        switch step {
        case .respond(let response): return policy.respond(exchange, response)
        case .fetch: return unavailable(policy, exchange)
        case .wait:
            request.waits += 1
            let timer =
                request.waits > Self.waitsAtMost
                ? nil
                : try? exchange.timer(
                    token: ExchangePurpose.broker.rawValue, afterMilliseconds: Self.wait)
            return timer == nil ? unavailable(policy, exchange) : .pause
        }
    }

    /// Tells the operator what the redemption has to say.
    private func tell(
        _ policy: McpAuthentication, _ exchange: Exchange, _ request: FacadeRequest
    ) {
        for remark in request.redemption?.remarks ?? [] {
            policy.host.log(.warning, "token: \(remark)", exchange: exchange)
        }
        request.redemption?.remarks = []
    }

    private func unavailable(_ policy: McpAuthentication, _ exchange: Exchange) -> Action {
        policy.ring(.metadataDemanded)
        var response = LocalResponse.oauthError(
            503, "temporarily_unavailable", "the provider cannot be asked now",
            reason: "no metadata of the provider, or the token is being redeemed")
        response.fields.append(("retry-after", "5"))
        return policy.respond(exchange, DocumentResponse.open(response))
    }

    // MARK: /revoke

    private func revoke(
        _ policy: McpAuthentication, _ loop: AuthenticationLoop, _ exchange: Exchange,
        _ request: FacadeRequest, _ form: (body: [UInt8], type: String, authorization: String?)
    ) -> Action {
        func refuse(_ failure: OAuthFailure) -> Action {
            policy.respond(
                exchange,
                DocumentResponse.open(
                    failure.tokenResponse(usesBasic: form.authorization != nil)))
        }
        let name = form.type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard name == "application/x-www-form-urlencoded",
            let pairs = FormPairs(parsing: form.body)
        else { return refuse(.request("the body is not a form")) }
        var client: String?
        if form.authorization != nil || pairs["client_id"] != nil {
            switch TokenClient.read(pairs, authorization: form.authorization) {
            case .failure(let failure): return refuse(failure)
            case .success(let read): client = read.id
            }
        }
        let revocation = Revocation(
            mint: mint, ledger: ledger, party: party(policy, loop, request))
        switch revocation.begin(pairs, clientID: client, now: policy.seconds) {
        case .respond(let response): return policy.respond(exchange, response)
        case .fetch(let plan):
            return policy.fetch(plan, for: .broker, exchange, request)
                ? .pause : policy.respond(exchange, Revocation.done)
        }
    }

    // MARK: The provider

    /// The gateway's client at the provider; `nil` while the provider's document is not there.
    private func party(
        _ policy: McpAuthentication, _ loop: AuthenticationLoop, _ request: FacadeRequest
    ) -> UpstreamParty? {
        guard let document = loop.provider else { return nil }
        let provider = policy.provider
        let secrets = policy.upstreamSecrets
        return party(
            document: document, callback: policy.callbackURL(request),
            hook: { name, input in
                guard let provider else { return .unsupported }
                do throws(HookFailure) {
                    return .output(try provider.call(name, input))
                } catch {
                    return error.error == .unsupported ? .unsupported : .failed("\(error.error)")
                }
            },
            secrets: { token in secrets.plan(token: token) })
    }
}
