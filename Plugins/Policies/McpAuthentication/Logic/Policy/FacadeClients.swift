import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// Registration, and Client ID Metadata Documents.
extension McpAuthentication {
    /// Registers a client: the configured one, here, or at the provider.
    func register(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ body: [UInt8]
    ) -> Action {
        func refuse(_ failure: OAuthFailure) -> Action {
            respond(exchange, DocumentResponse.open(failure.response))
        }
        switch Registration.read(body, policy: parts.policy) {
        case .failure(let failure): return refuse(failure)
        case .success(let members): request.registration = members
        }
        let registration = parts.directory.registration
        switch registration {
        case .none: return respond(exchange, DocumentResponse.notFound())
        case .configured(let id):
            return respond(
                exchange,
                DocumentResponse.open(Registration.configured(id, request.registration)))
        case .emulated, .proxied:
            switch ClientRegistration.read(request.registration, policy: parts.policy) {
            case .failure(let failure): return refuse(failure)
            case .success(let read): request.registering = read
            }
            if registration == .emulated { return hand(exchange, request) }
        case .native, .passed: break
        }
        guard let document = loop.provider else {
            return waitsForProvider(loop, exchange, request, body)
                ? .pause : unavailable(exchange)
        }
        var members = request.registration
        if let read = request.registering {
            members = read.upstreamMetadata(members, callback: callbackURL(request))
            request.registration = members
        }
        switch registrationPlan(members, document) {
        case .failure(let failure): return refuse(failure)
        case .success(let plan): return begin(plan, for: .registration, exchange, request)
        }
    }

    func callbackURL(_ request: FacadeRequest) -> String {
        urls.callback(exchangeBase: request.base, protected: request.path.protected)
    }

    /// Seals a registration into its identifier and answers with it.
    private func hand(_ exchange: Exchange, _ request: FacadeRequest) -> Action {
        guard let registration = request.registering,
            let clientID = parts.seal(
                registration.record.sealedValue, for: SealPurpose.client,
                context: parts.context(request.path.protected),
                until: seconds + configuration.clients.registrationLifetime)
        else {
            host.log(.error, "a registration could not be sealed", exchange: exchange)
            return .fail
        }
        return respond(
            exchange,
            DocumentResponse.open(registration.response(clientID: clientID, now: seconds)))
    }

    private func registrationPlan(
        _ members: JSONObject, _ document: JSONValue
    ) -> Result<FetchPlan, OAuthFailure> {
        let input: JSONValue = [
            "metadata": .object(members), "document": document,
            "issuer": .string(configuration.issuer),
        ]
        do throws(OAuthFailure) {
            if let output = try ask("register_request/0", input) {
                return ProviderAnswers.registration(
                    output, issuer: configuration.issuerURL, secrets: planSecrets())
            }
        } catch {
            return .failure(error)
        }
        guard let endpoint = document["registration_endpoint"]?.stringValue else {
            return .failure(
                OAuthFailure("invalid_client_metadata", "the provider registers no clients"))
        }
        let reaches = FetchedURLRule.reaches(of: endpoint, issuer: configuration.issuerURL)
        return .success(Registration.plan(members, to: endpoint, reaches: reaches))
    }

    /// The provider's answer to a registration, after its adapter's repairs.
    private func repaired(
        _ answer: FetchedAnswer, _ exchange: Exchange, _ request: FacadeRequest
    ) -> LocalResponse {
        var answer = answer
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
        return Registration.response(answer, request: request.registration)
    }

    /// The provider answered a registration.
    func registered(
        _ exchange: Exchange, _ answer: FetchedAnswer, _ request: FacadeRequest
    ) -> Action {
        let response = repaired(answer, exchange, request)
        guard response.status == 201, let registration = request.registering else {
            return respond(exchange, DocumentResponse.open(response))
        }
        let members = (try? JSONValue(parsing: response.body))?.objectValue ?? [:]
        guard let complete = registration.registered(members) else {
            return respond(
                exchange,
                DocumentResponse.open(
                    .oauthError(
                        502, "server_error", "the provider did not register the client",
                        reason: "registration: no client_id")))
        }
        request.registering = complete
        return hand(exchange, request)
    }

    // MARK: Documents

    /// What is known of a document client.
    enum DocumentLookup {
        case known(ClientRecord)
        case fetch(FetchPlan)
        case failed(String)
    }

    func documentLookup(_ url: HTTPURL, _ clientID: String) -> DocumentLookup {
        if let value = try? host.cached("client " + clientID).value {
            if value.first == UInt8(ascii: "!") {
                return .failed(String(decoding: value.dropFirst(), as: UTF8.self))
            }
            // The policy may have changed since: what was kept is judged again.
            let answer = FetchedAnswer(
                status: 200, fields: [("content-type", "application/json")], body: value)
            if case .success(let record) = ClientDocument.read(
                answer, clientID: clientID, policy: parts.policy)
            {
                return .known(record)
            }
        }
        return .fetch(ClientDocument.plan(url))
    }

