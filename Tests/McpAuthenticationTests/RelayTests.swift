import GatehouseJOSE
import GatehouseJSON
import GatehouseTesting
import Testing

@testable import McpAuthenticationLogic

/// A relay on a host in memory, with a provider that answers what it is asked, and a browser.
final class Scene {
    let bench: Bench
    var cookie: String?
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let clientURL = "https://app.test/c"
    static let clientDocument: JSONValue = [
        "client_id": .string(Scene.clientURL), "client_name": "App",
        "redirect_uris": ["https://app.test/cb"],
    ]

    init(
        _ more: JSONObject = [:], provider: JSONObject = [:], siblings: Int64 = 1,
        adapter: ((String, JSONValue) -> Result<JSONValue, TestHostError>)? = nil,
        token: @escaping () -> ScriptedAnswer = {
            .json(["access_token": "at", "refresh_token": "provider-rt", "token_type": "bearer"])
        }
    ) throws {
        var document: JSONObject = [
            "issuer": "https://as.test", "jwks_uri": "https://as.test/jwks",
            "authorization_response_iss_parameter_supported": true,
        ]
        for name in ["authorization", "token", "registration"] {
            document["\(name)_endpoint"] = .string("https://as.test/\(name)")
        }
        for (name, value) in provider { document[name] = value }
        let metadata = JSONValue.object(document)
        var configuration: JSONObject = ["delivery": "relay"]
        if adapter != nil { configuration["provider"] = ["other": [:]] }
        for (name, value) in more { configuration[name] = value }
        bench = try Bench(
            configuration, siblings: siblings, providers: adapter.map { ["other": $0] } ?? [:],
            secrets: ["secret:cs": Array("shh".utf8)]
        ) { fetch in
            switch fetch.url {
            case "https://as.test/registration":
                .json(["client_id": "up", "client_secret": "us"], status: 201)
            case "https://as.test/token": token()
            case "https://as.test/jwks": .json(["keys": []])
            case Scene.clientURL: .json(Scene.clientDocument)
            default: .json(metadata)
            }
        }
    }

    func open(_ target: String, _ more: [(name: String, value: String)] = []) -> RecordedResponse? {
        var fields: [(name: String, value: String)] = [("Accept", "text/html")] + more
        if let cookie { fields.append(("Cookie", cookie)) }
        return take(bench.send("GET", target, fields))
    }

    func post(_ target: String, _ body: String, _ more: [(name: String, value: String)] = [])
        -> RecordedResponse?
    {
        var fields = [(name: "Content-Type", value: "application/x-www-form-urlencoded")] + more
        if let cookie { fields.append(("Cookie", cookie)) }
        return take(bench.send("POST", target, fields, body: body))
    }

    private func take(_ exchange: MemoryExchange) -> RecordedResponse? {
        defer { exchange.end() }
        if let set = exchange.ownResponse?.values("set-cookie").first {
            cookie = String(set.prefix { $0 != ";" })
        }
        return exchange.ownResponse
    }

    func register(_ uris: [String] = ["http://localhost:1/cb"]) throws -> String {
        let body: JSONValue = ["redirect_uris": .array(uris.map { .string($0) })]
        let answer = take(
            bench.send(
                "POST", "/.well-known/oauth-authorization-server/mcp/client-registration",
                [("Content-Type", "application/json")], body: body.serialized(.compact)))
        #expect(answer?.status == 201)
        return try #require(json(answer)["client_id"]?.stringValue)
    }

