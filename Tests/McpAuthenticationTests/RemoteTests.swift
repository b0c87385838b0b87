import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: what an issuer says about a token")
struct RemoteAnswerTests {
    private func answer(
        _ body: String, _ status: Int = 200, _ type: String = "application/json",
        _ more: [(name: String, value: String)] = []
    ) -> RemoteAnswer {
        Introspection.answer(
            FetchedAnswer(
                status: status, fields: [("content-type", type)] + more, body: Array(body.utf8)))
    }

    private func isUnavailable(_ answer: RemoteAnswer) -> Bool {
        if case .unavailable = answer { return true }
        return false
    }

    @Test func `an active token's members are its claims (RFC 7662 §2.2)`() {
        let good = answer(#"{"active": true, "sub": "u", "token_type": "Bearer"}"#)
        #expect(good == .claims(["sub": "u", "token_type": "Bearer"]))
        #expect(answer(#"{"active":true}"#, 200, "Application/JSON; charset=utf-8") == .claims([:]))
    }

    @Test(
        arguments: [
            #"{"active": false}"#, #"{"active": false, "sub": "u"}"#,
            #"{"active": true, "token_type": "refresh_token"}"#,
            #"{"active": true, "token_type": "DPoP"}"#,
        ])
    func `what is not active, or no bearer's access token, is rejected`(body: String) {
        guard case .rejected = answer(body) else {
            Issue.record("not rejected")
            return
        }
    }

    @Test func `nothing else says that a token is bad (G97, trap 13)`() {
        for status in [201, 204, 301, 400, 401, 403, 404, 429, 500, 502, 503] {
            #expect(isUnavailable(answer(#"{"active": false}"#, status)))
        }
        for body in [
            "", "{}", "[]", "true", #"{"active": "false"}"#, #"{"active": null}"#, "<html>",
            #"{"active": true, "a": "# + String(repeating: "[", count: 100),
            #"{"active": true, "a": ""# + String(repeating: "a", count: 65_536) + #""}"#,
        ] {
            #expect(isUnavailable(answer(body)))
        }
        #expect(isUnavailable(answer(#"{"active": true}"#, 200, "text/html")))
        let failed = Introspection.answer(FetchedAnswer(status: 0, failure: "timeout"))
        #expect(failed == .unavailable("timeout"))
    }

    @Test func `a signed answer is refused clearly (RFC 9701)`() {
        let signed = answer("a.b.c", 200, "application/token-introspection+jwt")
        guard case .unavailable(let reason, _) = signed else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("RFC 9701"))
    }

    @Test(arguments: [("7", 7), ("0", 1), ("9999", 120), ("soon", 5), ("-3", 1)])
    func `Retry-After is passed on within bounds`(text: String, seconds: Int) {
        let busy = answer("", 429, "text/plain", [("Retry-After", text)])
        #expect(busy == .unavailable("status 429", retryAfter: seconds))
    }

    @Test func `an answer travels as octets, and garbage is no verdict`() throws {
        for answer: RemoteAnswer in [
            .claims(["sub": "u", "n": 1]), .rejected("no"), .unavailable("x", retryAfter: 9),
        ] {
            #expect(RemoteAnswer(payload: answer.payload) == answer)
        }
        for text in ["", "{}", "[]", #"{"claims": 1}"#] {
            #expect(isUnavailable(RemoteAnswer(payload: Array(text.utf8))))
        }
    }

