import CGatehouse
import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Testing

@testable import McpAuthenticationLogic

/// One instance of the policy on a host in memory, with an authorization server of the test's.
final class Bench {
    let host = MemoryHost()
    let instance: MemoryInstance
    let key: SigningKey
    static let issuer = "https://as.test"
    static let resource = "https://gw.test/mcp"

    init(
        _ more: JSONObject = [:], path: String = "/mcp", siblings: Int64 = 0,
        providers: [String: (String, JSONValue) -> Result<JSONValue, TestHostError>] = [:],
        policies: [String] = [], secrets: [String: [UInt8]] = [:],
        answer: ((RecordedFetch) -> ScriptedAnswer?)? = nil
    ) throws {
        let key = try SigningKey.generate(.es256, keyID: "k1")
        self.key = key
        let set: JSONValue = ["keys": .array([.object(try key.publicJWK())])]
        host.answer =
            answer ?? { $0.url == "\(Bench.issuer)/jwks" ? .json(set) : .json([:], status: 404) }
        var configuration: JSONObject = [
            "issuer": .string(Self.issuer), "audiences": [.string(Self.resource)],
            "jwks": ["url": .string(Self.issuer + "/jwks")],
            "resourceMetadata": [
                "resource": .string(Self.resource), "scopesSupported": ["a", "b"],
            ],
        ]
        for (name, value) in more { configuration[name] = value }
        host.providers = providers
        host.secrets = secrets
        try host.enter { host, library in
            PluginLibrary.enter(host, library, offering: [.policy(McpAuthentication.self)])
        }
        instance = try host.instance(
            configuration: .object(configuration),
            route: [
                "matches": [["path": ["exact": .string(path)]]],
                "siblings": .number(JSONNumber(siblings)),
                "policies": .array(policies.map { ["name": .string($0)] }),
            ])
        host.run()
        host.advance(milliseconds: 10)
    }

    func token(_ change: JSONObject = [:], key other: SigningKey? = nil) throws -> String {
        var claims: JSONObject = [
            "iss": .string(Self.issuer), "aud": .string(Self.resource),
            "exp": .number(JSONNumber(host.unixNanoseconds / 1_000_000_000 + 100)),
            "client_id": "client-7",
        ]
        for (name, value) in change { claims[name] = value.isNull ? JSONValue?.none : value }
        return try (other ?? key).token(claims: claims)
    }

    /// Sends a request; by a claimed path where the instance claimed it.
    func send(
        _ method: String = "POST", _ target: String = "/mcp",
        _ fields: [(name: String, value: String)] = [], body: String? = nil
    ) -> MemoryExchange {
        var request = TestMessage.request(method, target, fields)
        let path = String(target.prefix { $0 != "?" })
        if let at = instance.claims.firstIndex(where: {
            $0.path == path || ($0.isPrefix && path.hasPrefix($0.path + "/"))
        }) {
            request.claim = UInt32(at + 1)
        }
        request.hasNoBody = body == nil
        let exchange = instance.exchange(request)
        exchange.requestHead()
        if let body, exchange.lastAction == .continue, exchange.bodyModes[0] == 3 {
            exchange.requestBody([Array(body.utf8)], isEnd: true)
        }
        settle()
        return exchange
    }

    func settle() {
        for _ in 0..<20 {
            host.run()
            host.advance(milliseconds: 5)
        }
    }

    func bearer(_ token: String) -> [(name: String, value: String)] {
        [("Authorization", "Bearer \(token)")]
    }
}

@Suite("mcpAuthentication: the policy on a host in memory")
struct ShellTests {
    private func challenge(_ exchange: MemoryExchange) -> String {
        exchange.ownResponse?.values("www-authenticate").first ?? ""
    }

