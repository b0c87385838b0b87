import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// `/authorize`: from the client to a person's consent, and to the provider.
///
/// GET may come any number of times (G77): nothing is kept, and each answer stands for itself.
extension McpAuthentication {
    /// A request for the page, or a person's answer to it.
    func authorize(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ head: MessageHead,
        _ request: FacadeRequest, _ state: inout ExchangeState
    ) -> Action {
        if head.method == .post {
            // A page of another origin cannot know the token; this says so earlier.
            let site = exchange.field("sec-fetch-site")?.text ?? "same-origin"
            guard !head.hasNoBody, site == "same-origin" || site == "none" else {
                return page(exchange, .request("the form is not of this page"))
            }
            request.isForm = true
            return readBody(exchange, request, &state)
        }
        request.query = exchange.attribute(.query)?.array ?? []
        let action = authorize(loop, exchange, request)
        if action == .pause { state.keep(request) }
        return action
    }

    /// Looks the client up and does what the decision says; comes back after every fetch.
    func authorize(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest
    ) -> Action {
        let asked: AuthorizationRequest
        switch AuthorizationRequest.read(request.query) {
        case .failure(let failure): return page(exchange, failure)
        case .success(let read): asked = read
        }
        var client = request.document
        if client == nil {
            switch find(asked.clientID, request) {
            case .known(let record): client = record
            case .foreign: break
            case .unknown:
                return page(
                    exchange,
                    OAuthFailure(
                        "invalid_client", "the client is not registered here, or not any more"))
            case .document(let url):
                switch documentLookup(url, asked.clientID) {
                case .known(let record): client = record
                case .failed: return page(exchange, Self.badDocument)
                case .fetch(let plan):
                    if let refusal = limited(exchange) { return refusal }
                    return fetch(plan, for: .clientDocument, exchange, request)
                        ? .pause : page(exchange, Self.badDocument)
                }
            }
        }
        return decide(loop, exchange, request, asked, client)
    }

    func find(_ clientID: String, _ request: FacadeRequest) -> ClientDirectory.Found {
        parts.directory.find(clientID) { text in
            try? parts.open(
                text, for: SealPurpose.client, context: parts.context(request.path.protected),
                now: seconds
            ).get()
        }
    }

    private func decide(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ asked: AuthorizationRequest, _ client: ClientRecord?
    ) -> Action {
        let browser = browser(exchange, request.base)
        let decision = AuthorizeDecision(
            directory: parts.directory, policy: parts.policy,
            consent: configuration.clients.consent, resources: resources(request),
            route: parts.context(request.path.protected))
        let action = decision.action(
            asked, client: client, consents: browser.consents,
            hasConsented: request.decision != .notAsked)
        switch action {
        case .page(let failure): return page(exchange, failure)
        case .fail(let failure, let uri):
            return sendBack(exchange, request, asked, failure, to: uri)
        case .ask(let uri, _):
            guard let client else { return .fail }
            return askPerson(loop, exchange, request, asked, client, uri, browser)
        case .proceed(let uri, let resource, let consent):
            if request.decision == .denied {
                return denied(exchange, request, asked, client, uri)
            }
            if delivery == .relay, let client, client.kind == .document, client.upstream == nil,
                configuration.clientID == nil
            {
                guard let known = upstream(of: client, request) else {
                    if let refusal = limited(exchange) { return refusal }
                    return registerDocument(loop, exchange, request, client, asked)
                }
                request.document = client
                request.document?.upstream = known
                return decide(loop, exchange, request, asked, request.document)
            }
            var remembered = browser
            if let consent { remembered.remember(consent) }
            let way = Way(
                client: client, redirectURI: uri, resource: resource, browser: remembered,
                setsCookie: consent != nil)
            return proceed(loop, exchange, request, asked, way)
        }
    }

    /// What the route serves: as its metadata names it, and as audiences name it.
    private func resources(_ request: FacadeRequest) -> [String] {
        [urls.resource(exchangeBase: request.base, path: request.path.protected)]
            + configuration.audiences
    }

    /// What goes to the provider.
    struct Way {
        var client: ClientRecord?
        var redirectURI: String?
        var resource: String?
        var browser: BrowserRecord
        var setsCookie: Bool
    }

    private func proceed(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ asked: AuthorizationRequest, _ way: Way
    ) -> Action {
        guard let document = loop.provider, let endpoint = endpoint("authorization_endpoint", loop)
        else {
            return waitsForProvider(loop, exchange, request) ? .pause : unavailable(exchange)
        }
        var upstream = UpstreamAuthorization(
            clientID: way.client?.upstream?.id ?? configuration.clientID ?? asked.clientID,
            resource: way.resource, scopes: asked.scopes)
        if way.client == nil { upstream.clientID = asked.clientID }
        if delivery.hasCallback {
            guard let state = state(request, asked, way, &upstream) else {
                host.log(.error, "a transaction could not be sealed", exchange: exchange)
                return .fail
            }
            upstream.state = state
            upstream.callback = callbackURL(request)
        }
        do throws(OAuthFailure) {
            let output = try ask(
                "authorize_request/0",
                upstream.hookInput(asked, delivery: delivery, document: document))
            if let failure = refusal(output, "authorize_request/0") { throw failure }
            let pairs = upstream.pairs(asked, params: output?["params"]?.objectValue)
            var response = AuthorizeRedirect.redirect(
                to: endpoint, pairs, status: request.isForm ? 303 : 302)
            if delivery.hasCallback || way.setsCookie {
                setCookie(way.browser, request.base, &response)
            }
            return respond(exchange, response)
        } catch {
            return failed(exchange, request, error, to: asked, uri: way.redirectURI)
        }
    }

