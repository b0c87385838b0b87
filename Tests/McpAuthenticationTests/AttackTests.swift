import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: what an attacker tries")
struct AttackTests {
    private let now = BrokerBench.now

    // MARK: Consent

    @Test func `a consent covers what its page showed, and no scope more (G67, G76)`() {
        func key(_ scopes: [String]) -> String {
            BrowserRecord.consent(
                clientID: "c", redirectURI: "https://a.test/cb", route: "r", scopes: scopes)
        }
        #expect(key(["read", "write"]) == key(["write", "read", "read"]))
        #expect(key(["read"]) != key(["read", "admin"]))
        #expect(key([]) != key(["read"]))
    }

    @Test func `a client that asks for another scope is asked about anew (G67)`() throws {
        let scene = try Scene(["clientId": "up"])
        let clientID = try scene.register()
        func ask(_ scope: String) -> RecordedResponse? {
            scene.open(scene.authorize(clientID, [("scope", scope)]))
        }
        let page = String(decoding: try #require(ask("a")).body, as: UTF8.self)
        let token = try #require(page.split(separator: "name=\"token\" value=\"").last)
            .prefix { $0 != "\"" }
        let form = FormPairs([("token", String(token)), ("decision", "allow")])
        #expect(scene.post("/mcp/authorize", form.encoded)?.status == 303)
        #expect(ask("a")?.status == 302)
        #expect(ask("a b")?.status == 200)
        #expect(ask("b")?.status == 200)
    }

    @Test func `a provider's document puts nothing into the page's fields`() throws {
        let scene = try Scene(
            ["clientId": "up"],
            provider: ["authorization_endpoint": "x; script-src * 'unsafe-inline'\r\nx-a: y"])
        let clientID = try scene.register()
        let page = try #require(scene.open(scene.authorize(clientID)))
        #expect(page.status == 200)
        let rules = try #require(page.values("content-security-policy").first)
        #expect(!rules.contains("script-src") && !rules.contains("\r"))
    }

    @Test func `a link alone sends nobody to a stranger's URI (RFC 9700 §4.11.2, G73)`() throws {
        let scene = try Scene(["clientId": "up"])
        let evil = "https://evil.test/cb"
        let clientID = try scene.register([evil, "http://localhost:9/cb"])
        for change in [[("code_challenge", "x")], [("prompt", "none")], [("scope", "\"")]] {
            let remote = scene.authorize(clientID, change + [("redirect_uri", evil)])
            let page = try #require(scene.open(remote))
            #expect(page.status == 400 && page.values("location").isEmpty)
            let text = String(decoding: page.body, as: UTF8.self)
            #expect(text.contains("href=\"https://evil.test/cb?error="))
            // A program on this machine gets its error, and so does what is no browser.
            let local = scene.open(scene.authorize(clientID, change))
            #expect(local?.values("location").first?.hasPrefix("http://localhost:9/cb?") == true)
            let program = scene.bench.send("GET", remote, [("Accept", "application/json")])
            #expect(program.ownResponse?.status == 302)
            program.end()
        }
        let listed = RedirectURIs(schemes: nil, only: [evil])
        #expect(listed.isTrusted(evil) && !RedirectURIs().isTrusted(evil))
    }

    // MARK: Sealed texts

    @Test func `what one host or provider sealed opens at no other (ADR 0007)`() throws {
        let one = try Scene()
        let other = try Scene([
            "resourceMetadata": ["resource": "https://other.test/mcp"],
            "audiences": ["https://other.test/mcp"],
        ])
        // The process's own key seals for both.
        let clientID = try one.register()
        #expect(one.open(one.authorize(clientID))?.status == 302)
        let foreign = other.open(
            other.authorize(clientID, [("resource", "https://other.test/mcp")]))
        #expect(foreign?.status == 400)
        let state = try #require(try one.query(one.open(one.authorize(clientID)))["state"])
        other.cookie = one.cookie
        let back = FormPairs([("code", "k"), ("state", state), ("iss", "https://as.test")])
        #expect(other.open("/mcp/callback?" + back.encoded)?.status == 400)
        #expect(one.open("/mcp/callback?" + back.encoded)?.status == 302)
    }

    // MARK: Memory and caches

    @Test func `a code that the provider refused leaves nothing to revoke, however often it comes`()
        throws
    {
        let bench = try BrokerBench()
        let revision = bench.ledger.revision
        let code = bench.code()
        var first = try bench.redemption(bench.codeForm(code))
        _ = try first.begin(now: now).plan()
        // A second one meanwhile: who has it first is not known yet, so all that comes is revoked.
        let refused = first.answered(.json(400, ["error": "invalid_grant"]), now: now)
        #expect(try refused.error(400) == "invalid_grant")
        for _ in 0..<3 {
            var again = try bench.redemption(bench.codeForm(code))
            #expect(try again.begin(now: now).error(400) == "invalid_grant")
        }
        #expect(bench.ledger.revision == revision)
    }

    @Test func `a code that comes again while it is redeemed ends what it gives (G72)`() throws {
        let bench = try BrokerBench()
        let code = bench.code()
        var first = try bench.redemption(bench.codeForm(code))
        _ = try first.begin(now: now).plan()
        var second = try bench.redemption(bench.codeForm(code))
        #expect(try second.begin(now: now).error(400) == "invalid_grant")
        _ = first.answered(try bench.tokens(), now: now)
        let body = try first.answered(try bench.keySet(), now: now).body(200)
        let tokens = BrokerTokens(
            bench.mint, ledger: bench.ledger, origin: "https://gw.test", layout: .path,
            paths: ["/mcp"], audiences: [])
        #expect(tokens.refusal(of: try claims(body["access_token"])) != nil)
    }

    @Test func `one revocation empties the loops' caches once, however often it is asked for`() {
        let ledger = Ledger(bound: 10)
        for _ in 0..<3 { ledger.revoke([1], until: 100, now: 0) }
        #expect(ledger.revision == 1)
        for _ in 0..<3 { ledger.revokeFamily([2], until: 100, now: 0) }
        #expect(ledger.revision == 2)
        #expect(ledger.isRevoked([1], family: nil, now: 0))
        #expect(ledger.isRevoked([3], family: [2], now: 0))
    }

    @Test func `a family stays revoked for as long as its newest token could live (G87)`() throws {
        let bench = try BrokerBench()
        let old = try bench.login()["refresh_token"]?.stringValue ?? ""
        let late = now + bench.mint.refreshLifetime - 10
        let revocation = Revocation(mint: bench.mint, ledger: bench.ledger, party: nil)
        #expect(
            revocation.begin(FormPairs([("token", old)]), clientID: "c1", now: late)
                == .respond(Revocation.done))
        let family = try #require(bench.mint.open(old, now: now)).family
        #expect(bench.ledger.isRevoked([], family: family, now: late + 1000))
    }