    func json(_ response: RecordedResponse?) throws -> JSONValue {
        try JSONValue(parsing: try #require(response).body)
    }

    func authorize(
        _ clientID: String, _ change: [(name: String, value: String)] = [],
        at path: String = "/mcp/authorize"
    ) -> String {
        var pairs = FormPairs([
            ("response_type", "code"), ("client_id", clientID),
            ("redirect_uri", "http://localhost:9/cb"), ("state", "cs &+"),
            ("code_challenge", Scene.challenge), ("code_challenge_method", "S256"),
            ("resource", "https://gw.test/mcp"), ("scope", "a b"),
        ])
        for pair in change { pairs.set(pair.name, pair.value) }
        return path + "?" + pairs.encoded
    }

    func query(_ response: RecordedResponse?) throws -> FormPairs {
        let location = try #require(response?.values("location").first)
        let mark = try #require(location.firstIndex(of: "?"))
        return try #require(FormPairs(parsing: location[location.index(after: mark)...].utf8))
    }

    /// From `/authorize` through the provider to the gateway's code.
    func code(_ clientID: String, _ change: [(name: String, value: String)] = []) throws
        -> FormPairs
    {
        let sent = try query(open(authorize(clientID, change)))
        let back = FormPairs([
            ("code", "provider-code"), ("state", try #require(sent["state"])),
            ("iss", "https://as.test"),
        ])
        return try query(open("/mcp/callback?" + back.encoded))
    }

    func token(_ pairs: [(name: String, value: String)]) -> RecordedResponse? {
        post("/mcp/token", FormPairs(pairs).encoded)
    }

    func redeem(
        _ code: String, _ clientID: String, redirectURI: String = "http://localhost:9/cb",
        verifier: String = Scene.verifier
    ) -> RecordedResponse? {
        token([
            ("grant_type", "authorization_code"), ("code", code), ("client_id", clientID),
            ("redirect_uri", redirectURI), ("code_verifier", verifier),
            ("resource", "https://gw.test/mcp"),
        ])
    }

    /// The last request to the provider's token endpoint.
    func sent(_ path: String = "token") throws -> (pairs: FormPairs, authorization: String?) {
        let fetch = try #require(bench.host.fetches.last { $0.url == "https://as.test/\(path)" })
        return (
            try #require(FormPairs(parsing: fetch.body)),
            fetch.fields.first { $0.name == "authorization" }?.value
        )
    }

    var tokenRequests: Int { bench.host.fetches.count { $0.url == "https://as.test/token" } }
}

@Suite("mcpAuthentication: relay delivery on a host in memory")
struct RelayTests {
    @Test func `the whole way, with a client of its own at the provider`() throws {
        let scene = try Scene()
        let clientID = try scene.register()
        let registration = try #require(
            scene.bench.host.fetches.last { $0.url == "https://as.test/registration" })
        #expect(
            try JSONValue(parsing: registration.body)["redirect_uris"]
                == ["https://gw.test/mcp/callback"])
        // Any number of times: a client may look before the browser does (G77).
        #expect(scene.open(scene.authorize(clientID))?.status == 302)
        let answer = scene.open(scene.authorize(clientID))
        let sent = try scene.query(answer)
        #expect(answer?.status == 302)
        #expect(sent["redirect_uri"] == "https://gw.test/mcp/callback")
        #expect(sent["client_id"] == "up" && sent["code_challenge"] == Scene.challenge)
        #expect(sent["state"] != "cs &+")
        let back = try scene.code(clientID)
        #expect(back["state"] == "cs &+" && back["iss"] == "https://gw.test/mcp")
        #expect(back.count(of: "iss") == 1)
        let code = try #require(back["code"])
        #expect(!code.contains("provider-code"))
        let tokens = scene.redeem(code, clientID)
        #expect(tokens?.status == 200)
        let request = try scene.sent()
        #expect(request.pairs["code"] == "provider-code")
        #expect(request.pairs["redirect_uri"] == "https://gw.test/mcp/callback")
        #expect(request.pairs["code_verifier"] == Scene.verifier)
        #expect(request.authorization == ClientCredentials.basic("up", "us"))
        let body = try scene.json(tokens)
        #expect(body["access_token"] == "at" && body["token_type"] == "Bearer")
        let refresh = try #require(body["refresh_token"]?.stringValue)
        #expect(refresh != "provider-rt")
        let again = scene.token([
            ("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", clientID),
        ])
        #expect(again?.status == 200)
        #expect(try scene.sent().pairs["refresh_token"] == "provider-rt")
        #expect(try scene.sent().authorization == ClientCredentials.basic("up", "us"))
    }

    @Test func `a code is used once, by its client, with its verifier and redirect URI (G72)`()
        throws
    {
        let scene = try Scene()
        let clientID = try scene.register()
        let other = try scene.register()
        let code = try #require(try scene.code(clientID)["code"])
        for (answer, error) in [
            (scene.redeem(code, other), "invalid_grant"),
            (scene.redeem(code, clientID, redirectURI: "http://localhost:1/cb"), "invalid_grant"),
            (scene.redeem(code, clientID, verifier: Scene.verifier + "x"), "invalid_grant"),
            (scene.redeem(code + "A", clientID), "invalid_grant"),
            (scene.redeem(code, "nobody"), "invalid_client"),
        ] {
            #expect(answer?.status == (error == "invalid_client" ? 401 : 400))
            #expect(try scene.json(answer)["error"] == .string(error))
        }
        // The provider is not asked before all of that was good.
        #expect(scene.tokenRequests == 0)
        #expect(scene.redeem(code, clientID)?.status == 200)
        #expect(try scene.json(scene.redeem(code, clientID))["error"] == "invalid_grant")
        #expect(scene.tokenRequests == 1)
    }

