import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import DemoServices

/// The behaviours that an adapter must smooth over are there.
@Suite("Keycloak-like realm")
struct KeycloakRealmTests {
    private let visitor: Visitor
    private let root = "/realms/mcp"

    init() throws {
        visitor = Visitor(
            site: try KeycloakRealm(base: "http://localhost:7080", emitsIssuer: false))
    }

    private func register(_ more: JSONObject = [:]) -> DemoResponse? {
        var metadata: JSONObject = [
            "redirect_uris": [.string(Example.callback)], "token_endpoint_auth_method": "none",
        ]
        for member in more { metadata[member.key] = member.value }
        return visitor.post(root + "/clients-registrations/openid-connect", json: .object(metadata))
    }

    @Test func `registration has Keycloak's quirks`() throws {
        let created = register()
        #expect(created?.status == 201)
        #expect(created?.json["token_endpoint_auth_method"] == "client_secret_basic")
        #expect(created?.json["client_secret"] != nil)
        #expect(created?.header("access-control-allow-origin") == nil)
        let preflight = visitor.ask("OPTIONS", root + "/clients-registrations/openid-connect")
        #expect(preflight?.status == 405)
        #expect(register(["resource": "x"])?.status == 400)
        #expect(register(["resource": "x"])?.text.contains("Unrecognized field") == true)
        #expect(register(["scope": "no:such"])?.status == 403)
        let foreign = register(["redirect_uris": ["https://client.example/callback"]])
        #expect(foreign?.status == 403)
        #expect(foreign?.text.contains("Policy 'Trusted Hosts' rejected request") == true)
    }

    @Test func `the metadata advertises iss, and every form of it is the same document`() {
        let document = visitor.get(root + "/.well-known/openid-configuration")?.json
        #expect(document?["issuer"] == "http://localhost:7080/realms/mcp")
        #expect(document?["authorization_response_iss_parameter_supported"] == true)
        #expect(
            visitor.get("/.well-known/oauth-authorization-server" + root)?.json == document)
        let keys = visitor.get(root + "/protocol/openid-connect/certs")?.json["keys"]?.arrayValue
        #expect(keys?.compactMap { $0["use"]?.stringValue } == ["sig", "enc"])
    }

    private func logIn(_ registered: DemoResponse?, scope: String) throws -> JSONObject {
        let answer = try tokenAnswer(registered, scope: scope, sendsSecret: true)
        let text = try #require(answer?.json["access_token"]?.stringValue)
        return try UnverifiedToken(parsing: text).claims.members
    }

    private func tokenAnswer(
        _ registered: DemoResponse?, scope: String, sendsSecret: Bool
    ) throws -> DemoResponse? {
        let client = try #require(registered?.json["client_id"]?.stringValue)
        let secret = try #require(registered?.json["client_secret"]?.stringValue)
        let target = FormEncoding.adding(
            [
                ("response_type", "code"), ("client_id", client),
                ("redirect_uri", Example.callback), ("state", "s"), ("scope", scope),
                ("code_challenge", Example.challenge), ("code_challenge_method", "S256"),
                ("resource", "http://localhost:3000/keycloak/mcp"),
            ], to: root + "/protocol/openid-connect/auth")
        let page = try #require(visitor.get(target))
        let first = try #require(action(of: page))
        let cookie = try #require(page.header("set-cookie")).prefix { $0 != ";" }
        let headers = [("Cookie", String(cookie))]
        let good = ["username": "testuser", "password": "testpass"]
        #expect(visitor.post(first, form: good)?.status == 400, "another browser")
        let bad = visitor.post(first, form: ["username": "testuser"], headers)
        #expect(bad?.text.contains("Invalid username or password.") == true)
        #expect(visitor.post(first, form: good, headers)?.status == 400, "a code is good once")
        let next = try #require(bad.flatMap { action(of: $0) })
        let back = try #require(visitor.post(next, form: good, headers))
        #expect(back.status == 302)
        #expect(back.locationQuery["iss"] == nil)
        #expect(back.locationQuery["state"] == "s")
        var form = [
            "grant_type": "authorization_code", "code": back.locationQuery["code"] ?? "",
            "redirect_uri": Example.callback, "code_verifier": Example.verifier,
            "client_id": client,
        ]
        if sendsSecret { form["client_secret"] = secret }
        return visitor.post(root + "/protocol/openid-connect/token", form: form)
    }

    private func action(of page: DemoResponse) -> String? {
        let marker = "action=\"http://localhost:7080"
        guard let range = page.text.firstRange(of: marker) else { return nil }
        let text = page.text[range.upperBound...].prefix { $0 != "\"" }
        return String(text).split(separator: "&amp;").joined(separator: "&")
    }

    @Test func `a login gives a token with the mapper's audience, not with the resource`() throws {
        let claims = try logIn(register(), scope: "profile offline_access")
        #expect(claims["aud"] == ["mcp_proxy", "account"])
        #expect(claims["typ"] == "Bearer")
        #expect(claims["preferred_username"] == "testuser")
    }

    @Test func `a client that asked for none needs no secret, though it was given one`() throws {
        let open = try tokenAnswer(register(), scope: "profile", sendsSecret: false)
        #expect(open?.status == 200)
        let confidential = register(["token_endpoint_auth_method": "client_secret_post"])
        let refused = try tokenAnswer(confidential, scope: "profile", sendsSecret: false)
        #expect(refused?.status == 401)
    }

    @Test func `with emission on, answers carry session_state and iss, errors iss`() throws {
        let emitting = Visitor(
            site: try KeycloakRealm(
                base: "http://localhost:7080", emitsIssuer: true, redirectURIs: [Example.callback]))
        let request = [
            ("response_type", "code"), ("client_id", "gatehouse"), ("state", "s"),
            ("redirect_uri", Example.callback), ("code_challenge", Example.challenge),
            ("code_challenge_method", "S256"),
        ]
        let place = root + "/protocol/openid-connect/auth"
        let page = try #require(emitting.get(FormEncoding.adding(request, to: place)))
        let cookie = try #require(page.header("set-cookie")).prefix { $0 != ";" }
        let back = emitting.post(
            try #require(action(of: page)),
            form: ["username": "testuser", "password": "testpass"], [("Cookie", String(cookie))])
        #expect(back?.locationQuery["iss"] == "http://localhost:7080" + root)
        #expect(back?.locationQuery["session_state"]?.isEmpty == false)
        let silent = FormEncoding.adding(request + [("prompt", "none")], to: place)
        let refusal = emitting.get(silent)?.locationQuery
        #expect(refusal?["error"] == "login_required")
        #expect(refusal?["iss"] == "http://localhost:7080" + root)
        #expect(refusal?["state"] == "s")
    }

    @Test func `a client registered with scopes of its own loses the audience`() throws {
        let claims = try logIn(register(["scope": "mcp:tools"]), scope: "mcp:tools")
        #expect(claims["aud"] == nil)
        #expect(claims["sub"] == nil)
    }
}
