import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: refresh tokens in broker delivery")
struct BrokerRefreshTests {
    private let now = BrokerBench.now

    private func refreshToken(_ body: JSONObject) -> String {
        body["refresh_token"]?.stringValue ?? ""
    }

    /// One refresh at the provider, which answers with the next generation of its own token.
    private func refresh(
        _ bench: BrokerBench, _ token: String, at now: Int64, _ answer: FetchedAnswer? = nil
    ) throws -> Redemption.Step {
        var redemption = try bench.redemption(bench.refreshForm(token))
        let step = redemption.begin(now: now)
        guard case .fetch = step else { return step }
        let good = try bench.tokens(["refresh_token": "up-refresh-2", "id_token": .null])
        return redemption.answered(answer ?? good, now: now)
    }

    @Test func `the provider is asked, and both refresh tokens are new (G83, G86)`() throws {
        let bench = try BrokerBench()
        let first = try bench.login()
        var redemption = try bench.redemption(bench.refreshForm(refreshToken(first)))
        let plan = try redemption.begin(now: now + 10).plan()
        #expect(plan.form["grant_type"] == "refresh_token")
        #expect(plan.form["refresh_token"] == "up-refresh-1")
        #expect(plan.form["client_secret"] == "gw-secret" && plan.form["redirect_uri"] == nil)
        let answer = try bench.tokens(["refresh_token": "up-refresh-2", "id_token": .null])
        let second = try redemption.answered(answer, now: now + 10).body(200)
        #expect(refreshToken(second) != refreshToken(first))
        let token = try claims(second["access_token"])
        #expect(token["sub"] == "u1" && token["scope"] == "read" && token["groups"] == ["staff"])
        var third = try bench.redemption(bench.refreshForm(refreshToken(second)))
        #expect(try third.begin(now: now + 20).plan().form["refresh_token"] == "up-refresh-2")
    }

    @Test func `where the provider sends no new refresh token the former stays`() throws {
        let bench = try BrokerBench()
        let first = try bench.login()
        let answer = try bench.tokens(["refresh_token": .null, "id_token": .null])
        let second = try refresh(bench, refreshToken(first), at: now, answer).body(200)
        var third = try bench.redemption(bench.refreshForm(refreshToken(second)))
        #expect(try third.begin(now: now).plan().form["refresh_token"] == "up-refresh-1")
    }

