import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: the endpoints of mediated delivery")
struct FacadeTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func answer(_ status: Int, _ body: String, _ type: String = "application/json")
        -> FetchedAnswer
    {
        FetchedAnswer(status: status, fields: [("Content-Type", type)], body: bytes(body))
    }

    private func json(_ response: LocalResponse) throws -> JSONValue {
        try JSONValue(parsing: response.body)
    }

    private let challenge = String(repeating: "a", count: 43)

    private func query(_ change: String = "") -> String {
        "response_type=code&client_id=c&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fcb&state=a%20b"
            + "&code_challenge=\(challenge)&code_challenge_method=S256&resource=x" + change
    }

    @Test func `authorize sends the browser on with its parameters`() throws {
        let request = try AuthorizationRequest.read(bytes(query())).get()
        #expect(request.flaw == nil)
        let endpoint = try #require(HTTPURL("http://kc/auth?kc_idp_hint=x"))
        let response = AuthorizeRedirect.redirect(to: endpoint, request.pairs)
        #expect(response.status == 302)
        #expect(response.field("cache-control") == "no-store")
        #expect(
            response.field("location")
                == "http://kc/auth?kc_idp_hint=x&response_type=code&client_id=c"
                + "&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fcb&state=a+b"
                + "&code_challenge=\(challenge)&code_challenge_method=S256&resource=x")
    }

    @Test(arguments: ["&client_id=d", "&redirect_uri=e", "&a=%zz", "&b=%ff"])
    func `authorize refuses repeated and broken parameters without a redirect (G73)`(more: String) {
        guard case .failure(let failure) = AuthorizationRequest.read(bytes(query(more))) else {
            Issue.record("accepted")
            return
        }
        #expect(failure.response.status == 400)
        #expect(failure.response.field("location") == nil)
    }

    @Test func `authorize wants a code and PKCE by S256 (G43, G72)`() throws {
        let good = query()
        for bad in [
            "response_type=token&client_id=c", good + "&state=x", good + "&request=x",
            good + "&response_mode=fragment", good + "&scope=a%22",
            good.split(separator: "&").filter { !$0.hasPrefix("code_challenge=") }
                .joined(separator: "&"),
            good.split(separator: "&").map {
                $0.hasSuffix("S256") ? "code_challenge_method=plain" : $0
            }
            .joined(separator: "&"),
        ] {
            #expect(try AuthorizationRequest.read(bytes(bad)).get().flaw != nil, "\(bad)")
        }
        guard case .failure = AuthorizationRequest.read([]) else {
            Issue.record("accepted nothing")
            return
        }
    }

    @Test func `a token request is one form with a grant that is proxied`() throws {
        let form = "application/x-www-form-urlencoded"
        let good = bytes("grant_type=authorization_code&client_id=c&code=x&code_verifier=v")
        let pairs = try TokenProxy.read(good, contentType: form + "; charset=utf-8").get()
        #expect(pairs.encoded == String(decoding: good, as: UTF8.self))
        for (body, type) in [
            ("grant_type=authorization_code", "application/json"), ("code=x", form),
            ("grant_type=client_credentials", form), ("grant_type=password", form),
            ("grant_type=refresh_token&grant_type=refresh_token", form),
        ] {
            guard case .failure(let failure) = TokenProxy.read(bytes(body), contentType: type)
            else {
                Issue.record("accepted: \(body)")
                continue
            }
            #expect(failure.status == 400)
        }
    }

    @Test(
        arguments: [
            ("invalid_grant", "code  expired\n", "code  expired "),
            (
                "invalid_grant", "AADSTS70008 Trace ID: 6e74172b-be56-4843-9ff4-e66a39bb12e3",
                "AADSTS70008 Trace ID: 6e74172b-be56-4843-9ff4-e66a39bb12e3"
            ),
            (
                "invalid_request", "bad token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln here",
                "bad token ... here"
            ),
            ("internal_server_error", "INSERT INTO token VALUES ('x')", nil),
        ] as [(String, String, String?)])
    func `an error's words reach clients without secrets, foreign ones not at all`(
        code: String, said: String, heard: String?
    ) throws {
        let members: JSONObject = [
            "error": .string(code), "error_description": .string(said), "access_token": "secret",
        ]
        let body = String(
            decoding: JSONValue.object(members).serializedBytes(.compact), as: UTF8.self)
        let response = TokenProxy.response(answer(400, body))
        var expected: JSONObject = ["error": .string(code)]
        expected["error_description"] = heard.map { .string($0) }
        #expect(try json(response) == .object(expected))
        let hidden = HiddenTokenAnswer(
            answer(400, body), grantType: "authorization_code", scopes: [], delivery: .relay)
        #expect(!"\(hidden.input)".contains("eyJhbGciOiJSUzI1NiJ9"))
    }

    @Test(arguments: ["invalid_client", "unauthorized_client"])
    func `a provider that refuses the gateway's own client is no client's fault (G66)`(
        code: String
    ) throws {
        let refused = answer(401, #"{"error":"\#(code)","error_description":"secret"}"#)
        for (isGateways, status, error) in [(true, 502, "server_error"), (false, 401, code)] {
            guard case .failure(let refusal) = TokenProxy.read(refused, isGateways: isGateways)
            else {
                Issue.record("accepted")
                continue
            }
            #expect(refusal.response.status == status)
            #expect(try json(refusal.response)["error"] == .string(error))
        }
    }

    @Test func `token answers get the shape that clients need (G80 to G82)`() throws {
        let good = TokenProxy.response(
            answer(200, #"{"access_token":"t","expires_in":"60","refresh_token":null,"scope":""}"#))
        #expect(good.status == 200)
        #expect(good.field("cache-control") == "no-store")
        #expect(
            try json(good) == ["access_token": "t", "expires_in": 60, "token_type": "Bearer"])
        let form = TokenProxy.response(
            answer(200, "access_token=t&token_type=bearer", "application/x-www-form-urlencoded"))
        #expect(try json(form)["access_token"] == "t")
        let hidden = TokenProxy.response(answer(200, #"{"error":"bad_verification_code"}"#))
        #expect(hidden.status == 400)
        #expect(TokenProxy.response(answer(401, #"{"error":"invalid_client"}"#)).status == 401)
        #expect(TokenProxy.response(answer(500, #"{"error":"server_error"}"#)).status == 400)
        for bad in [
            answer(200, "<html>", "text/html"), answer(200, "{}"), answer(503, ""),
            FetchedAnswer(status: 0, failure: "io"),
        ] {
            #expect(TokenProxy.response(bad).status == 502)
        }
    }

    @Test(arguments: [
        ("https://claude.ai/cb", true), ("http://localhost:1234/cb", true),
        ("http://127.0.0.1/", true), ("http://[::1]:9/", true), ("cursor://x/cb", true),
        ("com.example.app:/cb", true), ("http://evil.test/", false), ("javascript:alert(1)", false),
        ("data:text/html,x", false), ("https://a/#f", false), ("https://u@a/", false),
        ("https://*.a/", false), ("/relative", false), ("", false), ("file:///etc", false),
        ("https://a/ b", false), ("JaVaScRiPt:x", false),
    ])
    func `redirect URIs that a browser must not follow are refused (G63)`(
        uri: String, expected: Bool
    ) {
        #expect(RedirectURIs().isAcceptable(uri) == expected)
    }

    @Test func `a registration is one JSON object`() throws {
        let request = #"{"redirect_uris":["http://localhost:1/cb"],"scope":"","software_id":"x"}"#
        #expect(try Registration.read(bytes(request)).get().count == 3)
        for (body, code) in [
            ("", "invalid_client_metadata"), ("[]", "invalid_client_metadata"),
            (#"{"redirect_uris":"x"}"#, "invalid_redirect_uri"),
            (#"{"redirect_uris":[1]}"#, "invalid_redirect_uri"),
            (#"{"redirect_uris":["javascript:x"]}"#, "invalid_redirect_uri"),
        ] {
            guard case .failure(let failure) = Registration.read(bytes(body)) else {
                Issue.record("accepted: \(body)")
                continue
            }
            #expect(failure.code == code)
            #expect(failure.response.status == 400)
        }
    }

    @Test func `the configured client is handed out as registered (G57 to G60)`() throws {
        let response = Registration.configured(
            "fixed", ["redirect_uris": ["http://localhost:1/cb"], "client_name": "n", "jwks": [:]])
        #expect(response.status == 201)
        #expect(response.field("cache-control") == "no-store")
        #expect(
            try json(response) == [
                "client_id": "fixed", "client_id_issued_at": 0,
                "redirect_uris": ["http://localhost:1/cb"],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"], "token_endpoint_auth_method": "none",
                "client_name": "n",
            ])
    }

    @Test func `a registration's answer is repaired for strict clients (G57 to G60)`() throws {
        let provider = #"""
            {"client_id":"c","client_secret":"s","client_id_issued_at":1.5,"logo_uri":null,
             "registration_access_token":"r","registration_client_uri":"http://kc/c"}
            """#
        let response = Registration.response(
            answer(200, provider), request: ["redirect_uris": ["http://localhost:1/cb"]])
        #expect(response.status == 201)
        #expect(
            try json(response) == [
                "client_id": "c", "client_secret": "s", "client_id_issued_at": 1,
                "redirect_uris": ["http://localhost:1/cb"],
                "token_endpoint_auth_method": "client_secret_basic", "client_secret_expires_at": 0,
            ])
    }

    @Test func `a registration that the provider refuses is 400 with a known code (G62)`() throws {
        let refused = Registration.response(
            answer(403, #"{"error":"insufficient_scope","error_description":"Trusted Hosts"}"#),
            request: [:])
        #expect(refused.status == 400)
        #expect(try json(refused)["error"] == "invalid_client_metadata")
        #expect(Registration.response(answer(500, ""), request: [:]).status == 502)
        #expect(Registration.response(answer(201, "{}"), request: [:]).status == 502)
    }

    @Test func `an adapter's answers are checked (docs-provider-hooks)`() throws {
        let issuer = "http://kc/realms/mcp"
        let plan = try JSONValue(
            parsing: #"""
                {"requests": [{"url": "http://kc/a"}, {"url": "http://kc/b"}], "merge": "merge"}
                """#)
        let discovery = ProviderAnswers.discovery(plan, issuer: issuer)
        #expect(discovery?.merges == true)
        #expect(discovery?.requests.map(\.url) == ["http://kc/a", "http://kc/b"])
        #expect(ProviderAnswers.discovery(["requests": []], issuer: issuer) == nil)
        #expect(ProviderAnswers.discovery(["requests": [["url": "x"]]], issuer: issuer) == nil)
        let post: JSONValue = ["method": "POST", "url": "http://kc/r", "json": ["a": 1]]
        #expect(ProviderAnswers.plan(post, issuer: nil)?.body == bytes(#"{"a":1}"#))
        let secret: JSONValue = ["url": "http://kc/r", "client_auth": ["method": "basic"]]
        #expect(ProviderAnswers.plan(secret, issuer: nil) == nil)
        let refused = ProviderAnswers.registration(
            ["error": ["error": "invalid_redirect_uri", "error_description": "no"]], issuer: nil)
        #expect(refused == .failure(OAuthFailure("invalid_redirect_uri", "no")))
        #expect(ProviderAnswers.Description(["delivery": "magic"]).unknownDelivery == "magic")
        #expect(ProviderAnswers.Description().delivery == .mediated)
    }

    @Test func `documents are merged, earlier ones first, lists united`() throws {
        var run = DiscoveryRun(
            DiscoveryPlan(
                requests: [FetchPlan(url: "http://a"), FetchPlan(url: "http://b")], merges: true,
                issuers: ["i"]))
        #expect(run.start() == .fetch(FetchPlan(url: "http://a")))
        #expect(
            run.next(after: answer(200, #"{"issuer":"i","x":1,"r_supported":["a","b"]}"#))
                == .fetch(FetchPlan(url: "http://b")))
        guard
            case .found(let document) = run.next(
                after: answer(200, #"{"issuer":"i","x":2,"y":3,"r_supported":["b","c"]}"#))
        else {
            Issue.record("not found")
            return
        }
        #expect(
            document.value == ["issuer": "i", "x": 1, "r_supported": ["a", "b", "c"], "y": 3])
    }

    @Test func `forms are read and written`() {
        #expect(FormPairs(parsing: bytes("a=1+2&b=%C3%A4&c"))?.encoded == "a=1+2&b=%C3%A4&c=")
        #expect(FormPairs(parsing: bytes("a=%4")) == nil)
        #expect(FormPairs(parsing: bytes("a=%FF")) == nil)
        let many = Array(repeating: "a=1", count: 101).joined(separator: "&")
        #expect(FormPairs(parsing: bytes(many)) == nil)
    }
}

extension TokenProxy {
    /// What a client gets for the provider's answer.
    static func response(_ answer: FetchedAnswer) -> LocalResponse {
        switch read(answer) {
        case .failure(let refusal): refusal.response
        case .success(let members): tokens(members)
        }
    }
}
