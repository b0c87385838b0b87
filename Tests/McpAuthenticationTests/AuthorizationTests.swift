import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: authorization requests and the way back")
struct AuthorizationTests {
    private let challenge = String(repeating: "a", count: 43)

    private func request(_ change: [(name: String, value: String)] = []) throws
        -> AuthorizationRequest
    {
        var pairs = FormPairs([
            ("response_type", "code"), ("client_id", "c"),
            ("redirect_uri", "http://localhost:7/cb"), ("state", "s"),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ])
        for pair in change {
            pairs.remove(pair.name)
            if !pair.value.isEmpty { pairs.pairs.append(pair) }
        }
        return try AuthorizationRequest.read(Array(pairs.encoded.utf8)).get()
    }

    private func decision(
        _ delivery: Delivery, clientID: String? = "up",
        _ consent: ClientsConfiguration.Consent = .remember, only: [String] = []
    ) -> AuthorizeDecision {
        var configuration = Configuration(issuer: "https://as.test", audiences: [])
        configuration.clientID = clientID
        return AuthorizeDecision(
            directory: ClientDirectory(
                delivery: delivery, configuration: configuration,
                description: ProviderAnswers.Description()),
            policy: RedirectURIs(schemes: ["cursor"], only: only), consent: consent,
            resources: ["https://gw.test/mcp", "api://x"], route: "/mcp")
    }

    private let client = ClientRecord(
        clientID: "c", kind: .registered, redirectURIs: ["http://localhost:1/cb"])

    private func act(
        _ decision: AuthorizeDecision, _ request: AuthorizationRequest,
        _ client: ClientRecord? = nil, consents: [String] = [], hasConsented: Bool = false
    ) -> AuthorizeDecision.Action {
        decision.action(
            request, client: client ?? self.client, consents: consents,
            hasConsented: hasConsented)
    }