    @Test func `a client whose answer was lost gets the same one for ten seconds`() throws {
        let bench = try BrokerBench()
        let token = refreshToken(try bench.login())
        let second = try refresh(bench, token, at: now).body(200)
        let again = try refresh(bench, token, at: now + 9)
        #expect(try again.body(200) == second)
        // The tenth second is too late: somebody else has the token, and all of them end.
        #expect(try refresh(bench, token, at: now + 10).error(400) == "invalid_grant")
        #expect(
            try refresh(bench, refreshToken(second), at: now + 11).error(400) == "invalid_grant")
        let tokens = BrokerTokens(
            bench.mint, ledger: bench.ledger, origin: "https://gw.test", layout: .path,
            paths: ["/mcp"], audiences: [])
        #expect(tokens.refusal(of: try claims(second["access_token"])) != nil)
    }

    @Test func `of two at the same time the provider hears one, and both get its answer`() throws {
        let bench = try BrokerBench()
        let token = refreshToken(try bench.login())
        var one = try bench.redemption(bench.refreshForm(token))
        var two = try bench.redemption(bench.refreshForm(token))
        #expect(throws: Never.self) { try one.begin(now: now).plan() }
        #expect(two.begin(now: now) == .wait)
        let answer = try bench.tokens(["id_token": .null])
        let body = try one.answered(answer, now: now).body(200)
        #expect(try two.begin(now: now).body(200) == body)
    }

    @Test func `a provider that is down leaves the token good, one that says no ends it (G86)`()
        throws
    {
        let bench = try BrokerBench()
        let token = refreshToken(try bench.login())
        for answer in [
            FetchedAnswer(status: 0, failure: "refused"), .json(503, [:]),
        ] {
            let step = try refresh(bench, token, at: now, answer)
            #expect(try step.error(503) == "temporarily_unavailable")
        }
        let step = try refresh(bench, token, at: now, .json(401, ["error": "invalid_client"]))
        #expect(try step.error(502) == "server_error")
        #expect(throws: Never.self) { try refresh(bench, token, at: now).body(200) }
        let other = refreshToken(try bench.login())
        let denied = FetchedAnswer.json(400, ["error": "invalid_grant"])
        #expect(try refresh(bench, other, at: now, denied).error(400) == "invalid_grant")
        #expect(try refresh(bench, other, at: now).error(400) == "invalid_grant")
    }

    @Test func `an exchange that ends early leaves the token good`() throws {
        let bench = try BrokerBench()
        let token = refreshToken(try bench.login())
        var redemption = try bench.redemption(bench.refreshForm(token))
        _ = redemption.begin(now: now)
        redemption.abandon(now: now)
        #expect(throws: Never.self) { try refresh(bench, token, at: now).body(200) }
    }

    @Test func `scopes may narrow for one token, and the refresh token keeps them all`() throws {
        let bench = try BrokerBench()
        let first = try bench.login(scopes: ["read", "write"])
        var narrow = try bench.redemption(
            bench.refreshForm(refreshToken(first), scope: "write"))
        _ = narrow.begin(now: now)
        let second = try narrow.answered(try bench.tokens(["id_token": .null]), now: now).body(200)
        #expect(second["scope"] == "write")
        let third = try refresh(bench, refreshToken(second), at: now).body(200)
        #expect(third["scope"] == "read write")
        var wide = try bench.redemption(
            bench.refreshForm(refreshToken(third), scope: "read admin"))
        #expect(try wide.begin(now: now).error(400) == "invalid_scope")
    }

    @Test func `a refresh token is bound to client, resource, route and time`() throws {
        let bench = try BrokerBench()
        let token = refreshToken(try bench.login())
        var pairs = FormPairs(bench.refreshForm(token))
        pairs.set("client_id", "c2")
        var other = try bench.redemption(pairs.pairs)
        #expect(try other.begin(now: now).error(400) == "invalid_grant")
        var resource = try bench.redemption(
            bench.refreshForm(token) + [("resource", "https://gw.test/else")])
        #expect(try resource.begin(now: now).error(400) == "invalid_target")
        var late = try bench.redemption(bench.refreshForm(token))
        #expect(try late.begin(now: now + 2_592_000).error(400) == "invalid_grant")
        var route = bench
        route.mint = TokenMint(
            ring: bench.mint.ring, accessLifetime: 600, refreshLifetime: 3600, context: "other",
            resource: BrokerBench.resource, sealsUpstream: false)
        var foreign = try route.redemption(bench.refreshForm(token))
        #expect(try foreign.begin(now: now).error(400) == "invalid_grant")
        // Nothing of this was a use.
        #expect(throws: Never.self) { try refresh(bench, token, at: now).body(200) }
    }

    @Test func `a token without an end is probed again with each refresh (GitHub, G86)`() throws {
        var bench = try BrokerBench()
        bench.hooks["verification/0"] = [
            "identity": "probe",
            "probe": [["url": "https://as.test/user", "client_auth": ["method": "bearer"]]],
        ]
        var login = try bench.redemption(bench.codeForm(bench.code()))
        _ = login.begin(now: now)
        let tokens = try bench.tokens([
            "refresh_token": .null, "expires_in": .null, "id_token": .null,
        ])
        _ = login.answered(tokens, now: now)
        let first = try login.answered(.json(200, ["sub": "7"]), now: now).body(200)
        var good = try bench.redemption(bench.refreshForm(refreshToken(first)))
        let plan = try good.begin(now: now).plan()
        #expect(plan.url == "https://as.test/user")
        #expect(plan.fields.contains { $0 == ("authorization", "Bearer up-1") })
        let second = try good.answered(.json(200, ["sub": "7"]), now: now).body(200)
        #expect(second["expires_in"] == 600)
        var down = try bench.redemption(bench.refreshForm(refreshToken(second)))
        _ = down.begin(now: now)
        #expect(
            try down.answered(.json(500, [:]), now: now).error(503) == "temporarily_unavailable")
        var other = try bench.redemption(bench.refreshForm(refreshToken(second)))
        _ = other.begin(now: now)
        #expect(
            try other.answered(.json(200, ["sub": "8"]), now: now).error(400) == "invalid_grant")
        var ended = try bench.redemption(bench.refreshForm(refreshToken(second)))
        #expect(try ended.begin(now: now).error(400) == "invalid_grant")
    }

    @Test func `a token that was revoked at the provider ends the login`() throws {
        var bench = try BrokerBench()
        bench.hooks["verification/0"] = [
            "identity": "probe", "probe": [["url": "https://as.test/user"]],
        ]
        var login = try bench.redemption(bench.codeForm(bench.code()))
        _ = login.begin(now: now)
        let tokens = try bench.tokens(["refresh_token": .null, "expires_in": .null])
        _ = login.answered(tokens, now: now)
        let first = try login.answered(.json(200, ["sub": "7"]), now: now).body(200)
        var revoked = try bench.redemption(bench.refreshForm(refreshToken(first)))
        _ = revoked.begin(now: now)
        let step = revoked.answered(.json(401, ["message": "Bad credentials"]), now: now)
        #expect(try step.error(400) == "invalid_grant")
    }

    @Test func `without a refresh token of the provider ours ends with its access token`() throws {
        let bench = try BrokerBench()
        let first = try bench.login(["refresh_token": .null, "expires_in": 900])
        let grant = try #require(bench.mint.open(refreshToken(first), now: now))
        #expect(grant.expiry == now + 900 && grant.accessToken == "up-1")
        var late = try bench.redemption(bench.refreshForm(refreshToken(first)))
        #expect(try late.begin(now: now + 900).error(400) == "invalid_grant")
        var early = try bench.redemption(bench.refreshForm(refreshToken(first)))
        let body = try early.begin(now: now + 800).body(200)
        #expect(body["expires_in"] == 100)
    }

    @Test func `another user than at the login is refused`() throws {
        let bench = try BrokerBench()
        let token = refreshToken(try bench.login())
        let other = try bench.tokens(["id_token": .string(try bench.idToken(["sub": "u2"]))])
        #expect(try refresh(bench, token, at: now, other).error(400) == "invalid_grant")
    }

    @Test func `a grant reads what it writes`() throws {
        var identity = Identity()
        identity.subject = "u"
        identity.groups = ["a", "b"]
        identity.roles = ["r"]
        identity.tenant = "t"
        var grant = BrokerGrant(
            identity: identity, client: [1, 2], resource: "https://gw.test", scopes: ["s"],
            issuer: "https://gw.test", family: [3], generation: 4, expiry: 5)
        grant.refreshToken = "r"
        grant.accessToken = "a"
        grant.accessExpiry = 6
        #expect(BrokerGrant(grant.value) == grant)
        #expect(BrokerGrant(["s": "u"]) == nil)
    }
}

