import GatehouseJOSE
import GatehouseJSON
import GatehouseTesting
import Testing

@testable import McpAuthenticationLogic

/// Broker delivery on a host in memory; the authorization is a code as the callback makes it.
private final class BrokerHost {
    let bench: Bench
    private let ring: KeyRing
    private let script: Script

    /// What the provider does.
    final class Script {
        var key: SigningKey?
        var tokenStatus: UInt32 = 200
        var isDown = false
    }

    init(_ more: JSONObject = [:]) throws {
        let secret = [UInt8](repeating: 9, count: 32)
        ring = try KeyRing(secrets: [secret], isGenerated: false)
        let script = Script()
        self.script = script
        var configuration: JSONObject = [
            "delivery": "broker", "clientId": "gw", "clientSecret": "cs",
            "keys": ["secrets": ["sealing"]], "jwks": ["url": "https://as.test/keys"],
            "resourceMetadata": [
                "resource": .string(Bench.resource), "scopesSupported": ["a", "b"],
            ],
        ]
        for (name, value) in more { configuration[name] = value }
        let secrets: [String: [UInt8]] = [
            "sealing": secret, "cs": Array("the secret".utf8), "fixed": Array("key-1".utf8),
        ]
        bench = try Bench(configuration, secrets: secrets) { fetch in
            guard !script.isDown, let key = script.key else { return .failure(-10) }
            switch fetch.url {
            case "https://as.test/keys":
                return (try? key.publicJWK()).map { .json(["keys": [.object($0)]]) }
            case "https://as.test/token": return try? BrokerHost.tokens(key, script.tokenStatus)
            case "https://as.test/revoke": return .json([:], status: 503)
            case "https://as.test/.well-known/oauth-authorization-server":
                var document: JSONObject = ["issuer": "https://as.test"]
                for name in ["authorization_endpoint", "token_endpoint"] {
                    document[name] = .string("https://as.test/" + name.prefix { $0 != "_" })
                }
                document["revocation_endpoint"] = "https://as.test/revoke"
                return .json(.object(document))
            default: return .json([:], status: 404)
            }
        }
        script.key = bench.key
        // The first attempts at the document were before there was a key.
        bench.host.advance(milliseconds: 120_000)
        bench.settle()
    }

    private static func tokens(_ key: SigningKey, _ status: UInt32) throws -> ScriptedAnswer {
        guard status == 200 else { return .json(["error": "invalid_grant"], status: status) }
        let claims: JSONObject = [
            "iss": "https://as.test", "aud": "gw", "sub": "u1", "exp": 1_900_000_000,
        ]
        return .json([
            "access_token": "up-access", "refresh_token": "up-refresh", "token_type": "Bearer",
            "expires_in": 3600, "id_token": .string(try key.token(claims: claims)),
        ])
    }

    var now: Int64 { bench.host.unixNanoseconds / 1_000_000_000 }

    func refuseGrants() { script.tokenStatus = 400 }
    func goDown(_ isDown: Bool) { script.isDown = isDown }

    func code() -> String {
        let transaction = Transaction(
            client: Transaction.hash(of: "gw"), redirectURI: "http://localhost:1/cb",
            clientState: nil, challenge: PKCE.challenge(of: BrokerBench.verifier),
            resource: Bench.resource, scopes: ["a"], issuer: Bench.resource, browser: [],
            verifier: "own")
        return ring.sealer.seal(
            GatewayCode("up-code", of: transaction).value.serializedBytes(.compact),
            for: SealPurpose.code, context: "https://gw.test https://as.test /mcp",
            until: now + 60)
    }

    func post(_ path: String, _ pairs: [(name: String, value: String)]) -> MemoryExchange {
        let form = [(name: "Content-Type", value: "application/x-www-form-urlencoded")]
        let exchange = bench.send("POST", path, form, body: FormPairs(pairs).encoded)
        exchange.end()
        return exchange
    }

    func redeem(_ code: String) -> MemoryExchange {
        post(
            "/mcp/token",
            [
                ("grant_type", "authorization_code"), ("code", code), ("client_id", "gw"),
                ("code_verifier", BrokerBench.verifier), ("redirect_uri", "http://localhost:1/cb"),
            ])
    }

    func refresh(_ token: JSONValue?) -> MemoryExchange {
        post(
            "/mcp/token",
            [
                ("grant_type", "refresh_token"), ("refresh_token", token?.stringValue ?? ""),
                ("client_id", "gw"),
            ])
    }