    @Test func `the question is a POST with the gateway's credentials (RFC 7662 §2.1)`() throws {
        var plan = RequestPlan(url: "https://as.test/i")
        plan.fields = [("x-extra", "1")]
        let request = Introspection.request(plan)
        let secrets = PlanSecrets(token: "to+ken", clientID: "c", clientSecret: "s")
        let fetch = try #require(request.executed(with: secrets, issuer: nil))
        #expect(fetch.method == "POST")
        #expect(
            String(decoding: fetch.body, as: UTF8.self)
                == "token=to%2Bken&token_type_hint=access_token")
        #expect(fetch.fields.contains { $0.name == "authorization" && $0.value == "Basic Yzpz" })
        #expect(fetch.fields.contains { $0.name == "x-extra" && $0.value == "1" })
        #expect(request.executed(with: PlanSecrets(token: "t"), issuer: nil) == nil)
    }

    @Test func `a token is asked about once at a time, and never by too many`() {
        let checks = RemoteChecks()
        func join(_ token: String, now: UInt64 = 1) -> RemoteChecks.Joining {
            let bytes = Array(token.utf8)
            return checks.join(
                bytes, now: now,
                make: {
                    RemoteChecks.Check(
                        token: bytes, isProbe: false, requests: [FetchPlan(url: "u")])
                }, wait: { _ in true })
        }
        #expect(join("a") == .waits(isFirst: true))
        #expect(join("a") == .waits(isFirst: false))
        #expect(join("b") == .waits(isFirst: true))
        let new = checks.takeNew()
        #expect(new.count == 2 && checks.takeNew().isEmpty)
        #expect(checks[new[0]]?.token == Array("a".utf8))
        checks.finish(new[0])
        #expect(checks[new[0]] == nil)
        #expect(join("a") == .waits(isFirst: true))
        for number in 0..<200 { _ = join("t\(number)") }
        #expect(checks.takeNew().count == RemoteChecks.bound - 1)
        guard case .refused = join("late") else {
            Issue.record("not refused")
            return
        }
        checks.finish(new[1], quietUntil: 5_000_000_000)
        guard case .refused(_, let seconds) = join("later") else {
            Issue.record("not refused")
            return
        }
        #expect((4...5).contains(seconds))
        #expect(join("later", now: 5_000_000_000) == .waits(isFirst: true))
    }
}

@Suite("mcpAuthentication: tokens that are asked about, on a host in memory")
struct ShellRemoteTests {
    private static let client: JSONObject = [
        "introspection": ["url": "https://as.test/introspect"], "clientId": "gw",
        "clientSecret": "ref",
    ]

    /// An endpoint of a test, which may change its mind.
    private final class Endpoint {
        var answer: ScriptedAnswer
        var isSilent = false

        init(_ members: JSONObject) { answer = .json(.object(members)) }
    }

    private func bench(
        _ endpoint: Endpoint, _ more: JSONObject = ShellRemoteTests.client
    ) throws -> Bench {
        let key = KeyBox()
        let bench = try Bench(more, secrets: ["ref": Array("s3".utf8)]) { fetch in
            if fetch.url.hasSuffix("/introspect") {
                return endpoint.isSilent ? nil : endpoint.answer
            }
            if fetch.url.hasSuffix("/jwks") { return key.set.map { .json($0) } ?? .failure(-10) }
            return .json([:], status: 404)
        }
        key.set = ["keys": .array([.object(try bench.key.publicJWK())])]
        bench.host.advance(milliseconds: 2000)
        bench.settle()
        return bench
    }

    private func questions(_ bench: Bench) -> [RecordedFetch] {
        bench.host.fetches.filter { $0.url.hasSuffix("/introspect") }
    }

    private func good(_ more: JSONObject = [:]) -> JSONObject {
        var members: JSONObject = [
            "active": true, "aud": .string(Bench.resource), "client_id": "c-9", "sub": "u",
        ]
        for (name, value) in more { members[name] = value.isNull ? JSONValue?.none : value }
        return members
    }

