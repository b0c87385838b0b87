import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import DemoServices

@Suite("Mock authorization server")
struct MockAuthorizationServerTests {
    private let visitor: Visitor
    private let issuer = "http://localhost:9000"

    init() throws {
        visitor = Visitor(site: try MockAuthorizationServer(issuer: issuer, showsPage: false))
    }

    private func register() throws -> String {
        let answer = visitor.post(
            "/register",
            json: [
                "redirect_uris": [.string(Example.callback)],
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"],
            ])
        #expect(answer?.status == 201)
        #expect(answer?.json["client_secret"] == nil)
        return try #require(answer?.json["client_id"]?.stringValue)
    }

    private func authorize(_ client: String, _ change: [String: String?] = [:]) -> DemoResponse? {
        var parameters: [String: String] = [
            "response_type": "code", "client_id": client, "redirect_uri": Example.callback,
            "code_challenge": Example.challenge, "code_challenge_method": "S256", "state": "a b",
            "scope": "read:all", "resource": "http://localhost:3000/stdio/mcp",
        ]
        for (name, value) in change { parameters[name] = value }
        let target = FormEncoding.adding(parameters.map { ($0, $1) }, to: "/authorize")
        return visitor.get(target)
    }

    private func redeem(
        _ client: String, _ code: String, verifier: String = Example.verifier
    ) -> DemoResponse? {
        visitor.post(
            "/token",
            form: [
                "grant_type": "authorization_code", "code": code, "client_id": client,
                "redirect_uri": Example.callback, "code_verifier": verifier,
            ])
    }

    @Test func `a whole flow gives a token for the resource (RFC 8707, RFC 9068)`() throws {
        let client = try register()
        let back = authorize(client)
        #expect(back?.status == 302)
        #expect(back?.locationQuery["state"] == "a b")
        #expect(back?.locationQuery["iss"] == issuer)
        let code = try #require(back?.locationQuery["code"])
        let answer = redeem(client, code)
        #expect(answer?.status == 200)
        let token = try UnverifiedToken(
            parsing: try #require(answer?.json["access_token"]?.stringValue))
        let keys = try KeySet(parsing: visitor.get("/.well-known/jwks.json")?.body ?? [])
        let validator = TokenValidator(
            issuers: [issuer], audiences: ["http://localhost:3000/stdio/mcp"])
        #expect(
            validator.check(token, now: NumericDate(seconds: Double(Chance.now()))) == .accepted)
        guard case .found(let key) = keys.lookUp(token.header) else {
            Issue.record("the key is not in the set")
            return
        }
        #expect(token.verify(with: key)?.claims.scopes == ["read:all"])
        #expect(redeem(client, code)?.json["error"] == "invalid_grant", "a code is good once")
        let refresh = try #require(answer?.json["refresh_token"]?.stringValue)
        let form = [
            "grant_type": "refresh_token", "refresh_token": refresh, "client_id": client,
        ]
        #expect(visitor.post("/token", form: form)?.status == 200)
        #expect(visitor.post("/token", form: form)?.status == 400, "refresh tokens rotate")
    }

    @Test func `what is wrong is refused where the specifications say`() throws {
        let client = try register()
        #expect(authorize("stranger")?.status == 400)
        #expect(authorize(client, ["redirect_uri": "http://evil.example/"])?.status == 400)
        for change in [["code_challenge": nil], ["code_challenge_method": "plain"]] {
            #expect(authorize(client, change)?.locationQuery["error"] == "invalid_request")
        }
        #expect(authorize(client, ["scope": "x"])?.locationQuery["error"] == "invalid_scope")
        let code = try #require(authorize(client)?.locationQuery["code"])
        let wrong = String(repeating: "v", count: 43)
        #expect(redeem(client, code, verifier: wrong)?.json["error"] == "invalid_grant")
        #expect(redeem("stranger", code)?.status == 401)
        #expect(visitor.post("/register", json: ["redirect_uris": []])?.status == 400)
    }

    @Test func `a test can mint any token and turn the key set off`() throws {
        let minted = visitor.post(
            "/test/mint", json: ["claims": ["sub": "x"], "header": ["alg": "none"]])
        let text = try #require(minted?.json["token"]?.stringValue)
        #expect(text.hasPrefix(Base64URL.encode(Array(#"{"alg":"none""#.utf8)).prefix(16)))
        _ = visitor.ask("POST", "/test/jwks?status=503")
        #expect(visitor.get("/.well-known/jwks.json")?.status == 503)
        #expect(visitor.get("/test/state")?.json["keySetRequests"]?.intValue == 1)
        #expect(visitor.ask("POST", "/test/rotate")?.json["kid"] == "key-2")
    }
}
