import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// `/token`: mediated delivery passes requests on, relay opens what it sealed first, broker
/// answers by itself.
extension McpAuthentication {
    /// The body of a token or revocation request.
    func submitted(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ body: [UInt8]
    ) -> Action {
        if request.path.kind == .token, waitsForProvider(loop, exchange, request, body) {
            return .pause
        }
        if delivery == .broker { return brokerSubmission(loop, exchange, request, body) }
        let type = exchange.field("content-type")?.text ?? ""
        switch TokenProxy.read(body, contentType: type) {
        case .failure(let failure): return refuse(exchange, failure)
        case .success(let pairs):
            guard let endpoint = endpoint("token_endpoint", loop) else {
                return unavailable(exchange)
            }
            let authorization = exchange.field("authorization")?.text
            if delivery == .mediated {
                request.grant = mediatedGrant(pairs, authorization)
                return send(loop, exchange, request, endpoint)
            }
            switch relayGrant(pairs, authorization, request) {
            case .failure(let failure):
                return respond(
                    exchange,
                    DocumentResponse.open(failure.tokenResponse(usesBasic: request.usesBasic)))
            case .success(let grant):
                request.grant = grant
                return send(loop, exchange, request, endpoint)
            }
        }
    }

    private func refuse(_ exchange: Exchange, _ failure: OAuthFailure) -> Action {
        respond(exchange, DocumentResponse.open(failure.response))
    }

    // MARK: Mediated

    /// The client's request as it is, but that a document's client is the configured one, and
    /// that the configured client's secret is added where it has shown none (G84).
    private func mediatedGrant(
        _ pairs: FormPairs, _ authorization: String?
    ) -> UpstreamTokenRequest {
        var pairs = pairs
        let basic = authorization.flatMap(ClientCredentials.parse)
        var id = pairs["client_id"] ?? basic?.clientID ?? ""
        if parts.directory.takesDocuments, let configured = configuration.clientID,
            ClientDocument.url(of: id) != nil
        {
            id = configured
            pairs.set("client_id", configured, inPlace: true)
        }
        let shown = ["client_secret", "client_assertion"].contains { pairs[$0] != nil }
        var params = pairs
        for name in UpstreamTokenRequest.hidden { params.remove(name) }
        let added = pairs.pairs.filter { UpstreamTokenRequest.hidden.contains($0.name) }
        let isConfigured = id == configuration.clientID
        let scopes = (pairs["scope"] ?? "").split(separator: " ").map(String.init)
        return UpstreamTokenRequest(
            grantType: pairs["grant_type"] ?? "", params: params, added: FormPairs(added),
            client: UpstreamTokenRequest.Client(
                id: id, isConfigured: isConfigured, hasSecret: isConfigured && secret != nil,
                hasKey: isConfigured && hasClientKey,
                authenticates: shown || authorization != nil),
            upstream: nil, authorization: authorization, resource: pairs["resource"],
            scopes: scopes)
    }

    // MARK: Relay

    /// Opens the gateway's code or refresh token; everything is checked before the provider is
    /// asked.
    private func relayGrant(
        _ pairs: FormPairs, _ authorization: String?, _ request: FacadeRequest
    ) -> Result<UpstreamTokenRequest, OAuthFailure> {
        let presented: TokenClient
        switch TokenClient.read(pairs, authorization: authorization) {
        case .failure(let failure):
            request.usesBasic = authorization != nil
            return .failure(failure)
        case .success(let read): presented = read
        }
        request.usesBasic = presented.usesBasic
        switch find(presented.id, request) {
        case .known(let record):
            guard presented.authenticates(record, configuredSecret: secret) else {
                return .failure(
                    OAuthFailure("invalid_client", "the client's secret is wrong", status: 401))
            }
        case .document: break
        case .unknown, .foreign: return .failure(.unknownClient)
        }
        request.client = Transaction.hash(of: presented.id)
        let isCode = pairs["grant_type"] == "authorization_code"
        let grant =
            isCode
            ? redeemed(pairs, presented.id, request) : refreshed(pairs, presented.id, request)
        return grant
    }

    private var configuredClient: RelayGrant.Configured? {
        configuration.clientID.map {
            RelayGrant.Configured(id: $0, hasSecret: secret != nil, hasKey: hasClientKey)
        }
    }