    @Test func `an opaque token is asked about once, and again after the cache's time (G97)`()
        throws
    {
        let endpoint = Endpoint(good())
        let bench = try bench(endpoint)
        for _ in 0..<3 {
            let (status, exchange) = bench.status("opaque-1")
            #expect(status == 200)
            #expect(exchange.notes.values.contains("c-9"))
            #expect(exchange.request.values("authorization").isEmpty)
        }
        #expect(questions(bench).count == 1)
        let question = try #require(questions(bench).first)
        #expect(question.method == "POST" && !question.isOfExchange)
        #expect(
            String(decoding: question.body, as: UTF8.self)
                == "token=opaque-1&token_type_hint=access_token")
        #expect(question.fields.contains { $0.value == "Basic Z3c6czM=" })
        // JWTs are still judged here.
        #expect(bench.status(try bench.token()).status == 200)
        #expect(questions(bench).count == 1)
        bench.host.advance(milliseconds: 61_000)
        #expect(bench.status("opaque-1").status == 200)
        #expect(questions(bench).count == 2)
        endpoint.answer = .json(["active": false])
        bench.host.advance(milliseconds: 61_000)
        for _ in 0..<3 { #expect(bench.status("opaque-1").status == 401) }
        // The negative answer is remembered for a moment.
        #expect(questions(bench).count == 3)
        #expect(bench.instance.metrics["tokens_total expired"] ?? 0 == 0)
    }

    @Test func `exp shortens the cache`() throws {
        let endpoint = Endpoint(good())
        let bench = try bench(endpoint)
        let now = bench.host.unixNanoseconds / 1_000_000_000
        endpoint.answer = .json(.object(good(["exp": .number(JSONNumber(now - 40))])))
        #expect(bench.status("short").status == 200)
        bench.host.advance(milliseconds: 25_000)
        #expect(bench.status("short").status == 401)
        #expect(questions(bench).count == 2)
    }

    @Test(
        arguments: [
            ["aud": "other"], ["aud": nil], ["iss": "https://evil"], ["exp": 1],
            ["nbf": 9_000_000_000],
            ["cnf": ["jkt": "x"]], ["token_use": "refresh_token"], ["exp": "soon"],
        ] as [JSONObject])
    func `what an active answer says is checked as for a JWT (G97)`(change: JSONObject) throws {
        let bench = try bench(Endpoint(good(change)))
        let (status, exchange) = bench.status("opaque")
        #expect(status == 401)
        #expect(exchange.challenge.hasPrefix("Bearer error=\"invalid_token\""))
    }

    @Test func `scopes of the answer are required as well`() throws {
        var more = Self.client
        more["requiredScopes"] = ["read"]
        let endpoint = Endpoint(good(["scope": "write"]))
        let bench = try bench(endpoint, more)
        #expect(bench.status("opaque").status == 403)
        #expect(bench.status("opaque").status == 403)
        #expect(questions(bench).count == 1)
        endpoint.answer = .json(.object(good(["scope": "write read"])))
        #expect(bench.status("other").status == 200)
    }

    @Test(arguments: [429, 500, 503, 401, 400] as [UInt32])
    func `an endpoint that is down or refuses the gateway is 503, never 401 (trap 13)`(
        status: UInt32
    ) throws {
        let endpoint = Endpoint(good())
        let bench = try bench(endpoint)
        endpoint.answer = .json([:], status: status)
        let (answer, exchange) = bench.status("opaque")
        #expect(answer == 503)
        #expect(exchange.ownResponse?.values("retry-after") == ["5"])
        #expect(exchange.challenge.isEmpty)
        #expect(bench.instance.metrics["tokens_total unavailable"] == 1)
        // It is not remembered: once the endpoint is well the token passes.
        endpoint.answer = .json(.object(good()))
        bench.host.advance(milliseconds: 6000)
        #expect(bench.status("opaque").status == 200)
        let said = bench.instance.log.map(\.message).joined()
        #expect(!said.contains("opaque") && !said.contains("s3"))
    }

    @Test func `no answer at all is 503 within seconds`() throws {
        let endpoint = Endpoint(good())
        let bench = try bench(endpoint)
        endpoint.isSilent = true
        let exchange = bench.send("POST", "/mcp", bench.bearer("opaque"))
        #expect(exchange.lastAction == .pause)
        bench.host.advance(milliseconds: 7100)
        bench.settle()
        #expect(exchange.ownResponse?.status == 503)
        exchange.end()
        endpoint.isSilent = false
        endpoint.answer = .failure(-10)
        #expect(bench.status("opaque-2").status == 503)
    }