    @Test func `no token is 401 with the challenge, a valid one passes and is removed`() throws {
        let bench = try Bench()
        let none = bench.send()
        #expect(none.ownResponse?.status == 401)
        #expect(
            challenge(none) == "Bearer resource_metadata=\"https://gw.test/.well-known/"
                + "oauth-protected-resource/mcp\", scope=\"a b\"")
        let token = try bench.token()
        for _ in 0..<2 {
            let good = bench.send("POST", "/mcp", bench.bearer(token))
            #expect(good.lastAction == .continue)
            #expect(good.request.values("authorization").isEmpty)
            #expect(good.notes.values.contains("client-7"))
            good.end()
        }
        #expect(bench.host.fetches.filter { $0.url.hasSuffix("/jwks") }.count == 1)
        none.end()
    }

    @Test func `what becomes of tokens is counted, those that are good a moment later`() throws {
        let bench = try Bench()
        let metrics = { bench.instance.metrics.filter { $0.value != 0 } }
        #expect(metrics()["jwks_keys"] == 1 && metrics()["jwks_failures_total"] == nil)
        let loaded = try #require(metrics()["jwks_timestamp_seconds"])
        let now = Double(bench.host.unixNanoseconds / 1_000_000_000)
        #expect(loaded > now - 10 && loaded <= now)
        let token = try bench.token()
        let requests = [
            [], bench.bearer(token), bench.bearer(token), bench.bearer("a.b.c"),
            [("Authorization", "Bearer a b")], bench.bearer(try bench.token(["aud": "x"])),
            bench.bearer(token) + bench.bearer(token),
        ]
        for fields in requests { bench.send("POST", "/mcp", fields).end() }
        for _ in 0..<60 { bench.host.advance(milliseconds: 100) }
        bench.settle()
        #expect(metrics()["tokens_total accepted"] == 2)
        #expect(metrics()["tokens_total missing"] == 1)
        #expect(metrics()["tokens_total malformed"] == 1)
        #expect(metrics()["tokens_total ambiguous"] == 1)
        #expect(metrics()["tokens_total refused"] == 2)
        #expect(metrics()["verifications_total"] == 3)
        bench.host.advance(milliseconds: 200_000)
        bench.send("POST", "/mcp", bench.bearer(token)).end()
        #expect(metrics()["tokens_total expired"] == 1)
    }

    @Test func `bad tokens are 401 invalid_token, malformed ones invalid_request, two are 400`()
        throws
    {
        let bench = try Bench()
        let other = try SigningKey.generate(.es256, keyID: "k9")
        for token in [
            try bench.token(["iss": "https://evil"]), try bench.token(["aud": "x"]),
            try bench.token(["exp": 1]), try bench.token(["exp": nil]),
            try bench.token(key: other), "a.b.c",
        ] {
            let exchange = bench.send("POST", "/mcp", bench.bearer(token))
            #expect(exchange.ownResponse?.status == 401)
            #expect(challenge(exchange).hasPrefix("Bearer error=\"invalid_token\""))
            #expect(exchange.ownResponse?.reason.isEmpty == false)
            #expect(exchange.ownResponse?.reason.contains(token) == false)
            exchange.end()
        }
        let malformed = bench.send("POST", "/mcp", [("Authorization", "Bearer a b")])
        #expect(malformed.ownResponse?.status == 401)
        #expect(challenge(malformed).hasPrefix("Bearer error=\"invalid_request\""))
        malformed.end()
        let good = bench.bearer(try bench.token())
        let twice = bench.send("POST", "/mcp", good + good)
        #expect(twice.ownResponse?.status == 400)
        twice.end()
    }

    @Test func `the modes let through what they say, never the credential (G107)`() throws {
        for (mode, isBadRefused) in [("optional", true), ("permissive", false)] {
            let bench = try Bench(["mode": .string(mode)])
            let none = bench.send()
            #expect(none.lastAction == .continue)
            none.end()
            let bad = bench.send("POST", "/mcp", bench.bearer(try bench.token(["exp": 1])))
            #expect((bad.ownResponse?.status == 401) == isBadRefused)
            if !isBadRefused { #expect(bad.request.values("authorization").isEmpty) }
            bad.end()
            let basic = bench.send("POST", "/mcp", [("Authorization", "Basic dTpw")])
            #expect(basic.lastAction == .continue)
            #expect(basic.request.values("authorization").isEmpty)
            basic.end()
        }
    }

    @Test func `without a key set a token is 503, no token 401, metadata 200 (G32)`() throws {
        let bench = try Bench(answer: { _ in .failure(-10) })
        let token = bench.send("POST", "/mcp", bench.bearer(try bench.token()))
        #expect(token.ownResponse?.status == 503)
        #expect(token.ownResponse?.values("retry-after").isEmpty == false)
        let none = bench.send()
        #expect(none.ownResponse?.status == 401)
        let document = bench.send("GET", "/.well-known/oauth-protected-resource/mcp")
        #expect(document.ownResponse?.status == 200)
        for exchange in [token, none, document] { exchange.end() }
    }

    @Test func `a rotated key is found by one refetch while the request waits (G96)`() throws {
        let rotated = try SigningKey.generate(.es256, keyID: "k2")
        var current: JSONValue = ["keys": []]
        let bench = try Bench(answer: { _ in .json(current) })
        current = ["keys": .array([.object(try bench.key.publicJWK())])]
        bench.host.advance(milliseconds: 2000)
        bench.settle()
        let first = bench.send("POST", "/mcp", bench.bearer(try bench.token()))
        #expect(first.lastAction == .continue)
        bench.host.advance(milliseconds: 31_000)
        current = ["keys": .array([.object(try rotated.publicJWK())])]
        let second = bench.send("POST", "/mcp", bench.bearer(try bench.token(key: rotated)))
        bench.settle()
        #expect(second.lastAction == .continue)
        let unknown = try SigningKey.generate(.es256, keyID: "k3")
        let late = bench.send("POST", "/mcp", bench.bearer(try bench.token(key: unknown)))
        #expect(late.ownResponse?.status == 401)
        let old = bench.send("POST", "/mcp", bench.bearer(try bench.token()))
        #expect(old.ownResponse?.status == 401)
        for exchange in [first, second, late, old] { exchange.end() }
    }

    @Test func `all who come while a key set is on its way may wait for it (F23)`() {
        let loop = AuthenticationLoop(random: [UInt8](repeating: 1, count: 32))
        #expect(loop.mayDemand(at: 0))
        #expect(loop.mayDemand(at: 1))
        loop.demandAnswered()
        #expect(!loop.mayDemand(at: 2))
        #expect(loop.mayDemand(at: AuthenticationLoop.demandInterval))
    }

    @Test func `tokens beyond a turn's share come back one after another, and all pass`() throws {
        let bench = try Bench()
        let exchanges = try (0..<100).map { number in
            let token = try bench.token(["sub": .string("user-\(number)")])
            let exchange = bench.instance.exchange(
                .request("POST", "/mcp", bench.bearer(token)))
            exchange.requestHead()
            return exchange
        }
        // A turn verifies 320 units' worth, and P-256 costs four.
        #expect(exchanges.map(\.lastAction).filter { $0 == .continue }.count == 80)
        #expect(exchanges.map(\.lastAction).filter { $0 == .pause }.count == 20)
        bench.host.advance(milliseconds: 1)
        bench.host.run()
        #expect(exchanges.map(\.lastAction).filter { $0 == .continue }.count == 96)
        bench.settle()
        #expect(exchanges.allSatisfy { $0.lastAction == .continue })
        for exchange in exchanges { exchange.end() }
    }

    @Test func `an upstream's 401 becomes 502 without its challenge (G15)`() throws {
        let bench = try Bench()
        let exchange = bench.send("POST", "/mcp", bench.bearer(try bench.token()))
        exchange.responseHead(.response(401, [("WWW-Authenticate", "Bearer realm=\"inner\"")]))
        #expect(exchange.lastAction == .responded)
        #expect(exchange.ownResponse?.status == 502)
        #expect(exchange.ownResponse?.values("www-authenticate").isEmpty == true)
        exchange.end()
    }

    @Test func `a GET stream ends with its token, a POST's does not (G112)`() throws {
        let bench = try Bench()
        let stream = [(name: "Content-Type", value: "text/event-stream; charset=utf-8")]
        let fields = bench.bearer(try bench.token())
        let get = bench.send("GET", "/mcp", fields)
        let post = bench.send("POST", "/mcp", fields)
        #expect(get.responseHead(.response(200, stream)) == .continue)
        #expect(post.responseHead(.response(200, stream)) == .continue)
        bench.host.advance(milliseconds: 155_000)
        #expect(get.lastAction == .continue)
        bench.host.advance(milliseconds: 10_000)
        bench.settle()
        #expect(get.lastAction == .finish)
        #expect(post.lastAction == .continue)
        get.end()
        post.end()
    }

    @Test func `documents answer GET, HEAD, OPTIONS, else 405 with Allow`() throws {
        let bench = try Bench()
        let path = "/.well-known/oauth-protected-resource/mcp"
        for (method, status) in [("GET", 200), ("HEAD", 200), ("OPTIONS", 204), ("POST", 405)] {
            let exchange = bench.send(method, path)
            #expect(exchange.ownResponse?.status == UInt32(status))
            #expect(exchange.ownResponse?.values("access-control-allow-origin") == ["*"])
            #expect(exchange.ownResponse?.values("cache-control").count == 1)
            if status == 405 {
                #expect(exchange.ownResponse?.values("allow") == ["GET, HEAD, OPTIONS"])
            }
            exchange.end()
        }
    }

    @Test func `a token in a cookie is read and only it removed`() throws {
        let bench = try Bench(["authorizationLocation": ["cookie": ["name": "t"]]])
        let cookie = "a=1; t=\(try bench.token()); b=2"
        let exchange = bench.send("POST", "/mcp", [("Cookie", cookie)])
        #expect(exchange.lastAction == .continue)
        #expect(exchange.request.values("cookie") == ["a=1; b=2"])
        exchange.end()
    }

    @Test func `a token in the query is read where configured and only it removed`() throws {
        let bench = try Bench(["authorizationLocation": ["queryParameter": ["name": "t"]]])
        let token = try bench.token()
        for (query, left) in [("a=1&t=\(token)&b", "/mcp?a=1&b"), ("t=\(token)", "/mcp")] {
            let exchange = bench.send("POST", "/mcp?" + query)
            #expect(exchange.lastAction == .continue)
            #expect(exchange.request.target == left)
            exchange.end()
        }
        let unread = try Bench()
        let refused = unread.send("POST", "/mcp?access_token=\(try unread.token())")
        #expect(refused.ownResponse?.status == 401)
        refused.end()
    }

    @Test(arguments: [("maybe", JSONValue.null, 1), ("never", .null, 0), ("always", "direct", 0)])
    func `a provider that may send iss is a warning in mediated delivery`(
        emits: String, delivery: JSONValue, count: Int
    ) throws {
        var more: JSONObject = ["provider": ["other": [:]]]
        if !delivery.isNull { more["delivery"] = delivery }
        let bench = try Bench(
            more,
            providers: [
                "other": { hook, _ in
                    hook == "describe/0"
                        ? .success(["emits_iss": .string(emits)])
                        : .failure(TestHostError(status: -2))
                }
            ])
        let said = bench.instance.diagnostics.filter { $0.message.contains("RFC 9207") }
        #expect(said.count == count)
        #expect(said.allSatisfy { $0.pointer == "/provider/other" && !$0.isError })
    }

    @Test func `mediated delivery registers, redirects and proxies tokens`() throws {
        var provider: JSONObject = ["issuer": "https://as.test"]
        for name in ["authorization", "token", "registration"] {
            provider["\(name)_endpoint"] = .string("https://as.test/\(name)")
        }
        let document = JSONValue.object(provider)
        let bench = try Bench(["delivery": "mediated"]) { fetch in
            switch fetch.url {
            case "https://as.test/registration": .json(["client_id": "new"], status: 201)
            case "https://as.test/token": .json(["access_token": "at"])
            case "https://as.test/jwks": .json(["keys": []])
            default: .json(document)
            }
        }
        let inserted = "/.well-known/oauth-authorization-server/mcp"
        let metadata = bench.send("GET", inserted)
        let text = metadata.ownResponse.map { String(decoding: $0.body, as: UTF8.self) } ?? ""
        #expect(text.contains(#""issuer":"https://gw.test/mcp""#))
        #expect(text.contains(inserted + "/client-registration"))
        let registration = bench.send(
            "POST", inserted + "/client-registration", [("Content-Type", "application/json")],
            body: #"{"redirect_uris":["http://localhost:1/cb"]}"#)
        #expect(registration.ownResponse?.status == 201)
        let form = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
        let token = bench.send(
            "POST", "/mcp/token", form, body: "grant_type=authorization_code&code=x&client_id=new")
        #expect(token.ownResponse?.status == 200)
        let challenge = String(repeating: "c", count: 43)
        let authorize = bench.send(
            "GET",
            "/mcp/authorize?response_type=code&client_id=new&code_challenge=\(challenge)"
                + "&code_challenge_method=S256")
        #expect(authorize.ownResponse?.status == 302)
        #expect(
            authorize.ownResponse?.values("location").first?
                .hasPrefix("https://as.test/authorization?response_type=code") == true)
        for exchange in [metadata, registration, token, authorize] { exchange.end() }
    }
}
