import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: request plans (docs/provider-hooks.md)")
struct RequestPlanTests {
    private let secrets = PlanSecrets(
        token: "t0k", clientID: "our id", clientSecret: "s:e",
        adapter: { $0 == "env:KEY" ? "adapter-secret" : nil },
        assertion: { id, audience in "jwt(\(id),\(audience))" })

    private func executed(_ text: String, _ secrets: PlanSecrets? = nil) throws -> FetchPlan? {
        ProviderAnswers.plan(
            try JSONValue(parsing: text), issuer: HTTPURL("https://as.test"),
            secrets: secrets ?? self.secrets)
    }

    private func field(_ plan: FetchPlan?, _ name: String) -> String? {
        plan?.fields.first { $0.name == name }?.value
    }

    @Test(
        arguments: [
            (#"{"method":"none"}"#, "", "a=1"),
            (#"{"method":"basic"}"#, "Basic b3VyK2lkOnMlM0Fl", "a=1"),
            (
                #"{"method":"basic","client_id":"x","secret":"env:KEY"}"#,
                "Basic eDphZGFwdGVyLXNlY3JldA==", "a=1"
            ),
            (#"{"method":"post"}"#, "", "a=1&client_id=our+id&client_secret=s%3Ae"),
            (#"{"method":"bearer"}"#, "Bearer t0k", "a=1"),
            (#"{"method":"bearer","secret":"client"}"#, "Bearer s:e", "a=1"),
            (
                #"{"method":"header","header":"Authorization","prefix":"GH ","secret":"token"}"#,
                "GH t0k", "a=1"
            ),
            (
                #"{"method":"private_key_jwt"}"#, "",
                "a=1&client_id=our+id&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                    + "client-assertion-type%3Ajwt-bearer"
                    + "&client_assertion=jwt%28our+id%2Chttps%3A%2F%2Fas.test%2Ft%29"
            ),
        ] as [(String, String, String)])
    func `client_auth is executed by its method`(
        authentication: String, authorization: String, body: String
    ) throws {
        let plan = try executed(
            #"{"method":"POST","url":"https://as.test/t","form":{"a":"1"},"client_auth":"#
                + authentication + "}")
        #expect(field(plan, "authorization") ?? "" == authorization)
        #expect(plan.map { String(decoding: $0.body, as: UTF8.self) } == body)
        #expect(field(plan, "content-type") == "application/x-www-form-urlencoded")
        #expect(plan?.method == "POST" && plan?.reaches == [.configured])
    }

    @Test func `the token replaces its word in a form and at the top of a JSON, nowhere else`()
        throws
    {
        let form = try executed(
            #"{"url":"https://as.test/t","form":{"token":"{token}","b":"x{token}"}}"#)
        #expect(form.map { String(decoding: $0.body, as: UTF8.self) } == "token=t0k&b=x%7Btoken%7D")
        let json = try executed(
            #"{"method":"DELETE","url":"https://as.test/t","json":{"a":"{token}","b":["{token}"]}}"#
        )
        #expect(
            json.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"a":"t0k","b":["{token}"]}"#)
        #expect(field(json, "content-type") == "application/json")
        #expect(try executed(#"{"url":"https://a/t","form":{"t":"{token}"}}"#, .some(.none)) == nil)
    }

    @Test(arguments: [
        #"{}"#, #"{"url":"x"}"#, #"{"url":"https://a","method":"PUT"}"#,
        #"{"url":"https://a","form":{},"json":{}}"#, #"{"url":"https://a","fields":{"a":1}}"#,
        #"{"url":"https://a","client_auth":{"method":"magic"}}"#,
        #"{"url":"https://a","client_auth":{"method":"header","header":"x"}}"#,
        #"{"url":"https://a","client_auth":{"method":"post"}}"#,
        #"{"url":"https://a","client_auth":{"method":"basic","secret":"env:OTHER"}}"#,
        #"{"url":"https://a","client_auth":{"method":"private_key_jwt"}}"#,
    ])
    func `a plan that is malformed or wants a secret that is not there is none`(text: String)
        throws
    {
        #expect(try executed(text) == nil)
    }

    @Test func `Basic credentials are form-encoded first and read back (G68)`() {
        let field = ClientCredentials.basic("a:b c", "s/ü+")
        let read = ClientCredentials.parse(field)
        #expect(read?.clientID == "a:b c" && read?.secret == "s/ü+")
        for bad in ["Bearer x", "Basic", "Basic !!", "Basic YQ==", "Basic Og==", "Basic %%%"] {
            #expect(ClientCredentials.parse(bad) == nil)
        }
    }
}

@Suite("mcpAuthentication: what is sealed (ADR 0007)")
struct SealedValueTests {
    @Test func `a transaction, its code and a record survive their JSON`() throws {
        let upstream = UpstreamClient(
            id: "up", secret: "s", authentication: "client_secret_basic")
        let transaction = Transaction(
            client: Transaction.hash(of: "c"), redirectURI: "http://localhost:1/cb",
            clientState: "a b&%00\u{1F600}", challenge: String(repeating: "a", count: 43),
            resource: "https://gw.test/mcp", scopes: ["a", "b"], issuer: "https://gw.test",
            browser: [1, 2], verifier: "v", upstream: upstream)
        let text = transaction.value.serializedBytes(.compact)
        #expect(Transaction(try JSONValue(parsing: text)) == transaction)
        let code = GatewayCode("k", of: transaction)
        #expect(GatewayCode(code.value) == code)
        let record = ClientRecord(
            clientID: "sealed", kind: .registered, name: "n", redirectURIs: ["https://a/cb"],
            authentication: "client_secret_post", upstream: upstream)
        #expect(ClientRecord(sealed: record.sealedValue, clientID: "sealed") == record)
        #expect(Transaction([:]) == nil && GatewayCode([:]) == nil)
        #expect(ClientRecord(sealed: [:], clientID: "") == nil)
    }

    @Test func `a verifier is compared with its challenge (RFC 7636, G72)`() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        let code = GatewayCode(
            "k",
            of: Transaction(
                client: [], redirectURI: "", clientState: nil, challenge: challenge,
                resource: nil, scopes: [], issuer: "", browser: []))
        #expect(code.accepts(verifier: verifier))
        for bad in ["", challenge, verifier + "a", String(verifier.dropLast()), "ä" + verifier] {
            #expect(!code.accepts(verifier: bad))
        }
        #expect(PKCE.isChallenge(challenge))
        #expect(!PKCE.isChallenge(challenge + "=") && !PKCE.isChallenge(""))
    }
}
