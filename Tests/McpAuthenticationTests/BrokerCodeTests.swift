import GatehouseJOSE
import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: codes in broker delivery")
struct BrokerCodeTests {
    private let now = BrokerBench.now

    @Test func `a code gives tokens of the gateway's own, made for the resource (G85, RFC 9068)`()
        throws
    {
        let bench = try BrokerBench()
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        let plan = try redemption.begin(now: now).plan()
        #expect(plan.url == "https://as.test/token" && plan.method == "POST")
        #expect(plan.form["code"] == "provider-code")
        #expect(plan.form["code_verifier"] == "the gateway's own")
        #expect(plan.form["redirect_uri"] == BrokerBench.callback)
        #expect(plan.form["client_id"] == "gw" && plan.form["client_secret"] == "gw-secret")
        let keys = try redemption.answered(try bench.tokens(), now: now).plan()
        #expect(keys.url == "https://as.test/keys")
        let body = try redemption.answered(try bench.keySet(), now: now).body(200)
        #expect(body["token_type"] == "Bearer" && body["scope"] == "read")
        // At most as long as the provider's token: 300 s, not 600.
        #expect(body["expires_in"] == 300)
        let token = try UnverifiedToken(parsing: body["access_token"]?.stringValue ?? "")
        #expect(token.header.type == "at+jwt")
        let key = try #require(bench.mint.ring.signers.first)
        #expect(token.verify(with: try key.verificationKey()) != nil)
        let members = token.claims.members
        #expect(members["iss"] == .string(BrokerBench.resource))
        #expect(members["aud"] == .string(BrokerBench.resource))
        #expect(members["sub"] == "u1" && members["client_id"] == "c1")
        #expect(members["scope"] == "read" && members["groups"] == ["staff"])
        #expect(members["iat"] == 1_800_000_000 && members["exp"] == 1_800_000_300)
        #expect(members["jti"]?.stringValue?.utf8.count == 22)
        #expect(members[TokenMint.upstreamClaim] == nil)
    }

    @Test func `an access token lives ten minutes at most, whatever the provider's does`() throws {
        let bench = try BrokerBench()
        for life: JSONValue in [.null, 3600, "3600", 0] {
            #expect(try bench.login(["expires_in": life])["expires_in"] == 600)
        }
    }

    @Test func `a code is redeemed once, and the second time ends what the first gave (G72)`()
        throws
    {
        let bench = try BrokerBench()
        let code = bench.code()
        var first = try bench.redemption(bench.codeForm(code))
        _ = first.begin(now: now)
        _ = first.answered(try bench.tokens(), now: now)
        let body = try first.answered(try bench.keySet(), now: now).body(200)
        var second = try bench.redemption(bench.codeForm(code))
        #expect(try second.begin(now: now).error(400) == "invalid_grant")
        let token = try claims(body["access_token"])
        let tokens = BrokerTokens(
            bench.mint, ledger: bench.ledger, origin: "https://gw.test", layout: .path,
            paths: ["/mcp"], audiences: [])
        #expect(tokens.refusal(of: token) == "the token was revoked")
        let refresh = body["refresh_token"]?.stringValue ?? ""
        var third = try bench.redemption(bench.refreshForm(refresh))
        #expect(try third.begin(now: now).error(400) == "invalid_grant")
    }

    private static let spoiled: [(String, String?)] = [
        ("client_id", "c2"), ("redirect_uri", "http://localhost:1/other"),
        ("redirect_uri", "http://localhost:1/CB"), ("code", "AAAA"),
        ("code_verifier", String(repeating: "x", count: 43)), ("code_verifier", "short"),
    ]

    @Test(arguments: BrokerCodeTests.spoiled)
    func `a code is bound to client, redirect URI and verifier (G72)`(
        name: String, value: String?
    ) throws {
        let bench = try BrokerBench()
        let code = bench.code()
        var pairs = FormPairs(bench.codeForm(code))
        pairs.set(name, value ?? "")
        var redemption = try bench.redemption(pairs.pairs)
        #expect(try redemption.begin(now: now).error(400) == "invalid_grant")
        // It was not used up by somebody who could not redeem it.
        var good = try bench.redemption(bench.codeForm(code))
        #expect(throws: Never.self) { try good.begin(now: now).plan() }
    }

    @Test func `a code is good for sixty seconds and for its resource`() throws {
        let bench = try BrokerBench()
        var late = try bench.redemption(bench.codeForm(bench.code(until: now)))
        #expect(try late.begin(now: now).error(400) == "invalid_grant")
        let form = bench.codeForm(bench.code())
        var other = try bench.redemption(form + [("resource", "https://gw.test/other")])
        #expect(try other.begin(now: now).error(400) == "invalid_target")
        for same in ["https://gw.test/mcp/", "https://GW.test:443/mcp", "https://gw.test/mcp?a=b"] {
            let code = bench.codeForm(bench.code())
            var redemption = try bench.redemption(code + [("resource", same)])
            #expect(throws: Never.self) { try redemption.begin(now: now).plan() }
        }
    }