@Suite("mcpAuthentication: revocation in broker delivery")
struct BrokerRevocationTests {
    private let now = BrokerBench.now

    private func revoke(
        _ bench: BrokerBench, _ token: String, client: String? = "c1", repeated: Bool = false
    ) -> Revocation.Step {
        let revocation = Revocation(mint: bench.mint, ledger: bench.ledger, party: bench.party)
        var pairs = FormPairs([(name: "token", value: token)])
        if repeated { pairs.pairs.append((name: "token", value: token)) }
        return revocation.begin(pairs, clientID: client, now: now)
    }

    private func refusal(_ bench: BrokerBench, _ body: JSONObject) throws -> String? {
        BrokerTokens(
            bench.mint, ledger: bench.ledger, origin: "https://gw.test", layout: .path,
            paths: ["/mcp"], audiences: []
        ).refusal(of: try claims(body["access_token"]))
    }

    @Test func `a refresh token takes its family along, and the provider's token (G87)`() throws {
        let bench = try BrokerBench()
        let body = try bench.login()
        let token = body["refresh_token"]?.stringValue ?? ""
        let revision = bench.ledger.revision
        guard case .fetch(let plan) = revoke(bench, token) else {
            Issue.record("the provider was not asked")
            return
        }
        #expect(plan.url == "https://as.test/revoke" && plan.form["token"] == "up-refresh-1")
        #expect(plan.form["token_type_hint"] == "refresh_token")
        #expect(plan.form["client_secret"] == "gw-secret")
        #expect(bench.ledger.revision > revision)
        #expect(try refusal(bench, body) != nil)
        var redemption = try bench.redemption(bench.refreshForm(token))
        #expect(try redemption.begin(now: now).error(400) == "invalid_grant")
    }

