import GatehouseJSON
public import GatehousePluginKit

/// The OAuth endpoints of mediated delivery.
extension McpAuthentication {
    // MARK: /authorize

    /// Sends the browser on to the provider.
    func authorize(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ path: ClaimedPath,
        hasWaited: Bool = false
    ) -> Action {
        let query = exchange.attribute(.query)?.array ?? []
        switch AuthorizeRedirect.check(query) {
        case .failure(let failure): return respond(exchange, failure.response)
        case .success(let pairs):
            guard let endpoint = endpoint("authorization_endpoint", loop) else {
                return unavailable(exchange)
            }
            return respond(exchange, AuthorizeRedirect.redirect(to: endpoint, pairs))
        }
    }

    /// An endpoint of the provider's document: https, or of the issuer's own origin.
    private func endpoint(_ name: String, _ loop: AuthenticationLoop) -> HTTPURL? {
        guard let url = loop.provider?[name]?.stringValue.flatMap(HTTPURL.init) else { return nil }
        return url.scheme == "https" || url.origin == configuration.issuerURL?.origin ? url : nil
    }

    private func unavailable(_ exchange: Exchange) -> Action {
        ring(.metadataDemanded)
        return respond(
            exchange,
            DocumentResponse.open(
                .problem(
                    503, "the provider's metadata is not available yet", retryAfter: 5,
                    reason: "no metadata of the provider")))
    }

    // MARK: /token and registration

    /// Asks for the body of a submission.
    func submission(
        _ exchange: Exchange, _ head: MessageHead, _ path: ClaimedPath,
        _ state: inout ExchangeState
    ) -> Action {
        let request = FacadeRequest(path)
        if head.hasNoBody {
            return respond(
                exchange,
                DocumentResponse.open(OAuthFailure.request("the body is missing").response))
        }
        let maximum =
            path.kind == .token ? TokenProxy.maximumBytes : Registration.maximumBytes
        do throws(HostError) {
            try exchange.readBody(.whole, maxBytes: maximum)
        } catch {
            host.log(.error, "the body cannot be read: \(error)", exchange: exchange)
            return .fail
        }
        state.keep(request)
        return .continue
    }

    /// The whole body of a submission.
    public func requestBody(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ body: MessageBody,
        _ state: inout ExchangeState
    ) -> Action {
        guard body.isEnd else { return .continue }
        let bytes = body.array
        let action = state.with(FacadeRequest.self) { request -> Action in
            switch request.path.kind {
            case .token: return proxyToken(loop, exchange, request, bytes)
            case .registration:
                switch Registration.read(bytes) {
                case .failure(let failure):
                    return respond(exchange, DocumentResponse.open(failure.response))
                case .success(let members):
                    request.registration = members
                    return register(loop, exchange, request, hasWaited: false)
                }
            default: return .fail
            }
        }
        return action ?? .fail
    }

    /// Registers a client: the configured one, or at the provider.
    func register(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest, hasWaited: Bool
    ) -> Action {
        if let client = configuration.clientID {
            return respond(
                exchange,
                DocumentResponse.open(Registration.configured(client, request.registration)))
        }
        guard registration == .proxy || registration == .native else {
            return respond(exchange, DocumentResponse.notFound())
        }
        guard let document = loop.provider else { return unavailable(exchange) }
        switch registrationPlan(request.registration, document) {
        case .failure(let failure):
            return respond(exchange, DocumentResponse.open(failure.response))
        case .success(let plan): return begin(plan, .registration, exchange, request)
        }
    }

    private func registrationPlan(
        _ members: JSONObject, _ document: JSONValue
    ) -> Result<FetchPlan, OAuthFailure> {
        let input: JSONValue = [
            "metadata": .object(members), "document": document,
            "issuer": .string(configuration.issuer),
        ]
        if let provider {
            do throws(HookFailure) {
                let output = try provider.call("register_request/0", input)
                return ProviderAnswers.registration(output, issuer: configuration.issuerURL)
            } catch {
                if error.error != .unsupported {
                    host.log(.warning, "register_request/0: \(error.error)")
                    return .failure(
                        OAuthFailure(
                            "server_error", "the registration could not be prepared", status: 502))
                }
            }
        }
        guard let endpoint = document["registration_endpoint"]?.stringValue else {
            return .failure(
                OAuthFailure("invalid_client_metadata", "the provider registers no clients"))
        }
        let reaches = FetchedURLRule.reaches(of: endpoint, issuer: configuration.issuerURL)
        return .success(Registration.plan(members, to: endpoint, reaches: reaches))
    }

    private func proxyToken(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ body: [UInt8]
    ) -> Action {
        let type = exchange.field("content-type")?.text ?? ""
        switch TokenProxy.read(body, contentType: type) {
        case .failure(let failure):
            return respond(exchange, DocumentResponse.open(failure.response))
        case .success(var pairs):
            guard let endpoint = endpoint("token_endpoint", loop) else {
                return unavailable(exchange)
            }
            let authorization = exchange.field("authorization")?.text
            if let secret,
                TokenProxy.needsSecret(
                    pairs, hasAuthorization: authorization != nil,
                    clientID: configuration.clientID)
            {
                pairs.pairs.append((name: "client_secret", value: secret))
            }
            let plan = TokenProxy.plan(
                pairs, to: endpoint.text, authorization: authorization,
                reaches: FetchedURLRule.reaches(
                    of: endpoint.text, issuer: configuration.issuerURL))
            return begin(plan, .token, exchange, request)
        }
    }

    /// Begins a fetch of the exchange, with a wider reach where the host denies the first.
    private func begin(
        _ plan: FetchPlan, _ purpose: ExchangePurpose, _ exchange: Exchange,
        _ request: FacadeRequest
    ) -> Action {
        var next: FetchPlan? = plan
        while let plan = next {
            do throws(HostError) {
                try exchange.fetch(plan.request, token: purpose.rawValue)
                request.plan = plan
                return .pause
            } catch {
                next = error == .denied ? plan.wider : nil
                if next == nil {
                    host.log(
                        .warning, "\(plan.url) cannot be fetched: \(error)", exchange: exchange)
                }
            }
        }
        return respond(
            exchange,
            DocumentResponse.open(
                .oauthError(
                    502, "temporarily_unavailable", "the provider cannot be reached",
                    reason: "the fetch could not begin")))
    }

    /// The provider answered a registration.
    func registered(
        _ exchange: Exchange, _ result: OperationResult, _ state: inout ExchangeState
    ) -> Action {
        let action = state.with(FacadeRequest.self) { request -> Action in
            if result.error == .denied, let wider = request.plan?.wider {
                return begin(wider, .registration, exchange, request)
            }
            var answer = result.answer
            if answer.failure == nil, let provider {
                let input = ProviderAnswers.registrationInput(answer, request.registration)
                if let output = try? provider.call("register_response/0", input) {
                    let repaired = ProviderAnswers.registrationAnswer(output, instead: answer)
                    answer = repaired.answer
                    if let hint = repaired.hint {
                        host.log(.warning, "registration: \(hint)", exchange: exchange)
                    }
                }
            }
            let response = Registration.response(answer, request: request.registration)
            return respond(exchange, DocumentResponse.open(response))
        }
        return action ?? .fail
    }

    /// The provider answered a token request.
    func tokenAnswered(_ exchange: Exchange, _ result: OperationResult) -> Action {
        respond(exchange, DocumentResponse.open(TokenProxy.response(result.answer)))
    }
}