    @Test func `many requests with one token ask once, and one that leaves ends nothing`() throws {
        let endpoint = Endpoint(good())
        let bench = try bench(endpoint)
        endpoint.isSilent = true
        let exchanges = (0..<5).map { _ in bench.send("POST", "/mcp", bench.bearer("opaque")) }
        let other = bench.send("POST", "/mcp", bench.bearer("opaque-2"))
        #expect(exchanges.allSatisfy { $0.lastAction == .pause })
        exchanges[0].end()
        endpoint.isSilent = false
        bench.settle()
        #expect(questions(bench).count == 2)
        #expect(exchanges.dropFirst().allSatisfy { $0.lastAction == .continue })
        #expect(other.lastAction == .continue)
        for exchange in exchanges.dropFirst() + [other] { exchange.end() }
    }

    @Test func `what is no token is never sent anywhere`() throws {
        let bench = try bench(Endpoint(good()))
        let bad = bench.send("POST", "/mcp", [("Authorization", "Bearer a b\"")])
        #expect(bad.ownResponse?.status == 401)
        bad.end()
        #expect(bench.status(String(repeating: "a", count: 16_385)).status == 401)
        #expect(questions(bench).isEmpty)
    }

    @Test func `the endpoint is found in the issuer's document, and is of its origin or https`()
        throws
    {
        for (url, status) in [
            ("https://as.test/introspect", 200), ("http://evil.test/introspect", 503),
        ] as [(String, UInt32)] {
            let document: JSONValue = [
                "issuer": .string(Bench.issuer), "introspection_endpoint": .string(url),
            ]
            let members = good()
            let bench = try Bench(
                ["introspection": true, "clientId": "gw", "clientSecret": "ref"],
                secrets: ["ref": Array("s3".utf8)]
            ) { fetch in
                if fetch.url.hasSuffix("/introspect") { return .json(.object(members)) }
                return fetch.url.hasSuffix("oauth-authorization-server")
                    ? .json(document) : .json([:], status: 404)
            }
            let exchange = bench.send("POST", "/mcp", bench.bearer("opaque"))
            bench.host.advance(milliseconds: 6000)
            bench.settle()
            #expect((exchange.ownResponse?.status ?? 200) == status)
            exchange.end()
            #expect(questions(bench).count == (status == 200 ? 1 : 0))
        }
    }

    // MARK: Probe

    private static func scripted(
        _ value: JSONValue, _ status: UInt32, _ field: (name: String, value: String)
    ) -> ScriptedAnswer {
        var answer = ScriptedAnswer.json(value, status: status)
        answer.fields.append(field)
        return answer
    }

    private static func probing(
        _ map: @escaping (JSONValue) -> JSONValue
    ) -> [String: (String, JSONValue) -> Result<JSONValue, TestHostError>] {
        [
            "other": { hook, input in
                switch hook {
                case "verification/0":
                    return .success([
                        "kinds": ["probe"],
                        "probe": [
                            [
                                "url": "https://as.test/check", "method": "POST",
                                "json": ["access_token": "{token}"],
                                "client_auth": ["method": "basic", "secret": "client"],
                            ],
                            [
                                "url": "https://as.test/user",
                                "client_auth": ["method": "bearer", "secret": "token"],
                            ],
                        ],
                    ])
                case "audience/0":
                    return .success([
                        "bound": true,
                        "alternatives": [["claim": ["aud"], "any_of": ["app-1"]]],
                    ])
                case "map_probe/0": return .success(map(input))
                default: return .failure(TestHostError(status: -2))
                }
            }
        ]
    }