    /// A document or its registration at the provider was answered: `/authorize` goes on.
    func clientAnswered(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ answer: FetchedAnswer,
        _ request: FacadeRequest
    ) -> Action {
        guard case .success(let asked) = AuthorizationRequest.read(request.query) else {
            return .fail
        }
        if request.step == .clientDocument {
            return documentFetched(loop, exchange, answer, request, asked.clientID)
        }
        let response = repaired(answer, exchange, request)
        let members = (try? JSONValue(parsing: response.body))?.objectValue ?? [:]
        guard response.status == 201, let complete = request.registering?.registered(members),
            let upstream = complete.record.upstream
        else {
            return failed(
                exchange, request,
                OAuthFailure("server_error", "the provider did not register the client"),
                to: asked)
        }
        keepUpstream(upstream, of: asked.clientID, request)
        request.document?.upstream = upstream
        return authorize(loop, exchange, request)
    }

    private func documentFetched(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ answer: FetchedAnswer,
        _ request: FacadeRequest, _ clientID: String
    ) -> Action {
        switch ClientDocument.read(answer, clientID: clientID, policy: parts.policy) {
        case .failure(let refusal):
            host.log(
                .warning, "a client's metadata document is not used: \(refusal.reason)",
                fields: [("client_id", clientID)], exchange: exchange)
            let kept = Array("!".utf8) + Array(refusal.reason.utf8.prefix(200))
            try? host.cache(
                kept, as: "client " + clientID,
                milliseconds: UInt64(ClientDocument.failureAge))
            return page(exchange, Self.badDocument)
        case .success(let record):
            let age = ClientDocument.age(of: answer)
            if age > 0 {
                try? host.cache(
                    answer.body, as: "client " + clientID, milliseconds: UInt64(age))
            }
            request.document = record
            return authorize(loop, exchange, request)
        }
    }

    static let badDocument = OAuthFailure(
        "invalid_client", "the client's metadata document could not be fetched or used")

    /// The client at the provider that was registered for a document before, by this process.
    ///
    /// A changed document is another client: its name and redirect URIs are part of the key.
    func upstream(of record: ClientRecord, _ request: FacadeRequest) -> UpstreamClient? {
        guard let text = try? host.cached(upstreamKey(record, request)).value,
            case .success(let value) = parts.open(
                String(decoding: text, as: UTF8.self), for: SealPurpose.client,
                context: parts.context(request.path.protected) + " upstream", now: seconds)
        else { return nil }
        return UpstreamClient(value)
    }

    private func keepUpstream(
        _ upstream: UpstreamClient, of clientID: String, _ request: FacadeRequest
    ) {
        // Sealed: the cache is the process's, and a secret may be in it.
        guard let record = request.document,
            let text = parts.seal(
                upstream.value, for: SealPurpose.client,
                context: parts.context(request.path.protected) + " upstream",
                until: seconds + configuration.clients.registrationLifetime)
        else { return }
        try? host.cache(
            Array(text.utf8), as: upstreamKey(record, request),
            milliseconds: UInt64(clamping: configuration.clients.registrationLifetime * 1000))
    }

    private func upstreamKey(_ record: ClientRecord, _ request: FacadeRequest) -> String {
        let text = ([record.clientID, record.name ?? ""] + record.redirectURIs)
            .joined(separator: "\n")
        return "upstream \(configuration.issuer) \(callbackURL(request)) "
            + Base64URL.encode(Digests.sha256(Array(text.utf8)))
    }

    /// Begins the registration of a document's client at the provider.
    func registerDocument(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ record: ClientRecord, _ asked: AuthorizationRequest
    ) -> Action {
        guard let document = loop.provider else {
            return waitsForProvider(loop, exchange, request) ? .pause : unavailable(exchange)
        }
        var members: JSONObject = [
            "redirect_uris": .array(record.redirectURIs.map { .string($0) })
        ]
        members["client_name"] = record.name.map { .string($0) }
        switch ClientRegistration.read(members, policy: parts.policy) {
        case .failure(let failure): return failed(exchange, request, failure, to: asked)
        case .success(let read):
            request.document = record
            request.registering = read
            request.registration = read.upstreamMetadata(
                members, callback: callbackURL(request))
        }
        switch registrationPlan(request.registration, document) {
        case .success(let plan) where fetch(plan, for: .documentRegistration, exchange, request):
            return .pause
        default:
            return failed(
                exchange, request,
                OAuthFailure("temporarily_unavailable", "the provider cannot be reached"),
                to: asked)
        }
    }
}