    private func redeemed(
        _ pairs: FormPairs, _ clientID: String, _ request: FacadeRequest
    ) -> Result<UpstreamTokenRequest, OAuthFailure> {
        let now = seconds
        guard let text = pairs["code"], !text.isEmpty else {
            return .failure(.request("code is missing"))
        }
        guard
            case .success(let value) = parts.open(
                text, for: SealPurpose.code, context: parts.context(request.path.protected),
                now: now),
            let code = GatewayCode(value)
        else { return .failure(OAuthFailure("invalid_grant", "the code is not good, or too old")) }
        if let failure = RelayGrant.check(code, pairs, clientID: clientID) {
            return .failure(failure)
        }
        guard
            Ledger.shared.use(
                SealPurpose.identifier(of: text), until: now + SealPurpose.codeLife, now: now)
        else { return .failure(OAuthFailure("invalid_grant", "the code was used before")) }
        guard
            let grant = RelayGrant.request(
                code, pairs, callback: callbackURL(request), configured: configuredClient)
        else { return .failure(.unknownClient) }
        return .success(grant)
    }

    private func refreshed(
        _ pairs: FormPairs, _ clientID: String, _ request: FacadeRequest
    ) -> Result<UpstreamTokenRequest, OAuthFailure> {
        guard let text = pairs["refresh_token"], !text.isEmpty else {
            return .failure(.request("refresh_token is missing"))
        }
        guard
            case .success(let value) = parts.open(
                text, for: SealPurpose.refresh, context: parts.context(request.path.protected),
                now: seconds),
            let refresh = RelayRefresh(value)
        else {
            return .failure(OAuthFailure("invalid_grant", "the token is not good, or too old"))
        }
        if let failure = RelayGrant.check(refresh, pairs, clientID: clientID) {
            return .failure(failure)
        }
        guard
            let grant = RelayGrant.request(refresh, pairs, configured: configuredClient)
        else { return .failure(.unknownClient) }
        request.refreshToken = refresh.token
        return .success(grant)
    }

    // MARK: The provider

    /// What a plan may need of this policy. Nothing of it is ever logged.
    func planSecrets(token: String? = nil) -> PlanSecrets {
        upstreamSecrets.plan(token: token)
    }

    /// Asks the adapter how the request is passed on, and sends it.
    private func send(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ endpoint: HTTPURL
    ) -> Action {
        guard let grant = request.grant else { return .fail }
        do throws(OAuthFailure) {
            let output = try ask(
                "token_request/0",
                grant.hookInput(delivery: delivery, document: loop.provider ?? [:]))
            if let failure = refusal(output, "token_request/0") { throw failure }
            guard
                let plan = grant.plan(output, endpoint: endpoint.text)?.executed(
                    with: planSecrets(), issuer: configuration.issuerURL)
            else {
                host.log(
                    .error,
                    "the token request could not be made: a secret or key is missing, or"
                        + " the adapter's plan is none", exchange: exchange)
                throw OAuthFailure(
                    "server_error", "the request could not be prepared", status: 502)
            }
            return begin(plan, for: .token, exchange, request)
        } catch {
            return refuse(exchange, error)
        }
    }

    /// The provider answered a token request.
    func tokenAnswered(
        _ exchange: Exchange, _ answer: FetchedAnswer, _ request: FacadeRequest
    ) -> Action {
        var answer = answer
        if answer.failure == nil, let grant = request.grant {
            let hidden = HiddenTokenAnswer(
                answer, grantType: grant.grantType, scopes: grant.scopes, delivery: delivery)
            if let output = try? ask("token_response/0", hidden.input),
                let mapped = hidden.answer(output)
            {
                answer = mapped.answer
                if let hint = mapped.hint {
                    host.log(.warning, "token_response/0: \(hint)", exchange: exchange)
                }
            }
        }
        let client = request.grant?.client
        let isGateways = client?.isConfigured == true && client?.authenticates == false
        switch TokenProxy.read(answer, isGateways: isGateways) {
        case .failure(let refusal):
            if refusal.response.status >= 500 {
                host.log(.warning, refusal.response.reason, exchange: exchange)
            }
            return respond(exchange, DocumentResponse.open(refusal.response))
        case .success(var members):
            if delivery == .relay { sealRefresh(&members, request) }
            return respond(exchange, DocumentResponse.open(TokenProxy.tokens(members)))
        }
    }

    /// The provider's refresh token travels sealed, with the client at the provider; the one that
    /// was used stays good where no new one came.
    private func sealRefresh(_ members: inout JSONObject, _ request: FacadeRequest) {
        let token = members["refresh_token"]?.stringValue ?? request.refreshToken
        members["refresh_token"] = JSONValue?.none
        guard let token, let grant = request.grant, let client = request.client else { return }
        let refresh = RelayRefresh(
            token: token, client: client, resource: grant.resource, scopes: grant.scopes,
            upstream: grant.upstream)
        members["refresh_token"] = parts.seal(
            refresh.value, for: SealPurpose.refresh, context: parts.context(request.path.protected),
            until: seconds + SealPurpose.refreshLife
        ).map { .string($0) }
    }
}