    @Test func `a vendor's endpoints are asked in order, with the token, and mapped`() throws {
        var inputs: [JSONValue] = []
        let bench = try Bench(
            [
                "provider": ["other": [:]], "clientId": "gw", "clientSecret": "ref",
                "delivery": "direct",
            ],
            providers: Self.probing { input in
                inputs.append(input)
                return ["claims": ["sub": "u", "aud": "app-1", "scope": "repo"]]
            }, secrets: ["ref": Array("s3".utf8)]
        ) { fetch in
            switch fetch.url {
            case "https://as.test/check":
                Self.scripted(["id": 1], 200, ("X-OAuth-Scopes", "repo"))
            case "https://as.test/user": .json(["login": "u"])
            default: .json([:], status: 404)
            }
        }
        // Such a provider has no key set, and needs none to be ready.
        #expect(bench.instance.readiness?.isReady == true)
        #expect(bench.instance.metrics["jwks_failures_total"] ?? 0 == 0)
        // A JWT's shape makes no difference where only the probe is a way.
        for token in ["gho_1", "a.b.c"] { #expect(bench.status(token).status == 200) }
        let asked = bench.host.fetches.filter {
            $0.url.contains("/check") || $0.url.contains("/user")
        }
        #expect(
            asked.map(\.url).prefix(2) == ["https://as.test/check", "https://as.test/user"])
        #expect(String(decoding: asked[0].body, as: UTF8.self) == #"{"access_token":"gho_1"}"#)
        #expect(asked[0].fields.contains { $0.value == "Basic Z3c6czM=" })
        #expect(asked[1].fields.contains { $0.value == "Bearer gho_1" })
        let responses = try #require(inputs.first?["responses"]?.arrayValue)
        #expect(responses.count == 2)
        #expect(responses[0]["fields"]?["x-oauth-scopes"] == "repo")
        #expect(responses[0]["body"]?["id"] == 1 && responses[1]["body"]?["login"] == "u")
        #expect(inputs.first?["client_id"] == "gw")
    }

    @Test(
        arguments: [
            (["reject": "no"], 401), (["unavailable": "busy"], 503), ([:], 503),
            (["claims": ["sub": "u", "aud": "app-2"]], 401),
            (["claims": ["sub": "u"]], 401),
        ] as [(JSONValue, UInt32)])
    func `what the adapter says becomes 401 or 503, and its audience is checked`(
        output: JSONValue, status: UInt32
    ) throws {
        let bench = try Bench(
            ["provider": ["other": [:]], "clientId": "gw", "clientSecret": "ref"],
            providers: Self.probing { _ in output }, secrets: ["ref": Array("s3".utf8)]
        ) { _ in .json([:]) }
        #expect(bench.status("gho_1").status == status)
    }

    @Test func `a vendor that is busy is 503 and left alone for a while`() throws {
        let bench = try Bench(
            ["provider": ["other": [:]], "clientId": "gw", "clientSecret": "ref"],
            providers: Self.probing { _ in ["reject": "never asked"] },
            secrets: ["ref": Array("s3".utf8)]
        ) { fetch in
            guard fetch.url == "https://as.test/check" else { return .json([:]) }
            return Self.scripted([:], 429, ("Retry-After", "20"))
        }
        let (status, exchange) = bench.status("gho_1")
        #expect(status == 503 && exchange.ownResponse?.values("retry-after") == ["20"])
        #expect(bench.status("gho_2").status == 503)
        let asked = bench.host.fetches.filter { $0.url == "https://as.test/check" }
        #expect(asked.count == 1)
    }

    @Test func `a secret that is not there is said at once, and the token is not lost`() throws {
        let bench = try Bench(
            ["provider": ["other": [:]]],
            providers: Self.probing { _ in ["claims": ["sub": "u", "aud": "app-1"]] })
        #expect(bench.status("gho_1").status == 503)
        #expect(bench.instance.log.contains { $0.message.contains("lacks a secret") })
    }
}