    @Test func `granted is what was asked for and is known`() throws {
        let bench = try BrokerBench()
        #expect(try bench.login(scopes: ["write", "admin", "read"])["scope"] == "write read")
        #expect(try bench.login(scopes: [])["scope"] == "read write")
        let none = try bench.login(scopes: ["admin"])
        #expect(none["scope"] == nil)
        #expect(try claims(none["access_token"])["scope"] == nil)
    }

    @Test func `where the provider cannot be reached the code may be tried again`() throws {
        let bench = try BrokerBench()
        let code = bench.code()
        for answer in [
            FetchedAnswer(status: 0, failure: "timeout"), .json(500, [:]),
            .json(400, ["error": "temporarily_unavailable"]), .json(429, [:]),
        ] {
            var redemption = try bench.redemption(bench.codeForm(code))
            _ = redemption.begin(now: now)
            let step = redemption.answered(answer, now: now)
            #expect(try step.error(503) == "temporarily_unavailable")
            #expect(!redemption.remarks.isEmpty)
        }
        var redemption = try bench.redemption(bench.codeForm(code))
        #expect(throws: Never.self) { try redemption.begin(now: now).plan() }
    }

    @Test func `what the provider refuses the client gets as its own error`() throws {
        let bench = try BrokerBench()
        var denied = try bench.redemption(bench.codeForm(bench.code()))
        _ = denied.begin(now: now)
        let answer = FetchedAnswer.json(400, ["error": "invalid_grant"])
        #expect(try denied.answered(answer, now: now).error(400) == "invalid_grant")
        for answer in [
            FetchedAnswer.json(401, ["error": "invalid_client"]), .json(200, ["token_type": "x"]),
            .json(200, [1]),
        ] {
            var broken = try bench.redemption(bench.codeForm(bench.code()))
            _ = broken.begin(now: now)
            #expect(try broken.answered(answer, now: now).error(502) == "server_error")
        }
    }

    @Test func `a form as the provider's answer is read too (G81)`() throws {
        var bench = try BrokerBench()
        bench.hooks["verification/0"] = [
            "identity": "probe", "probe": [["url": "https://as.test/user"]],
        ]
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        let answer = FetchedAnswer(
            status: 200, fields: [("content-type", "application/x-www-form-urlencoded")],
            body: Array("access_token=gho_1&scope=&token_type=bearer".utf8))
        #expect(try redemption.answered(answer, now: now).plan().url == "https://as.test/user")
        let user = FetchedAnswer.json(200, ["sub": "7"])
        let body = try redemption.answered(user, now: now).body(200)
        #expect(try claims(body["access_token"])["sub"] == "7")
    }

    @Test func `token_response/0 sees no token, and its error counts (GitHub's 200)`() throws {
        var bench = try BrokerBench()
        bench.hooks["token_response/0"] = [
            "status": 400, "body": ["error": "invalid_grant"], "hint": "the app has no such code",
        ]
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        let step = redemption.answered(try bench.tokens(), now: now)
        #expect(try step.error(400) == "invalid_grant")
        #expect(redemption.remarks.contains("the app has no such code"))
        var input: JSONValue = .null
        let read = UpstreamAnswer.read(try bench.tokens(), grant: "authorization_code", scopes: [])
        {
            input = $0
            return ["status": 200, "body": $0["body"] ?? .null]
        }
        #expect(input["body"]?["access_token"] == "{access_token}")
        #expect(!input.serialized().contains("up-1"))
        guard case .tokens(let tokens) = read.answer else {
            Issue.record("the tokens were not put back")
            return
        }
        #expect(tokens.accessToken == "up-1" && tokens.refreshToken == "up-refresh-1")
    }

    @Test func `token_request/0 may shape the request, and secrets are added after it`() throws {
        var bench = try BrokerBench()
        bench.hooks["token_request/0"] = [
            "request": [
                "method": "GET", "url": "https://as.test/other", "form": ["code": "x", "a": "b"],
                "client_auth": ["method": "private_key_jwt"],
            ]
        ]
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        let plan = try redemption.begin(now: now).plan()
        #expect(plan.url == "https://as.test/other" && plan.method == "POST")
        #expect(plan.form["code"] == "provider-code" && plan.form["a"] == "b")
        #expect(plan.form["client_assertion"] == "assertion of gw for https://as.test/other")
        #expect(plan.form["client_secret"] == nil)
        bench.hooks["token_request/0"] = ["request": 1]
        var broken = try bench.redemption(bench.codeForm(bench.code()))
        #expect(try broken.begin(now: now).error(502) == "server_error")
    }