    func call(_ token: JSONValue?) -> MemoryExchange {
        let exchange = bench.send("POST", "/mcp", bench.bearer(token?.stringValue ?? ""))
        exchange.end()
        return exchange
    }
}

extension MemoryExchange {
    fileprivate var members: JSONObject {
        (try? JSONValue(parsing: ownResponse?.body ?? []))?.objectValue ?? [:]
    }
}

@Suite("mcpAuthentication: broker delivery on a host in memory")
struct BrokerShellTests {
    @Test func `a code becomes a token that the route takes, and its keys are published`() throws {
        let host = try BrokerHost()
        let answer = host.redeem(host.code())
        #expect(answer.ownResponse?.status == 200)
        let call = host.call(answer.members["access_token"])
        #expect(call.lastAction == .continue && call.ownResponse == nil)
        #expect(call.request.values("authorization").isEmpty)
        #expect(call.notes.values.contains("gw"))
        let keys = host.bench.send("GET", "/mcp/jwks.json")
        keys.end()
        let set = try KeySet(parsing: keys.ownResponse?.body ?? [])
        let text = answer.members["access_token"]?.stringValue ?? ""
        let token = try UnverifiedToken(parsing: text)
        guard case .found(let key) = set.lookUp(token.header) else {
            Issue.record("the key is not published")
            return
        }
        #expect(token.verify(with: key) != nil)
        // The provider's own token is none of this route's (G85).
        let foreign = try host.bench.token()
        #expect(host.call(.string(foreign)).ownResponse?.status == 401)
    }

    @Test func `what the provider is asked is logged by nobody (no secret in any line)`() throws {
        let host = try BrokerHost()
        let answer = host.redeem(host.code())
        let token = answer.members["access_token"]?.stringValue ?? "-"
        let refresh = answer.members["refresh_token"]?.stringValue ?? "-"
        host.refuseGrants()
        _ = host.refresh(answer.members["refresh_token"])
        let lines = host.bench.instance.log.map { "\($0.message) \($0.fields)" }
        #expect(!lines.isEmpty)
        for secret in ["up-access", "up-refresh", "up-code", "the secret", token, refresh] {
            #expect(!lines.contains { $0.contains(secret) })
        }
        let asked = host.bench.host.fetches.filter { $0.url == "https://as.test/token" }
        #expect(asked.count == 2)
        let form = FormPairs(parsing: asked[0].body)
        #expect(form?["client_secret"] == "the secret" && form?["code_verifier"] == "own")
        #expect(form?["redirect_uri"] == "https://gw.test/mcp/callback")
    }