    /// The sealed transaction; in broker delivery with a verifier of the gateway's own.
    private func state(
        _ request: FacadeRequest, _ asked: AuthorizationRequest, _ way: Way,
        _ upstream: inout UpstreamAuthorization
    ) -> String? {
        guard let redirectURI = way.redirectURI else { return nil }
        var transaction = Transaction(
            client: Transaction.hash(of: asked.clientID), redirectURI: redirectURI,
            clientState: asked.state, challenge: asked.challenge, resource: way.resource,
            scopes: asked.scopes, issuer: issuer(request.path, base: request.base),
            browser: way.browser.hash, upstream: way.client?.upstream)
        if delivery == .broker {
            guard let random = RandomOctets.make(32) else { return nil }
            let verifier = Base64URL.encode(random)
            transaction.verifier = verifier
            upstream.challenge = PKCE.challenge(of: verifier)
        }
        return parts.seal(
            transaction.value, for: SealPurpose.state,
            context: parts.context(request.path.protected),
            until: seconds + SealPurpose.stateLife)
    }

    // MARK: Consent

    private func askPerson(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ asked: AuthorizationRequest, _ client: ClientRecord, _ uri: String,
        _ browser: BrowserRecord
    ) -> Action {
        let value: JSONValue = [
            "q": .string(String(decoding: request.query, as: UTF8.self)),
            "b": .string(Base64URL.encode(browser.hash)),
            "l": .string(request.path.layout.rawValue),
        ]
        guard
            let token = parts.seal(
                value, for: SealPurpose.consent, context: parts.context(request.path.protected),
                until: seconds + SealPurpose.stateLife)
        else {
            host.log(.error, "a consent could not be sealed", exchange: exchange)
            return .fail
        }
        let question = Pages.Question(
            client: client, redirectURI: uri, scopes: asked.scopes,
            resource: urls.resource(exchangeBase: request.base, path: request.path.protected),
            action: exchange.attribute(.path)?.text ?? "",
            token: token,
            provider: endpoint("authorization_endpoint", loop)?.origin ?? configuration.issuer)
        var response = Pages.consent(question)
        setCookie(browser, request.base, &response)
        return respond(exchange, response)
    }

    /// The answer to a consent page: it belongs to the browser that got the page (CSRF), and the
    /// request that it answers travels in it.
    func consented(
        _ loop: AuthenticationLoop, _ exchange: Exchange, _ request: FacadeRequest,
        _ body: [UInt8]
    ) -> Action {
        let stale = OAuthFailure.request("the page is too old, or of another browser")
        guard let pairs = FormPairs(parsing: body), let token = pairs["token"],
            pairs.count(of: "token") == 1, pairs.count(of: "decision") == 1,
            case .success(let value) = parts.open(
                token, for: SealPurpose.consent, context: parts.context(request.path.protected),
                now: seconds),
            let query = value["q"]?.stringValue,
            let asker = value["b"]?.stringValue.flatMap(Base64URL.decode),
            value["l"]?.stringValue == request.path.layout.rawValue,
            browsers(exchange, request.base).contains(where: { Digests.equal($0.hash, asker) })
        else { return page(exchange, stale) }
        request.query = Array(query.utf8)
        request.decision = pairs["decision"] == "allow" ? .allowed : .denied
        return authorize(loop, exchange, request)
    }

    private func denied(
        _ exchange: Exchange, _ request: FacadeRequest, _ asked: AuthorizationRequest,
        _ client: ClientRecord?, _ uri: String?
    ) -> Action {
        let failure = OAuthFailure("access_denied", "the person did not allow it")
        // In mediated delivery the redirect URIs of the configured client are not known here.
        guard let uri, let client, client.kind != .configured || delivery.hasCallback else {
            return page(exchange, failure)
        }
        return sendBack(exchange, request, asked, failure, to: uri)
    }

    // MARK: Answers

    /// An error before or instead of a redirect (G73, G66).
    func page(_ exchange: Exchange, _ failure: OAuthFailure) -> Action {
        let accept = exchange.field("accept")?.text
        return respond(
            exchange, Pages.failure(failure, acceptsHTML: Pages.acceptsHTML(accept)))
    }

    /// An error by redirect, with the client's state and the gateway's issuer (G73, G75).
    ///
    /// Anybody may register a URI of another machine: a person whom nobody has asked yet is not
    /// sent there by a link alone, but told, and may go there (RFC 9700 §4.11.2).
    private func sendBack(
        _ exchange: Exchange, _ request: FacadeRequest, _ asked: AuthorizationRequest,
        _ failure: OAuthFailure, to uri: String
    ) -> Action {
        let state = asked.pairs.count(of: "state") == 1 ? asked.state : nil
        let location = ClientRedirect.failure(
            uri, failure, state: state,
            issuer: delivery.hasCallback ? issuer(request.path, base: request.base) : nil)
        if !request.isForm, !parts.policy.isTrusted(uri),
            Pages.acceptsHTML(exchange.field("accept")?.text)
        {
            return respond(exchange, Pages.failure(failure, acceptsHTML: true, next: location))
        }
        return respond(
            exchange,
            ClientRedirect.response(
                to: location, status: request.isForm ? 303 : 302,
                reason: "\(failure.code): \(failure.text)"))
    }

    /// An error of the provider's side for a client whose redirect URI was checked already.
    func failed(
        _ exchange: Exchange, _ request: FacadeRequest, _ failure: OAuthFailure,
        to asked: AuthorizationRequest, uri: String? = nil
    ) -> Action {
        guard delivery.hasCallback, let uri = uri ?? asked.redirectURI else {
            return page(exchange, failure)
        }
        return sendBack(exchange, request, asked, failure, to: uri)
    }
}
