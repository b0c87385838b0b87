import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Testing

@testable import McpAuthenticationLogic

extension Bench {
    /// A provider that answers these hooks and does not know the others.
    static func provider(
        _ hooks: [String: JSONValue]
    ) -> [String: (String, JSONValue) -> Result<JSONValue, TestHostError>] {
        [
            "other": { hook, _ in
                hooks[hook].map { .success($0) }
                    ?? .failure(TestHostError(status: -2))
            }
        ]
    }

    /// Sends a token and ends the exchange.
    func status(
        _ token: String, _ more: [(name: String, value: String)] = []
    ) -> (status: UInt32, exchange: MemoryExchange) {
        let exchange = send("POST", "/mcp", bearer(token) + more)
        exchange.end()
        return (exchange.ownResponse?.status ?? 200, exchange)
    }
}

extension MemoryExchange {
    var challenge: String { ownResponse?.values("www-authenticate").first ?? "" }
}

@Suite("mcpAuthentication: scopes, identity and several issuers on a host in memory")
struct ShellTokenTests {
    // MARK: Scopes

    @Test func `a good token without the scope is 403 with all scopes in one challenge (G07, G08)`()
        throws
    {
        let bench = try Bench([
            "requiredScopes": ["read", "tools"],
            "scopeHierarchy": ["admin": ["write"], "write": ["read", "tools"]],
        ])
        for scopes in ["", "read", "other tools"] {
            for _ in 0..<2 {
                let (status, exchange) = bench.status(try bench.token(["scope": .string(scopes)]))
                #expect(status == 403)
                #expect(
                    exchange.challenge == "Bearer error=\"insufficient_scope\","
                        + " error_description=\"The access token does not permit this\","
                        + " resource_metadata=\"https://gw.test/.well-known/"
                        + "oauth-protected-resource/mcp\", scope=\"read tools\"")
            }
        }
        for scopes in ["read tools", "admin", "tools write"] {
            #expect(bench.status(try bench.token(["scope": .string(scopes)])).status == 200)
        }
        let none = bench.send()
        #expect(none.challenge.hasSuffix("scope=\"read tools\""))
        none.end()
        #expect(bench.instance.metrics["tokens_total insufficientScope"] == 6)
        let document = bench.send("GET", "/.well-known/oauth-protected-resource/mcp")
        let body = String(decoding: document.ownResponse?.body ?? [], as: UTF8.self)
        #expect(body.contains(#""scopes_supported":["a","b"]"#))
        document.end()
    }

    @Test(arguments: [("optional", 403), ("permissive", 200)] as [(String, UInt32)])
    func `a token that lacks a scope is treated by the mode as a bad one`(
        mode: String, status: UInt32
    ) throws {
        let bench = try Bench(["requiredScopes": ["read"], "mode": .string(mode)])
        let (answer, exchange) = bench.status(try bench.token())
        #expect(answer == status)
        if status == 200 { #expect(exchange.request.values("authorization").isEmpty) }
    }

    // MARK: Identity

    private static let spoofed = IdentityPart.allCases.map { part in
        (name: "X-Gatehouse-" + part.note.uppercased(), value: "evil")
    }

    private func identity(_ exchange: MemoryExchange) -> [String] {
        IdentityPart.allCases.flatMap { exchange.request.values("x-gatehouse-" + $0.note) }
    }

    @Test(arguments: ["strict", "optional", "permissive"])
    func `a client's own fields never arrive, in any mode, with and without token (G108)`(
        mode: String
    ) throws {
        for option in [true, false] {
            let bench = try Bench(["mode": .string(mode), "identityHeaders": .bool(option)])
            let token = try bench.token(["client_id": nil])
            for _ in 0..<2 {
                let (status, exchange) = bench.status(token, Self.spoofed + Self.spoofed)
                #expect(status == 200)
                #expect(identity(exchange).isEmpty)
            }
            guard mode != "strict" else { continue }
            let none = bench.send("POST", "/mcp", Self.spoofed)
            #expect(none.lastAction == .continue && identity(none).isEmpty)
            none.end()
        }
    }

    @Test func `one spoofed field is enough to be removed`() throws {
        let bench = try Bench()
        let token = try bench.token()
        for field in Self.spoofed {
            let (status, exchange) = bench.status(token, [field])
            #expect(status == 200 && identity(exchange).isEmpty)
        }
    }

    @Test func `the upstream is told by the option, in the place of what the client said`() throws {
        let bench = try Bench(["identityHeaders": true])
        let token = try bench.token([
            "sub": "user 1,x", "scope": "read write", "groups": ["g,1", "g2"], "roles": ["r"],
        ])
        for _ in 0..<2 {
            let (status, exchange) = bench.status(token, Self.spoofed)
            #expect(status == 200)
            #expect(exchange.request.values("x-gatehouse-subject") == ["user%201%2Cx"])
            #expect(exchange.request.values("x-gatehouse-client") == ["client-7"])
            #expect(exchange.request.values("x-gatehouse-scopes") == ["read write"])
            #expect(exchange.request.values("x-gatehouse-groups") == ["g%2C1,g2"])
            #expect(exchange.request.values("x-gatehouse-roles") == ["r"])
            #expect(exchange.request.values("x-gatehouse-tenant").isEmpty)
            #expect(exchange.request.values("authorization").isEmpty)
        }
    }

    @Test func `the gateway's own cookie stays with it, others arrive (G107)`() throws {
        let bench = try Bench()
        let token = try bench.token()
        for (sent, arrives) in [
            ("__Host-gatehouse=x; a=1; gatehouse=y", ["a=1"]), ("gatehouse=y", []),
            ("a=1; gatehouses=2", ["a=1; gatehouses=2"]),
        ] {
            for _ in 0..<2 {
                let (status, exchange) = bench.status(token, [("Cookie", sent)])
                #expect(status == 200)
                #expect(exchange.request.values("cookie") == arrives)
                #expect(exchange.request.values("authorization").isEmpty)
            }
        }
    }

    @Test func `a token in a cookie is told of as well`() throws {
        let bench = try Bench([
            "identityHeaders": true, "authorizationLocation": ["cookie": ["name": "t"]],
        ])
        let cookie = "a=1; t=\(try bench.token(["sub": "s"]))"
        let exchange = bench.send("POST", "/mcp", [("Cookie", cookie)] + Self.spoofed)
        #expect(exchange.request.values("x-gatehouse-subject") == ["s"])
        #expect(exchange.request.values("cookie") == ["a=1"])
        exchange.end()
    }

    @Test func `later policies get notes, and only where there is one`() throws {
        let change: JSONObject = ["sub": "s", "scope": "a b", "tid": "t", "groups": ["g"]]
        for (policies, isTold) in [
            (["cors", "mcpAuthentication"], false), (["mcpAuthentication", "audit"], true),
            ([], false),
        ] {
            let bench = try Bench(policies: policies)
            #expect(bench.instance.notes.contains { $0.name == "subject" } == isTold)
            let token = try bench.token(change)
            for _ in 0..<2 {
                let (_, exchange) = bench.status(token)
                let values = Set(exchange.notes.values)
                #expect(values == (isTold ? ["client-7", "s", "a b", "t", "g"] : ["client-7"]))
                #expect(identity(exchange).isEmpty)
            }
        }
    }

    // MARK: Several issuers

    @Test func `iss chooses the issuer, with keys and audiences of its own`() throws {
        let second = try SigningKey.generate(.es256, keyID: "k1")
        let set: JSONValue = ["keys": .array([.object(try second.publicJWK())])]
        let bench = try Bench([
            "issuers": [["issuer": "https://two.test", "audiences": ["two"], "jwks": set]]
        ])
        func token(_ issuer: String, _ audience: String, _ key: SigningKey) throws -> UInt32 {
            let change: JSONObject = ["iss": .string(issuer), "aud": .string(audience)]
            return bench.status(try bench.token(change, key: key)).status
        }
        #expect(try token(Bench.issuer, Bench.resource, bench.key) == 200)
        #expect(try token("https://two.test", "two", second) == 200)
        // Neither the keys nor the audiences of one issuer are good for the other.
        #expect(try token("https://two.test", "two", bench.key) == 401)
        #expect(try token(Bench.issuer, Bench.resource, second) == 401)
        #expect(try token("https://two.test", Bench.resource, second) == 401)
        #expect(try token(Bench.issuer, "two", bench.key) == 401)
        #expect(try token("https://three.test", "two", second) == 401)
    }

    @Test func `each issuer has one demand of its own, and readiness waits for all (G96)`() throws {
        let second = try SigningKey.generate(.es256, keyID: "k2")
        var secondSet: JSONValue?
        let box = KeyBox()
        let bench = try Bench([
            "issuers": [["issuer": "https://two.test", "jwks": ["url": "https://two.test/k"]]]
        ]) { fetch in
            if fetch.url == "https://two.test/k" {
                return secondSet.map { .json($0) } ?? .failure(-10)
            }
            return fetch.url == "\(Bench.issuer)/jwks" ? box.set.map { .json($0) } : .failure(-10)
        }
        box.set = ["keys": .array([.object(try bench.key.publicJWK())])]
        bench.settle()
        #expect(bench.instance.readiness?.isReady == false)
        #expect(bench.instance.readiness?.reason.hasPrefix("https://two.test: ") == true)
        #expect(bench.instance.metrics["jwks_keys"] == 1)
        #expect(bench.instance.metrics["jwks_timestamp_seconds"] == 0)
        let change: JSONObject = ["iss": "https://two.test"]
        #expect(bench.status(try bench.token()).status == 200)
        #expect(bench.status(try bench.token(change, key: second)).status == 503)
        secondSet = ["keys": .array([.object(try second.publicJWK())])]
        bench.host.advance(milliseconds: 5000)
        bench.settle()
        #expect(bench.instance.readiness?.isReady == true)
        #expect(bench.instance.metrics["jwks_keys"] == 2)
        #expect(bench.status(try bench.token(change, key: second)).status == 200)
        // An unknown key of one issuer asks for that issuer's keys, and leaves the other its turn.
        bench.host.advance(milliseconds: 31_000)
        let before = bench.host.fetches.count
        let unknown = try SigningKey.generate(.es256, keyID: "k9")
        #expect(bench.status(try bench.token(change, key: unknown)).status == 401)
        #expect(bench.host.fetches.dropFirst(before).map(\.url) == ["https://two.test/k"])
        #expect(bench.status(try bench.token(key: unknown)).status == 401)
        #expect(
            bench.host.fetches.dropFirst(before).map(\.url)
                == ["https://two.test/k", "\(Bench.issuer)/jwks"])
    }

    // MARK: Adapters

    @Test func `an adapter's audiences, issuers and types are what is checked`() throws {
        let hooks: [String: JSONValue] = [
            "issuers/0": [
                "tokens": [
                    ["issuer": "https://as.test"],
                    ["issuer": "https://sts/{tid}/", "claim": "tid", "values": ["t1"]],
                ]
            ],
            "audience/0": [
                "bound": false,
                "alternatives": [
                    ["claim": ["aud"], "any_of": ["api"]],
                    ["claim": ["azp"], "any_of": ["the-client"]],
                ],
            ],
            "verification/0": ["algorithms": ["ES256"], "types": ["at+jwt", nil]],
        ]
        let bench = try Bench(
            ["provider": ["other": [:]], "delivery": "direct"], providers: Bench.provider(hooks))
        let said = bench.instance.diagnostics.filter { $0.message.contains("RFC 8725 §3.9") }
        #expect(said.map(\.pointer) == ["/provider/other"])
        #expect(said.allSatisfy { !$0.isError })
        for (change, status) in [
            (["aud": "api"], 200), (["aud": nil, "azp": "the-client"], 200),
            (["aud": .string(Bench.resource)], 401), (["azp": "another"], 401),
            (["aud": "api", "iss": "https://sts/t1/", "tid": "t1"], 200),
            (["aud": "api", "iss": "https://sts/t2/", "tid": "t2"], 401),
            (["aud": "api", "iss": "https://sts/t2/", "tid": "t1"], 401),
        ] as [(JSONObject, UInt32)] {
            #expect(bench.status(try bench.token(change)).status == status, "\(change)")
        }
    }

    @Test(arguments: [("types", "at+jwt"), ("algorithms", "RS256")])
    func `a type or an algorithm that the adapter does not name is refused (G90, G94)`(
        member: String, value: String
    ) throws {
        let hook: JSONValue = .object([member: .array([.string(value)])])
        let bench = try Bench(
            ["provider": ["other": [:]]], providers: Bench.provider(["verification/0": hook]))
        // The test's tokens are ES256 and have no typ.
        #expect(bench.status(try bench.token()).status == 401)
    }

    @Test(
        arguments: [
            "issuers/0": ["tokens": [["issuer": "https://{t}", "claim": "t"]]],
            "audience/0": ["bound": true, "alternatives": []],
            "verification/0": ["kinds": ["nothing"]],
        ] as [String: JSONValue])
    func `an adapter's answer that cannot be used refuses the configuration`(
        hook: String, output: JSONValue
    ) throws {
        #expect(throws: TestHostError.self) {
            try Bench(
                ["provider": ["other": [:]]], providers: Bench.provider([hook: output]))
        }
    }

    @Test func `tokens that look like ID tokens need an adapter that tells them apart (trap 10)`()
        throws
    {
        let plain = try Bench()
        #expect(plain.status(try plain.token(["at_hash": "x"])).status == 401)
        #expect(plain.status(try plain.token(["nonce": "x"])).status == 401)
        let bench = try Bench(
            ["provider": ["other": [:]]],
            providers: [
                "other": { hook, input in
                    switch hook {
                    case "verification/0": return .success(["id_token_shape": true])
                    case "normalize_claims/0":
                        return .success(
                            input["claims"]?["nonce"] == nil ? [:] : ["reject": "an ID token"])
                    default: return .failure(TestHostError(status: -2))
                    }
                }
            ])
        #expect(bench.status(try bench.token(["at_hash": "x"])).status == 200)
        #expect(bench.status(try bench.token(["nonce": "x"])).status == 401)
        #expect(bench.status(try bench.token(["token_use": "id"])).status == 401)
    }
}

/// A key set that a test puts there later.
final class KeyBox {
    var set: JSONValue?
}