    @Test func `clients that share an upstream client are asked about, once (G76, §6.1)`() throws {
        let relay = decision(.relay)
        guard case .ask(let uri, let consent) = act(relay, try request()) else {
            Issue.record("not asked")
            return
        }
        #expect(uri == "http://localhost:7/cb")
        #expect(
            act(relay, try request(), hasConsented: true)
                == .proceed(redirectURI: uri, resource: "https://gw.test/mcp", consent: consent))
        #expect(
            act(relay, try request(), consents: [consent])
                == .proceed(redirectURI: uri, resource: "https://gw.test/mcp", consent: nil))
        // A consent to one client, or at one redirect URI, says nothing about another.
        var evil = client
        evil.clientID = "evil"
        guard case .ask = act(relay, try request(), evil, consents: [consent]) else {
            Issue.record("the consent of another client was taken")
            return
        }
        guard case .ask = act(decision(.relay, .always), try request(), consents: [consent]) else {
            Issue.record("not always asked")
            return
        }
        guard case .proceed = act(decision(.relay, .never), try request()) else {
            Issue.record("asked")
            return
        }
        guard
            case .fail(let failure, _) = act(relay, try request([("prompt", "none")]))
        else {
            Issue.record("no error")
            return
        }
        #expect(failure.code == "consent_required")
    }

    @Test func `a client of its own at the provider is not asked about`() throws {
        var own = client
        own.upstream = UpstreamClient(id: "up")
        guard case .proceed = act(decision(.relay, clientID: nil), try request(), own) else {
            Issue.record("asked")
            return
        }
        guard case .ask = act(decision(.broker), try request(), own) else {
            Issue.record("broker does not ask")
            return
        }
    }

    @Test(arguments: [
        "", "http://localhost:7/other", "https://evil.test/cb", "http://127.0.0.1:7/cb",
        "javascript:x", "http://localhost:7/cb#f",
    ])
    func `a redirect URI that is not the client's is a page, never a redirect (G73, G64)`(
        uri: String
    ) throws {
        var two = client
        two.redirectURIs.append("https://b.test/cb")
        guard
            case .page(let failure) = act(
                decision(.relay), try request([("redirect_uri", uri)]), two)
        else {
            Issue.record("no page")
            return
        }
        #expect(failure.status == 400)
    }

    @Test func `the only redirect URI may be left out`() throws {
        guard
            case .ask(let uri, _) = act(decision(.relay), try request([("redirect_uri", "")]))
        else {
            Issue.record("not asked")
            return
        }
        #expect(uri == "http://localhost:1/cb")
    }

    @Test(
        arguments: [
            ("response_type", "token", "unsupported_response_type"),
            ("code_challenge", "", "invalid_request"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("resource", "https://other.test/mcp", "invalid_target"),
            ("scope", "a\"b", "invalid_scope"), ("request", "x", "request_not_supported"),
        ] as [(String, String, String)])
    func `all other errors go to the client by redirect (G72, G73, G78)`(
        name: String, value: String, code: String
    ) throws {
        guard
            case .fail(let failure, let uri) = act(
                decision(.relay), try request([(name, value)]))
        else {
            Issue.record("no redirect")
            return
        }
        #expect(failure.code == code && uri == "http://localhost:7/cb")
    }

    @Test func `the configured client by its plain identifier has listed or local URIs only`()
        throws
    {
        let configured = ClientRecord(clientID: "up", kind: .configured, redirectURIs: [])
        let remote = try request([("redirect_uri", "https://claude.ai/cb")])
        guard case .page = act(decision(.relay), remote, configured) else {
            Issue.record("an open redirect")
            return
        }
        let listed = decision(.relay, only: ["https://claude.ai/cb"])
        guard case .ask = act(listed, remote, configured),
            case .ask = act(decision(.relay), try request(), configured),
            case .ask = act(decision(.mediated), remote, configured)
        else {
            Issue.record("refused")
            return
        }
        // In mediated delivery the provider checks the URI, so nobody is sent there from here.
        let flawed = try request([("redirect_uri", "https://x.test/cb"), ("code_challenge", "")])
        guard case .page = act(decision(.mediated), flawed, configured) else {
            Issue.record("a redirect to an unchecked URI")
            return
        }
    }

    @Test(
        arguments: [
            (["https://gw.test/mcp"], "https://gw.test/mcp"), ([], "https://gw.test/mcp"),
            (["https://gw.test/mcp/"], "https://gw.test/mcp"),
            (["HTTPS://GW.test:443/mcp?kb_name=x"], "https://gw.test/mcp"),
            (["api://x"], "api://x"), (["https://gw.test/mcp", "api://x"], "https://gw.test/mcp"),
            (["https://gw.test/mcp2"], nil), (["http://gw.test/mcp"], nil),
            (["https://gw.test:444/mcp"], nil), (["api://x", "https://evil.test"], nil),
        ] as [([String], String?)])
    func `a resource is compared tolerantly (G78, G79)`(asked: [String], expected: String?) {
        let served = ["https://gw.test/mcp", "api://x"]
        #expect(ResourceMatch.resource(of: asked, served: served) == expected)
    }

    // MARK: The way back

    @Test func `state comes back byte for byte and iss exactly once (G74, G75)`() throws {
        let state = "a b+c&d=%20\u{1F600}/?#"
        let location = ClientRedirect.success(
            "https://a.test/cb?x=1", code: "k", state: state, issuer: "https://gw.test/mcp")
        let url = try #require(HTTPURL(location))
        let pairs = try #require(FormPairs(parsing: (url.query ?? "").utf8))
        #expect(pairs["state"] == state && pairs["code"] == "k" && pairs["x"] == "1")
        #expect(pairs.count(of: "iss") == 1 && pairs["iss"] == "https://gw.test/mcp")
        #expect(!location.contains("+"))
        let failure = ClientRedirect.failure(
            "cursor://x/cb", OAuthFailure("access_denied", "no"), state: nil, issuer: "i")
        #expect(failure == "cursor://x/cb?error=access_denied&error_description=no&iss=i")
    }

    // MARK: The callback

    private let browser = BrowserRecord(id: [UInt8](repeating: 7, count: 16))

    private var transaction: Transaction {
        Transaction(
            client: [1], redirectURI: "http://localhost:7/cb", clientState: "s",
            challenge: challenge, resource: nil, scopes: [], issuer: "https://gw.test",
            browser: browser.hash)
    }

    private func callback(
        _ query: String, browsers: [BrowserRecord]? = nil, requiresIssuer: Bool = false,
        isFirst: Bool = true, failure: OAuthFailure? = nil
    ) -> CallbackDecision.Action {
        CallbackDecision(
            browsers: browsers ?? [browser], issuers: ["https://as.test/r"],
            requiresIssuer: requiresIssuer
        ).action(
            Array(query.utf8),
            open: {
                switch $0 {
                case "good": .success(transaction)
                case "old": .failure(.expired)
                default: .failure(.malformed)
                }
            }, use: { _ in isFirst }, failure: { _ in failure })
    }

    @Test func `an answer becomes a code`() {
        #expect(callback("code=k&state=good") == .succeed(transaction, code: "k"))
        let iss = "&iss=https%3A%2F%2Fas.test%2Fr"
        #expect(
            callback("code=k&state=good&session_state=x" + iss, requiresIssuer: true)
                == .succeed(transaction, code: "k"))
    }

    @Test(arguments: [
        "", "code=k", "code=k&state=other", "code=k&state=old", "code=k&state=good&state=good",
        "code=k&state=good&iss=https%3A%2F%2Fevil.test", "code=k&state=good&iss=",
        "code=k&state=good&iss=https%3A%2F%2Fas.test%2Fr%2F",
        "code=k&state=good&iss=https%3A%2F%2Fas.test%2Fr&iss=https%3A%2F%2Fas.test%2Fr",
        "error=access_denied&state=good&iss=https%3A%2F%2Fevil.test", "code=%zz&state=good",
    ])
    func `an answer that may be another's is a page (mix-up, §6.5)`(query: String) {
        guard case .page(let failure) = callback(query) else {
            Issue.record("not a page")
            return
        }
        #expect(failure.status == 400)
    }

    @Test func `another browser, a replay and a missing iss are pages (G74, RFC 9207 §2.4)`() {
        let other = BrowserRecord(id: [UInt8](repeating: 8, count: 16))
        for action in [
            callback("code=k&state=good", browsers: []),
            callback("code=k&state=good", browsers: [other]),
            callback("code=k&state=good", isFirst: false),
            callback("code=k&state=good", requiresIssuer: true),
        ] {
            guard case .page = action else {
                Issue.record("not a page")
                continue
            }
        }
        #expect(
            callback("code=k&state=good", browsers: [other, browser])
                == .succeed(transaction, code: "k"))
    }

    @Test func `the provider's errors are passed on in the shape of the RFC`() {
        func code(_ query: String, _ failure: OAuthFailure? = nil) -> OAuthFailure? {
            guard case .fail(_, let failure) = callback(query, failure: failure) else { return nil }
            return failure
        }
        #expect(
            code("error=access_denied&error_description=no%0d%0a%22&state=good")
                == OAuthFailure("access_denied", "no   "))
        #expect(code("error=AADSTS1&state=good")?.code == "server_error")
        #expect(code("state=good")?.code == "server_error")
        #expect(code("code=&state=good")?.code == "server_error")
        let mapped = OAuthFailure("invalid_scope", "x")
        #expect(code("error=AADSTS2&state=good", mapped) == mapped)
    }

    // MARK: The browser

    @Test func `the cookie is __Host- on https and plain on loopback (G76)`() {
        let secure = BrowserCookie(base: "https://gw.test").field("v")
        #expect(secure.hasPrefix("__Host-gatehouse=v; Path=/; "))
        for part in ["; HttpOnly", "; SameSite=Lax", "; Secure"] {
            #expect(secure.contains(part))
        }
        #expect(!secure.contains("Domain"))
        let local = BrowserCookie(base: "http://127.0.0.1:3000")
        #expect(local.field("v").hasPrefix("gatehouse=v; ") && !local.field("v").contains("Secure"))
        #expect(
            local.values(in: ["a=1; gatehouse=x;gatehouse=y", "xgatehouse=z"]) == ["x", "y"])
    }

    @Test func `consents are bounded and survive their JSON`() {
        var record = browser
        for number in 0..<BrowserRecord.maximum + 5 { record.remember("c\(number)") }
        #expect(record.consents.count == BrowserRecord.maximum)
        #expect(record.consents.first == "c5")
        record.remember("c5")
        #expect(record.consents.last == "c5" && record.consents.count == BrowserRecord.maximum)
        #expect(BrowserRecord(record.value) == record)
        #expect(BrowserRecord(["i": "AA"]) == nil)
    }

    // MARK: Pages

    @Test func `a consent page shows who asks, escaped, and holds nothing foreign (G76, §6.17)`()
        throws
    {
        var evil = client
        evil.name = "<script>alert(1)</script>\"'&"
        let page = Pages.consent(
            Pages.Question(
                client: evil, redirectURI: "cursor://x/cb", scopes: ["a<b", "c"],
                resource: "https://gw.test/mcp", action: "/mcp/authorize", token: "t",
                provider: "http://localhost:7080/auth"))
        let text = String(decoding: page.body, as: UTF8.self)
        #expect(page.status == 200)
        #expect(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"))
        #expect(!text.contains("<script") && !text.contains(" src=") && !text.contains("href="))
        #expect(text.contains("a&lt;b, c") && text.contains("cursor:"))
        #expect(text.contains("a program on this computer"))
        #expect(text.contains("name=\"token\" value=\"t\""))
        let policy = try #require(page.field("content-security-policy"))
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(policy.contains("frame-ancestors 'none'; form-action 'self' https: cursor: http:"))
        #expect(page.field("x-frame-options") == "DENY")
        #expect(page.field("referrer-policy") == "no-referrer")
        #expect(page.field("cache-control") == "no-store")
        #expect(page.field("access-control-allow-origin") == nil)
    }

    @Test func `an error is JSON for a program and a page for a person (G66)`() {
        let failure = OAuthFailure("invalid_client", "<b>")
        let json = Pages.failure(failure, acceptsHTML: Pages.acceptsHTML("application/json"))
        #expect(json.status == 400 && json.field("content-type") == "application/json")
        let html = Pages.failure(
            failure, acceptsHTML: Pages.acceptsHTML("text/html,application/xhtml+xml"))
        #expect(html.status == 400)
        #expect(html.field("content-type") == "text/html; charset=utf-8")
        #expect(String(decoding: html.body, as: UTF8.self).contains("&lt;b&gt;"))
        #expect(!Pages.acceptsHTML(nil) && !Pages.acceptsHTML("*/*"))
    }
}