    @Test func `a login that nobody can be asked about again is not renewed (G86)`() throws {
        let bench = try BrokerBench()
        let body = try bench.login(["refresh_token": .null, "expires_in": .null])
        var refresh = try bench.redemption(
            bench.refreshForm(body["refresh_token"]?.stringValue ?? ""))
        #expect(try refresh.begin(now: now + 60).error(400) == "invalid_grant")
    }

    @Test func `an error of the provider carries no token to the client`() throws {
        let body: JSONValue = ["error": "invalid_scope", "refresh_token": "rt", "claims": "x"]
        let answer = TokenProxy.response(.json(400, body))
        #expect(
            try JSONValue(parsing: answer.body) == ["error": "invalid_scope"])
    }

    // MARK: Reach

    @Test func `a plan without a reach goes nowhere but where everybody may`() {
        var plan = FetchPlan(url: "http://127.0.0.1:9/c")
        plan.reaches = []
        #expect(plan.request.reach == .public)
        plan.reaches = [.configured]
        #expect(plan.request.reach == .configured)
    }

    @Test(arguments: ["http://127.0.0.+1/", "http://127.0.0.-0/", "http://127.0.0.1x/"])
    func `what only looks like an address is none (G63)`(text: String) throws {
        #expect(HTTPURL(text)?.isLoopback == false)
        #expect(!RedirectURIs().isAcceptable(text))
        // A host with escapes would be shown as another than browsers go to.
        #expect(!RedirectURIs().isAcceptable("https://good.test%2eevil.test/cb"))
    }
}