    @Test func `refresh rotates, a reuse revokes, and the route refuses at once (G83)`() throws {
        let host = try BrokerHost()
        let first = host.redeem(host.code()).members
        let second = host.refresh(first["refresh_token"])
        #expect(second.ownResponse?.status == 200)
        #expect(host.call(second.members["access_token"]).ownResponse == nil)
        host.bench.host.advance(milliseconds: 11_000)
        #expect(host.refresh(first["refresh_token"]).members["error"] == "invalid_grant")
        #expect(host.call(second.members["access_token"]).ownResponse?.status == 401)
        #expect(
            host.refresh(second.members["refresh_token"]).members["error"] == "invalid_grant")
    }

    @Test func `a revoked token is refused though it was known a moment before (G87)`() throws {
        let host = try BrokerHost()
        let tokens = host.redeem(host.code()).members
        for _ in 0..<2 { #expect(host.call(tokens["access_token"]).ownResponse == nil) }
        let revoked = host.post(
            "/mcp/revoke",
            [("token", tokens["access_token"]?.stringValue ?? ""), ("client_id", "gw")])
        #expect(revoked.ownResponse?.status == 200)
        #expect(host.call(tokens["access_token"]).ownResponse?.status == 401)
        // The provider answers 503: the client is told that its token is gone all the same.
        let family = host.post(
            "/mcp/revoke",
            [("token", tokens["refresh_token"]?.stringValue ?? ""), ("client_id", "gw")])
        #expect(family.ownResponse?.status == 200)
        #expect(host.bench.host.fetches.contains { $0.url == "https://as.test/revoke" })
        #expect(host.refresh(tokens["refresh_token"]).members["error"] == "invalid_grant")
    }

    @Test func `a provider that is down is 503, and what the client has stays good`() throws {
        let host = try BrokerHost()
        let code = host.code()
        host.goDown(true)
        let failed = host.redeem(code)
        #expect(failed.ownResponse?.status == 503)
        #expect(failed.members["error"] == "temporarily_unavailable")
        #expect(failed.ownResponse?.values("retry-after") == ["5"])
        host.goDown(false)
        let tokens = host.redeem(code)
        #expect(tokens.ownResponse?.status == 200)
        host.goDown(true)
        #expect(host.refresh(tokens.members["refresh_token"]).ownResponse?.status == 503)
        host.goDown(false)
        #expect(host.refresh(tokens.members["refresh_token"]).ownResponse?.status == 200)
    }

    @Test func `a client that goes away leaves its refresh token good`() throws {
        let host = try BrokerHost()
        let token = host.redeem(host.code()).members["refresh_token"]
        var request = TestMessage.request(
            "POST", "/mcp/token", [("Content-Type", "application/x-www-form-urlencoded")])
        let at = host.bench.instance.claims.firstIndex { $0.path == "/mcp/token" } ?? 0
        request.claim = UInt32(at + 1)
        request.hasNoBody = false
        let gone = host.bench.instance.exchange(request)
        gone.requestHead()
        let form = FormPairs([
            (name: "grant_type", value: "refresh_token"),
            ("refresh_token", token?.stringValue ?? ""), ("client_id", "gw"),
        ])
        gone.requestBody([Array(form.encoded.utf8)], isEnd: true)
        #expect(gone.lastAction == .pause)
        gone.end()
        #expect(host.refresh(token).ownResponse?.status == 200)
    }

    @Test func `the upstream gets the user's token where the route says so`() throws {
        let host = try BrokerHost(["upstreamCredential": "user"])
        let token = host.redeem(host.code()).members["access_token"]
        for _ in 0..<2 {
            let call = host.call(token)
            #expect(call.ownResponse == nil)
            #expect(call.request.values("authorization") == ["Bearer up-access"])
        }
    }

    @Test func `a fixed credential is set on every request, whatever the client sends`() throws {
        let host = try BrokerHost([
            "upstreamCredential": ["header": "X-Api-Key", "secret": "fixed"], "mode": "optional",
        ])
        let token = host.redeem(host.code()).members["access_token"]
        // The first call verifies the token, the next ones know it.
        for _ in 0..<3 {
            #expect(host.call(token).request.values("x-api-key") == ["key-1"])
        }
        let without = host.bench.send("POST", "/mcp", [("X-Api-Key", "forged")])
        without.end()
        #expect(without.request.values("x-api-key") == ["key-1"])
    }

    @Test func `an unknown client is 401, and other grants are none (G66, G82, G84)`() throws {
        let host = try BrokerHost()
        let unknown = host.post(
            "/mcp/token",
            [
                ("grant_type", "authorization_code"), ("code", host.code()), ("client_id", "who"),
                ("code_verifier", BrokerBench.verifier),
            ])
        #expect(unknown.ownResponse?.status == 401)
        #expect(unknown.members["error"] == "invalid_client")
        let other = host.post(
            "/mcp/token", [("grant_type", "client_credentials"), ("client_id", "gw")])
        #expect(other.members["error"] == "unsupported_grant_type")
        #expect(!host.bench.host.fetches.contains { $0.url == "https://as.test/token" })
    }

    private static let refused: [(JSONObject, String)] = [
        (["resourceMetadata": [:]], "/resourceMetadata/resource"),
        (["clientId": .null, "clientSecret": .null], "/clientId"),
        (["keys": ["secrets": ["cs"]]], "/keys/secrets/0"),
        (["delivery": "mediated", "upstreamCredential": "user"], "/upstreamCredential"),
        (
            ["upstreamCredential": ["header": "x-a", "secret": "none"]],
            "/upstreamCredential/secret"
        ),
        (["clientKey": ["file": "/nowhere/key.pem"]], "/clientKey/file"),
    ]

    @Test(arguments: BrokerShellTests.refused)
    func `what cannot work is refused where it stands`(change: JSONObject, pointer: String) throws {
        do {
            _ = try BrokerHost(change)
            Issue.record("it was accepted")
        } catch let error as TestHostError {
            #expect(error.diagnostics.contains { $0.isError && $0.pointer == pointer }, "\(error)")
        }
    }
}