    @Test func `a token over six kibibytes is refused, and the operator is told what to do`() throws
    {
        let bench = try BrokerBench()
        let many = (0..<250).map { JSONValue.string("a-group-with-a-long-name-\($0)") }
        let token = try bench.idToken(["groups": .array(many)])
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        _ = redemption.answered(try bench.tokens(["id_token": .string(token)]), now: now)
        let step = redemption.answered(try bench.keySet(), now: now)
        #expect(try step.error(500) == "server_error")
        #expect(redemption.remarks.contains { $0.contains("fewer groups") })
    }

    @Test func `the user's token of the provider is sealed where the upstream needs it`() throws {
        let bench = try BrokerBench(sealsUpstream: true)
        let body = try bench.login()
        let token = try claims(body["access_token"])
        #expect(body["access_token"]?.stringValue?.contains("up-1") == false)
        let tokens = BrokerTokens(
            bench.mint, ledger: bench.ledger, origin: "https://gw.test", layout: .path,
            paths: ["/mcp"], audiences: [])
        #expect(tokens.credential(of: token) == Array("Bearer up-1".utf8))
        var other = bench.mint
        other = TokenMint(
            ring: other.ring, accessLifetime: 600, refreshLifetime: 3600, context: "other /mcp",
            resource: BrokerBench.resource, sealsUpstream: true)
        let foreign = BrokerTokens(
            other, ledger: bench.ledger, origin: "https://gw.test", layout: .path,
            paths: ["/mcp"], audiences: [])
        #expect(foreign.credential(of: token).isEmpty)
    }

    @Test func `tokens of the route's layouts and both slash forms are taken`() throws {
        let bench = try BrokerBench()
        let tokens = BrokerTokens(
            bench.mint, ledger: bench.ledger, origin: "https://gw.test", layout: .origin,
            paths: ["/mcp"], audiences: ["api://mcp"])
        #expect(
            tokens.issuers == [
                "https://gw.test", "https://gw.test/", "https://gw.test/mcp",
                "https://gw.test/mcp/",
            ])
        // In the layout path the origin is another route's issuer.
        let path = BrokerTokens(
            bench.mint, ledger: bench.ledger, origin: "https://gw.test", layout: .path,
            paths: ["/mcp"], audiences: [])
        #expect(path.issuers == ["https://gw.test/mcp", "https://gw.test/mcp/"])
        #expect(tokens.audiences == ["https://gw.test/mcp", "https://gw.test/mcp/", "api://mcp"])
        #expect(tokens.refusal(of: ["sub": "u"]) != nil)
        let set = try KeySet(parsing: tokens.keySet)
        #expect(set.keys.count == 1 && set.unusable.isEmpty)
    }
}

@Suite("mcpAuthentication: the user of a login")
struct ProviderIdentityTests {
    private let now = BrokerBench.now

    private func login(_ bench: BrokerBench, _ changes: JSONObject) throws -> Redemption.Step {
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        let token = try bench.idToken(changes)
        let tokens = try bench.tokens(["id_token": .string(token)])
        let step = redemption.answered(tokens, now: now)
        guard case .fetch = step else { return step }
        return redemption.answered(try bench.keySet(), now: now)
    }

    private static let wrong: [JSONObject] = [
        ["iss": "https://evil.test"], ["aud": "other"], ["aud": ["gw", "other"]],
        ["aud": ["gw", "other"], "azp": "other"], ["exp": 1_799_999_940], ["exp": .null],
        ["nbf": 1_800_000_061], ["sub": .null], ["sub": ""], ["aud": .null],
    ]

    @Test(arguments: ProviderIdentityTests.wrong)
    func `an ID token of another client, issuer or time is no login`(changes: JSONObject) throws {
        #expect(try login(try BrokerBench(), changes).error(502) == "server_error")
    }

    @Test func `several audiences are good with the gateway as the party that asked`() throws {
        let step = try login(try BrokerBench(), ["aud": ["gw", "other"], "azp": "gw"])
        #expect(try step.body(200)["access_token"] != nil)
    }

    @Test func `an ID token of another key is no login, and a new key is fetched once`() throws {
        let bench = try BrokerBench()
        let stranger = try BrokerBench()
        #expect(bench.keys.take(try stranger.keySet().body, now: now - 31))
        // The set is known, the key is not in it: it is fetched, and has it.
        #expect(try login(bench, [:]).body(200)["access_token"] != nil)
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        let forged = try bench.tokens(["id_token": .string(try stranger.idToken())])
        #expect(try redemption.answered(forged, now: now).error(502) == "server_error")
    }

    @Test func `without an ID token there is no login where one is expected`() throws {
        let bench = try BrokerBench()
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        let step = redemption.answered(try bench.tokens(["id_token": .null]), now: now)
        #expect(try step.error(502) == "server_error")
    }