    @Test func `an access token ends by itself`() throws {
        let bench = try BrokerBench()
        let one = try bench.login()
        #expect(try refusal(bench, one) == nil)
        let token = one["access_token"]?.stringValue ?? ""
        #expect(revoke(bench, token) == .respond(Revocation.done))
        #expect(try refusal(bench, one) != nil)
        var redemption = try bench.redemption(
            bench.refreshForm(one["refresh_token"]?.stringValue ?? ""))
        #expect(throws: Never.self) { try redemption.begin(now: now).plan() }
    }

    @Test func `an unknown token is answered like a known one (RFC 7009 §2.2)`() throws {
        let bench = try BrokerBench()
        let revision = bench.ledger.revision
        for text in ["x", "a.b.c", String(repeating: "A", count: 5000)] {
            #expect(revoke(bench, text) == .respond(Revocation.done))
        }
        let forged = try SigningKey.generate(.edDSA, keyID: "f").token(
            claims: ["jti": "AAAA", "exp": 1_900_000_000, "client_id": "c1"],
            header: ["typ": "at+jwt"])
        #expect(revoke(bench, forged) == .respond(Revocation.done))
        #expect(bench.ledger.revision == revision)
    }

    @Test func `a token of another client is left alone, and said so (RFC 7009 §2.1)`() throws {
        let bench = try BrokerBench()
        let body = try bench.login()
        for name in ["refresh_token", "access_token"] {
            let step = revoke(bench, body[name]?.stringValue ?? "", client: "c2")
            guard case .respond(let response) = step else {
                Issue.record("the provider was asked")
                continue
            }
            #expect(response.status == 400)
        }
        #expect(try refusal(bench, body) == nil)
    }

    @Test func `exactly one token is asked for`() throws {
        let bench = try BrokerBench()
        for step in [revoke(bench, ""), revoke(bench, "x", repeated: true)] {
            guard case .respond(let response) = step else {
                Issue.record("the provider was asked")
                continue
            }
            #expect(response.status == 400)
        }
    }

    @Test func `a provider without revocation is not asked; an adapter may know another way`()
        throws
    {
        var bench = try BrokerBench()
        bench.document = [
            "token_endpoint": "https://as.test/token", "jwks_uri": "https://as.test/keys",
        ]
        let one = try bench.login()["refresh_token"]?.stringValue ?? ""
        #expect(revoke(bench, one) == .respond(Revocation.done))
        bench.hooks["revoke_request/0"] = [
            "request": [
                "method": "DELETE", "url": "https://as.test/app",
                "json": ["access_token": "{token}"],
                "client_auth": ["method": "basic", "secret": "client"],
            ]
        ]
        let two = try bench.login(["refresh_token": .null, "expires_in": .null])
        guard case .fetch(let plan) = revoke(bench, two["refresh_token"]?.stringValue ?? "") else {
            Issue.record("the adapter's plan was not asked for")
            return
        }
        #expect(plan.method == "DELETE")
        #expect(String(decoding: plan.body, as: UTF8.self) == #"{"access_token":"up-1"}"#)
        #expect(plan.fields.contains { $0.name == "authorization" && $0.value.hasPrefix("Basic ") })
    }
}