    @Test func `codes, states and registrations end (G66, G72)`() throws {
        let scene = try Scene()
        let clientID = try scene.register()
        let code = try #require(try scene.code(clientID)["code"])
        let state = try #require(try scene.query(scene.open(scene.authorize(clientID)))["state"])
        scene.bench.host.advance(milliseconds: 61_000)
        #expect(try scene.json(scene.redeem(code, clientID))["error"] == "invalid_grant")
        scene.bench.host.advance(milliseconds: 600_000)
        let late = FormPairs([("code", "c"), ("state", state), ("iss", "https://as.test")])
        #expect(scene.open("/mcp/callback?" + late.encoded)?.status == 400)
        scene.bench.host.advance(milliseconds: 91 * 86_400_000)
        #expect(scene.redeem(code, clientID)?.status == 401)
        let page = scene.open(scene.authorize(clientID))
        #expect(page?.status == 400 && page?.values("location").isEmpty == true)
    }

    @Test func `the callback is of one browser, of one time, and of one server`() throws {
        let scene = try Scene()
        let clientID = try scene.register()
        let state = try #require(try scene.query(scene.open(scene.authorize(clientID)))["state"])
        func answer(_ more: String) -> RecordedResponse? {
            scene.open(
                "/mcp/callback?" + FormPairs([("code", "c"), ("state", state)]).encoded + more)
        }
        let cookie = scene.cookie
        for bad in [nil, "__Host-gatehouse=x", "gatehouse=" + (cookie ?? "")] {
            scene.cookie = bad
            #expect(answer("&iss=https%3A%2F%2Fas.test")?.status == 400)
        }
        scene.cookie = cookie
        #expect(answer("")?.status == 400)
        #expect(answer("&iss=https%3A%2F%2Fevil.test")?.status == 400)
        #expect(answer("&iss=https%3A%2F%2Fas.test")?.status == 302)
        let replay = answer("&iss=https%3A%2F%2Fas.test")
        #expect(replay?.status == 400 && replay?.values("location").isEmpty == true)
    }

    @Test func `the provider's error goes to the client with its state and the gateway's iss`()
        throws
    {
        let scene = try Scene()
        let clientID = try scene.register()
        let state = try #require(try scene.query(scene.open(scene.authorize(clientID)))["state"])
        let pairs = FormPairs([
            ("error", "access_denied"), ("state", state), ("iss", "https://as.test"),
        ])
        let answer = scene.open("/mcp/callback?" + pairs.encoded)
        let back = try scene.query(answer)
        #expect(answer?.values("location").first?.hasPrefix("http://localhost:9/cb?") == true)
        #expect(back["error"] == "access_denied" && back["state"] == "cs &+")
        #expect(back["iss"] == "https://gw.test/mcp" && back["code"] == nil)
    }