    @Test func `the access token is the source where the adapter says so`() throws {
        var bench = try BrokerBench()
        bench.hooks["verification/0"] = ["identity": "access_token"]
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        let token = try bench.idToken(["aud": "somebody", "sub": "u9"])
        _ = redemption.answered(try bench.tokens(["access_token": .string(token)]), now: now)
        let body = try redemption.answered(try bench.keySet(), now: now).body(200)
        #expect(try claims(body["access_token"])["sub"] == "u9")
    }

    @Test func `probes are asked in order about the token, then mapped`() throws {
        var bench = try BrokerBench()
        bench.hooks["verification/0"] = [
            "identity": "probe",
            "probe": [
                ["url": "https://as.test/user", "client_auth": ["method": "bearer"]],
                ["url": "https://as.test/orgs", "client_auth": ["method": "bearer"]],
            ],
        ]
        bench.hooks["map_probe/0"] = ["claims": ["sub": "42", "groups": ["o"]]]
        bench.hooks["normalize_claims/0"] = ["subject": "github|42", "tenant": "t"]
        var redemption = try bench.redemption(bench.codeForm(bench.code()))
        _ = redemption.begin(now: now)
        let first = try redemption.answered(try bench.tokens(), now: now).plan()
        #expect(first.url == "https://as.test/user")
        #expect(first.fields.contains { $0 == ("authorization", "Bearer up-1") })
        let second = try redemption.answered(.json(200, ["id": 42]), now: now).plan()
        #expect(second.url == "https://as.test/orgs")
        let body = try redemption.answered(.json(200, []), now: now).body(200)
        let token = try claims(body["access_token"])
        #expect(token["sub"] == "github|42" && token["groups"] == ["o"] && token["tid"] == "t")
    }

    @Test func `a probe that rejects is a refusal, one that says nothing is 503`() throws {
        var bench = try BrokerBench()
        bench.hooks["verification/0"] = [
            "identity": "probe", "probe": [["url": "https://as.test/user"]],
        ]
        func answer(_ map: JSONValue) throws -> Redemption.Step {
            bench.hooks["map_probe/0"] = map
            var redemption = try bench.redemption(bench.codeForm(bench.code()))
            _ = redemption.begin(now: now)
            _ = redemption.answered(try bench.tokens(), now: now)
            return redemption.answered(.json(200, [:]), now: now)
        }
        #expect(try answer(["reject": "not a member"]).error(400) == "invalid_grant")
        #expect(try answer(["unavailable": "limit"]).error(503) == "temporarily_unavailable")
        #expect(try answer([:]).error(502) == "server_error")
    }

    @Test func `normalize_claims/0 sees no mark of an ID token, and its refusal counts`() throws {
        let claims = ProviderToken.withoutKind([
            "sub": "u", "typ": "ID", "nonce": "n", "at_hash": "h", "email": "e",
        ])
        #expect(claims == ["sub": "u", "email": "e"])
        var bench = try BrokerBench()
        bench.hooks["normalize_claims/0"] = ["reject": "no member of the tenant"]
        #expect(try login(bench, [:]).error(400) == "invalid_grant")
    }

    @Test func `the key set is fetched at most every thirty seconds and used for an hour`() throws {
        let keys = ProviderKeys()
        let document = try BrokerBench().keySet().body
        #expect(keys.mayFetch(now: 100))
        #expect(keys.current(now: 100) == nil)
        #expect(keys.take(document, now: 100) && !keys.take(Array("{}".utf8), now: 101))
        #expect(!keys.mayFetch(now: 129) && keys.mayFetch(now: 130))
        #expect(keys.current(now: 3_699)?.keys.count == 1)
        #expect(keys.current(now: 3_700) == nil)
        let fixed = ProviderKeys(fixed: try KeySet(parsing: document))
        #expect(!fixed.mayFetch(now: 1) && fixed.current(now: .max) != nil)
    }

    @Test func `a client assertion is what RFC 7523 §3 asks for`() throws {
        let key = try SigningKey.generate(.es256, keyID: "k")
        let text = try #require(
            ClientAssertion.make(key, clientID: "gw", audience: "https://as.test/t", now: now))
        let token = try UnverifiedToken(parsing: text)
        #expect(token.verify(with: try key.verificationKey()) != nil)
        let members = token.claims.members
        #expect(members["iss"] == "gw" && members["sub"] == "gw")
        #expect(members["aud"] == "https://as.test/t" && members["exp"] == 1_800_000_060)
        #expect(members["jti"]?.stringValue?.isEmpty == false)
        let other = ClientAssertion.make(key, clientID: "gw", audience: "x", now: now)
        #expect(try claims(.string(other ?? ""))["jti"] != members["jti"])
    }
}