    @Test func `clients that share the configured client are asked about first (G76, §6.1)`()
        throws
    {
        let scene = try Scene(["clientId": "fixed", "clientSecret": "secret:cs"])
        let clientID = try scene.register()
        #expect(!scene.bench.host.fetches.contains { $0.url == "https://as.test/registration" })
        let page = scene.open(scene.authorize(clientID))
        let text = String(decoding: page?.body ?? [], as: UTF8.self)
        #expect(page?.status == 200 && text.contains("method=\"post\""))
        #expect(page?.values("set-cookie").first?.hasPrefix("__Host-gatehouse=") == true)
        let token = consentToken(text)
        let form = FormPairs([("token", token), ("decision", "allow")]).encoded
        // Another browser, another page's token, and a form of another origin get nowhere.
        let cookie = scene.cookie
        scene.cookie = nil
        #expect(scene.post("/mcp/authorize", form)?.status == 400)
        scene.cookie = cookie
        #expect(
            scene.post("/mcp/authorize", form, [("Sec-Fetch-Site", "cross-site")])?.status == 400)
        #expect(scene.post("/mcp/authorize", "token=x&decision=allow")?.status == 400)
        let denied = scene.post(
            "/mcp/authorize", FormPairs([("token", token), ("decision", "deny")]).encoded)
        #expect(denied?.status == 303)
        #expect(try scene.query(denied)["error"] == "access_denied")
        #expect(try scene.query(denied)["iss"] == "https://gw.test/mcp")
        let allowed = scene.post("/mcp/authorize", form)
        #expect(allowed?.status == 303)
        #expect(try scene.query(allowed)["client_id"] == "fixed")
        // Remembered: the second time nobody is asked, and for another client they are.
        #expect(scene.open(scene.authorize(clientID))?.status == 302)
        #expect(scene.open(scene.authorize(try scene.register()))?.status == 200)
        let code = try #require(try scene.code(clientID)["code"])
        #expect(scene.redeem(code, clientID)?.status == 200)
        let request = try scene.sent()
        #expect(request.pairs["client_id"] == "fixed" && request.pairs["client_secret"] == "shh")
    }

    /// The hidden field of a consent page.
    private func consentToken(_ page: String) -> String {
        let input = page.split(separator: "<").first { $0.hasPrefix("input type=\"hidden\"") }
        let value = input?.split(separator: "\"").dropLast().last
        return value.map(String.init) ?? ""
    }

    @Test func `a document's client is registered at the provider once for it`() throws {
        let scene = try Scene()
        let change = [(name: "redirect_uri", value: "https://app.test/cb")]
        let back = try scene.code(Scene.clientURL, change)
        #expect(scene.bench.host.fetches.count { $0.url == Scene.clientURL } == 1)
        let code = try #require(back["code"])
        let answer = scene.redeem(code, Scene.clientURL, redirectURI: "https://app.test/cb")
        #expect(answer?.status == 200)
        #expect(try scene.sent().authorization == ClientCredentials.basic("up", "us"))
        _ = try scene.code(Scene.clientURL, change)
        #expect(
            scene.bench.host.fetches.count { $0.url == "https://as.test/registration" } == 1)
        let fetch = try #require(scene.bench.host.fetches.first { $0.url == Scene.clientURL })
        #expect(fetch.reach == 1)
    }

    @Test func `the client of a document that is none is a page`() throws {
        let scene = try Scene()
        let answer = scene.open(scene.authorize("https://app.test/other"))
        #expect(answer?.status == 400 && answer?.values("location").isEmpty == true)
        let again = scene.open(scene.authorize("https://app.test/other"))
        #expect(again?.status == 400)
        #expect(scene.bench.host.fetches.count { $0.url == "https://app.test/other" } == 1)
    }

    @Test func `the metadata says what the relay does, at both issuers (G40, G41, G52)`() throws {
        let scene = try Scene(siblings: 0)
        let path = try scene.json(scene.open("/.well-known/oauth-authorization-server/mcp"))
        #expect(path["issuer"] == "https://gw.test/mcp")
        #expect(path["authorization_response_iss_parameter_supported"] == true)
        #expect(path["client_id_metadata_document_supported"] == true)
        #expect(path["token_endpoint_auth_methods_supported"] == ["none"])
        for document in ["oauth-authorization-server", "openid-configuration"] {
            let origin = try scene.json(scene.open("/.well-known/" + document))
            #expect(origin["issuer"] == "https://gw.test")
            #expect(origin["authorization_endpoint"] == "https://gw.test/authorize")
            #expect(origin["registration_endpoint"] == "https://gw.test/register")
        }
        let resource = try scene.json(scene.open("/.well-known/oauth-protected-resource/mcp"))
        #expect(resource["authorization_servers"] == ["https://gw.test"])
        // The issuer is the one of the endpoint that the client used (G88).
        let clientID = try scene.register()
        let sent = try scene.query(scene.open(scene.authorize(clientID, at: "/authorize")))
        #expect(sent["redirect_uri"] == "https://gw.test/mcp/callback")
        let back = FormPairs([
            ("code", "k"), ("state", try #require(sent["state"])), ("iss", "https://as.test"),
        ])
        #expect(
            try scene.query(scene.open("/mcp/callback?" + back.encoded))["iss"] == "https://gw.test"
        )
    }

    @Test func `without an external URL the gateway is known by loopback names only (§6.7)`()
        throws
    {
        let scene = try Scene(["resourceMetadata": [:]])
        #expect(
            scene.bench.instance.diagnostics.contains {
                !$0.isError && $0.message.contains("loopback")
            })
        for path in ["/.well-known/oauth-authorization-server/mcp", "/mcp/authorize?client_id=x"] {
            let exchange = scene.bench.instance.exchange(.request("GET", path))
            exchange.end()
            #expect(scene.open(path)?.status == 400)
        }
    }

    @Test func `registrations of one address are limited (G120)`() throws {
        let scene = try Scene(["clients": ["registrationsPerMinute": 2]])
        for _ in 0..<2 { _ = try scene.register() }
        let refused = scene.bench.send(
            "POST", "/mcp/register", [("Content-Type", "application/json")], body: "{}")
        #expect(refused.ownResponse?.status == 429)
        #expect(refused.ownResponse?.values("retry-after").count == 1)
        refused.end()
        #expect(scene.open("/.well-known/oauth-protected-resource/mcp")?.status == 200)
    }

    @Test func `an adapter changes what goes out and what comes back, and sees no secret`()
        throws
    {
        var seen: [String] = []
        let scene = try Scene(
            adapter: { hook, input in
                seen.append(hook + input.serialized(.compact))
                switch hook {
                case "describe/0": return .success(["delivery": "relay"])
                case "authorize_request/0":
                    var params = input["params"]?.objectValue ?? [:]
                    params["resource"] = JSONValue?.none
                    params["scope"] = "api://x/a"
                    params["state"] = "evil"
                    return .success(["params": .object(params)])
                case "token_request/0":
                    return .success([
                        "request": [
                            "url": "https://as.test/token", "form": ["grant_type": "x", "y": "z"],
                            "client_auth": ["method": "post"],
                        ]
                    ])
                case "token_response/0":
                    return .success([
                        "status": 200,
                        "body": ["access_token": "{access_token}", "scope": "a b"],
                    ])
                default: return .failure(TestHostError(status: -2))
                }
            })
        let clientID = try scene.register()
        let sent = try scene.query(scene.open(scene.authorize(clientID)))
        #expect(sent["scope"] == "api://x/a" && sent["resource"] == nil)
        #expect(sent["state"] != "evil" && sent["redirect_uri"] == "https://gw.test/mcp/callback")
        let code = try #require(try scene.code(clientID)["code"])
        let answer = scene.redeem(code, clientID)
        #expect(answer?.status == 200)
        #expect(try scene.json(answer)["access_token"] == "at")
        #expect(try scene.json(answer)["scope"] == "a b")
        let request = try scene.sent()
        #expect(request.pairs["y"] == "z" && request.pairs["code"] == "provider-code")
        // The client's own upstream secret, never the configured one, whatever the plan says.
        #expect(request.authorization == ClientCredentials.basic("up", "us"))
        #expect(request.pairs["client_secret"] == nil)
        for text in seen {
            for secret in ["provider-code", Scene.verifier, "provider-rt", "\"at\"", "\"us\""] {
                if text.hasPrefix("register_response/0") { continue }
                #expect(!text.contains(secret), "\(text)")
            }
        }
    }

    @Test func `an automatic layout does not move an issuer that was noted (ADR 0007)`() throws {
        let folder = try TestFolder()
        defer { withExtendedLifetime(folder) {} }
        let keys: JSONValue = ["file": .string(folder.keys)]
        _ = try Scene(["keys": keys], siblings: 0)
        #expect(throws: TestHostError.self) { try Scene(["keys": keys], siblings: 1) }
        _ = try Scene(["keys": keys, "layout": "path"], siblings: 1)
        // What is written is what is noted from then on.
        #expect(throws: TestHostError.self) { try Scene(["keys": keys], siblings: 0) }
    }

    @Test func `mediated delivery asks about the client that is handed out to all (G67)`() throws {
        let scene = try Scene([
            "delivery": "mediated", "clientId": "fixed", "clientSecret": "secret:cs",
        ])
        #expect(try scene.register() == "fixed")
        let page = scene.open(scene.authorize("fixed"))
        #expect(page?.status == 200)
        let token = consentToken(String(decoding: page?.body ?? [], as: UTF8.self))
        let allowed = scene.post(
            "/mcp/authorize", FormPairs([("token", token), ("decision", "allow")]).encoded)
        #expect(allowed?.status == 303)
        // The provider redirects to the client itself, which sees its own state.
        let sent = try scene.query(allowed)
        #expect(sent["redirect_uri"] == "http://localhost:9/cb" && sent["state"] == "cs &+")
        #expect(scene.redeem("k", "fixed")?.status == 200)
        #expect(try scene.sent().pairs["client_secret"] == "shh")
        _ = scene.redeem("k", "other")
        #expect(try scene.sent().pairs["client_secret"] == nil)
        let document = scene.redeem("k", Scene.clientURL)
        #expect(document?.status == 200)
        #expect(try scene.sent().pairs["client_id"] == "fixed")
    }
}
