import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: scopes, issuers, audiences, identity")
struct TokenRulesTests {
    private func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

    private func members(_ text: String) throws -> JSONObject {
        try #require(try json(text).objectValue)
    }

    // MARK: Scopes

    @Test(
        arguments: [
            (["read"], true), (["write"], true), (["admin"], true), (["other"], false), ([], false),
            (["reads"], false), (["other", "admin"], true),
        ] as [([String], Bool)])
    func `a scope is met by itself and by all that imply it, over any steps (G09)`(
        held: [String], isMet: Bool
    ) {
        let hierarchy = ["admin": ["write"], "write": ["read"], "other": ["third"]]
        #expect(ScopeRules(required: ["read"], hierarchy: hierarchy).areMet(by: held) == isMet)
    }

    @Test func `every required scope is needed, none where none is required`() {
        let rules = ScopeRules(required: ["a", "b"])
        #expect(!rules.areMet(by: ["a"]) && !rules.areMet(by: ["b"]))
        #expect(rules.areMet(by: ["b", "c", "a"]))
        #expect(ScopeRules(required: []).areMet(by: []))
    }

    @Test func `a circle of implications is found, two ways to one scope are none`() {
        #expect(
            ScopeRules.cycle(in: ["a": ["b"], "b": ["c"], "c": ["a"]]) == ["a", "b", "c", "a"])
        #expect(ScopeRules.cycle(in: ["a": ["a"]]) == ["a", "a"])
        #expect(ScopeRules.cycle(in: ["x": ["b"], "b": ["c"], "c": ["b"]]) == ["b", "c", "b"])
        #expect(ScopeRules.cycle(in: ["a": ["b", "c"], "b": ["d"], "c": ["d"]]) == nil)
    }

    // MARK: Issuers

    @Test(
        arguments: [
            (#"{"iss": "https://as/t1/v2.0", "tid": "t1"}"#, true),
            (#"{"iss": "https://as/t2/v2.0", "tid": "t2"}"#, false),
            (#"{"iss": "https://as/t1/v2.0", "tid": "t2"}"#, false),
            (#"{"iss": "https://as/t1/v2.0"}"#, false),
            (#"{"iss": "https://as/t1/v2.0/", "tid": "t1"}"#, false),
            (#"{"iss": "https://exact", "tid": "t9"}"#, true),
            (#"{"iss": "https://exact/"}"#, false), (#"{"iss": ["https://exact"]}"#, false),
            (#"{"tid": "t1"}"#, false),
        ])
    func `a template stands for listed values of the token's own claim (G91, trap 14)`(
        claims: String, isIncluded: Bool
    ) throws {
        let read = AcceptedIssuers.read(
            try json(
                #"{"tokens": [{"issuer": "https://exact"}, {"issuer": "https://as/{tid}/v2.0","#
                    + #" "claim": "tid", "values": ["t1", "t3"]}]}"#))
        #expect(try read.get().include(try members(claims)) == isIncluded)
    }

    @Test(
        arguments: [
            #"{}"#, #"{"tokens": []}"#, #"{"tokens": [{}]}"#, #"{"tokens": [{"issuer": ""}]}"#,
            #"{"tokens": [{"issuer": "https://as/{tid}", "claim": "tid"}]}"#,
            #"{"tokens": [{"issuer": "https://as/{tid}", "claim": "tid", "values": []}]}"#,
            #"{"tokens": [{"issuer": "https://as/{tid}", "claim": "tid", "values": ["a", 1]}]}"#,
            #"{"tokens": [{"issuer": "https://as/", "claim": "tid", "values": ["a"]}]}"#,
        ])
    func `a template without a list of values, or without a place, is refused (G91)`(
        output: String
    ) throws {
        guard case .failure = AcceptedIssuers.read(try json(output)) else {
            Issue.record("not refused")
            return
        }
    }

    // MARK: Audiences

    @Test(
        arguments: [
            (#"{"aud": "gw"}"#, true), (#"{"aud": ["x", "gw"]}"#, true), (#"{"aud": "x"}"#, false),
            (#"{"client_id": "app"}"#, true), (#"{"client_id": "other"}"#, false),
            (#"{"resource_access": {"gw": {"roles": []}}}"#, true),
            (#"{"resource_access": {"x": {}}}"#, false), (#"{}"#, false),
            (#"{"resource_access": "gw"}"#, true), (#"{"aud": {"n": "gw"}}"#, false),
        ])
    func `one alternative that holds is enough, none that holds is refused (G92)`(
        claims: String, holds: Bool
    ) throws {
        let rule = try AudienceRule.read(
            try json(
                #"{"bound": false, "alternatives": [{"claim": ["aud"], "any_of": ["gw"]},"#
                    + #" {"claim": ["client_id"], "any_of": ["app"]},"#
                    + #" {"claim": ["resource_access"], "any_of": ["gw"]}]}"#)
        ).get()
        #expect(!rule.isBound)
        #expect(rule.holds(try members(claims)) == holds)
    }

    @Test(
        arguments: [
            #"{}"#, #"{"bound": true, "alternatives": []}"#,
            #"{"alternatives": [{"claim": ["aud"], "any_of": ["a"]}]}"#,
            #"{"bound": true, "alternatives": [{"claim": [], "any_of": ["a"]}]}"#,
            #"{"bound": true, "alternatives": [{"claim": ["aud"], "any_of": []}]}"#,
            #"{"bound": true, "alternatives": [{"claim": ["aud"], "any_of": [1]}]}"#,
        ])
    func `an answer about the audience that cannot be read is never taken for none`(
        output: String
    ) throws {
        guard case .failure = AudienceRule.read(try json(output)) else {
            Issue.record("not refused")
            return
        }
    }

    // MARK: verification/0

    @Test func `kinds, types and algorithms are read, unknown ones refused`() throws {
        var rules = VerificationRules()
        let output = try json(
            #"{"kinds": ["introspection"], "types": ["application/AT+JWT", null],"#
                + #" "algorithms": ["ES256", "HS256"]}"#)
        #expect(rules.take(verification: output) == nil)
        #expect(!rules.takesJWTs && rules.remote == .introspection)
        #expect(rules.types == ["at+jwt"] && rules.allowsNoType)
        #expect(rules.algorithms == [.es256])
        for bad in [
            #"{"kinds": ["magic"]}"#, #"{"kinds": []}"#, #"{"algorithms": ["HS256", "none"]}"#,
            #"{"kinds": ["probe"]}"#,
        ] {
            var rules = VerificationRules()
            #expect(rules.take(verification: try json(bad)) != nil)
        }
    }

    @Test(
        arguments: [
            ("opaque", true), ("a.b", true), ("a.b.c", false), ("a.b.c.d.e", true), ("a..c", true),
            ("a.b.", true),
        ])
    func `what is no JWS is asked about, where there is a way to ask`(
        token: String, isRemote: Bool
    ) {
        var rules = VerificationRules()
        #expect(!rules.isRemote(Array(token.utf8)))
        rules.remote = .introspection
        #expect(rules.isRemote(Array(token.utf8)) == isRemote)
        rules.takesJWTs = false
        #expect(rules.isRemote(Array(token.utf8)))
    }

    // MARK: Identity

    @Test(
        arguments: [
            (#"{"scope": "a b"}"#, ["a", "b"]), (#"{"scope": ["a", "b"]}"#, ["a", "b"]),
            (#"{"scp": "a b"}"#, ["a", "b"]), (#"{"scp": ["a"], "scope": "b a"}"#, ["b", "a"]),
            (#"{"permissions": ["p"], "scope": "a"}"#, ["a", "p"]), (#"{}"#, []),
            (#"{"scope": 7, "permissions": "p"}"#, []), (#"{"scope": ""}"#, []),
        ] as [(String, [String])])
    func `scopes come in every form (G98, trap 11)`(claims: String, scopes: [String]) throws {
        #expect(Identity(claims: try members(claims)).scopes == scopes)
    }

    @Test func `the client has several names, and an adapter's word replaces the claims`() throws {
        for (claims, client) in [
            (#"{"client_id": "a", "azp": "b"}"#, "a"), (#"{"azp": "b", "appid": "c"}"#, "b"),
            (#"{"appid": "c"}"#, "c"), (#"{"cid": "d"}"#, "d"),
        ] {
            #expect(Identity(claims: try members(claims)).client == client)
        }
        let claims = try members(#"{"sub": "s", "scope": "a", "groups": ["g"], "azp": "b"}"#)
        let said = Identity(
            claims: claims,
            normalized: try json(#"{"scopes": [], "roles": ["r"], "tenant": "t"}"#))
        #expect(said.scopes.isEmpty && said.roles == ["r"] && said.tenant == "t")
        #expect(said.subject == "s" && said.groups == ["g"] && said.client == "b")
    }

    @Test func `texts may stand in a field, and a list can be taken apart again (RFC 9110 §5.5)`() {
        var identity = Identity()
        identity.subject = "a b\r\nc%é\u{0}"
        identity.groups = ["x,y", "z z", "w"]
        identity.scopes = ["a", "b:c"]
        identity.client = String(repeating: "c", count: 513)
        let texts = IdentityTexts(identity)
        func text(_ part: IdentityPart) -> String { String(decoding: texts[part], as: UTF8.self) }
        #expect(text(.subject) == "a%20b%0D%0Ac%25%C3%A9%00")
        #expect(text(.groups) == "x%2Cy,z%20z,w")
        #expect(text(.scopes) == "a b:c")
        #expect(text(.client) == "" && text(.tenant) == "")
    }

    @Test func `a list ends before the entry that does not fit, in a field and in a note`() {
        var identity = Identity()
        identity.roles = (0..<400).map { "role-\($0)" }
        let text = IdentityTexts(identity)[.roles]
        #expect(text.count <= IdentityTexts.listBound && text.last != UInt8(ascii: ","))
        let note = text.withBorrowedBytes { IdentityTexts.fitting($0, .roles, atMost: 256) }
        #expect(note <= 256 && text[note] == UInt8(ascii: ","))
        identity.subject = String(repeating: "s", count: 300)
        let single = IdentityTexts(identity)[.subject].withBorrowedBytes {
            IdentityTexts.fitting($0, .subject, atMost: 256)
        }
        #expect(single == 0)
    }

    @Test func `what is remembered of a token is read back in place`() {
        var identity = Identity()
        identity.subject = "s"
        identity.roles = ["r1", "r2"]
        var entry = TokenEntry(expiresAt: 500, validFrom: -5, recheckAt: 90)
        entry.clientID = Array("client".utf8)
        entry.identity = IdentityTexts(identity)
        entry.credential = Array("Bearer secret".utf8)
        entry.lacksScopes = true
        let cache = TokenCache(capacity: 16, key: (1, 2))
        cache.insert(Array("t".utf8), entry)
        guard case .detailed(let slot) = cache.find(Array("t".utf8), now: 89) else {
            Issue.record("not found")
            return
        }
        let details = cache.details(slot)
        #expect(details.expiresAt == 500 && details.lacksScopes)
        #expect(details.clientID.text == "client" && details.credential.text == "Bearer secret")
        #expect(details[.subject].text == "s" && details[.roles].text == "r1,r2")
        #expect(details[.tenant].isEmpty)
        // After the time of the answer it is asked about again, whatever exp says.
        #expect(cache.find(Array("t".utf8), now: 90) == .stale)
        #expect(cache.find(Array("t".utf8), now: 600) == .stale)
    }
}

@Suite("mcpAuthentication: configuration of tokens")
struct TokenSettingsTests {
    private func read(
        _ more: String
    ) throws -> (configuration: Configuration?, remarks: [ConfigurationRemark]) {
        let text =
            #"{"issuer": "https://as.test", "audiences": ["https://gw/mcp"],"#
            + #" "resourceMetadata": {"scopesSupported": ["a"]}, "# + more + "}"
        return ConfigurationReader.read(try JSONValue(parsing: text))
    }

    @Test func `the members of this area are read`() throws {
        let result = try read(
            #"""
            "issuers": [
              {"issuer": "https://two", "audiences": ["x"], "jwks": {"url": "https://two/k"}},
              {"issuer": "https://three"}],
            "introspection": {"url": "https://as.test/i", "clientId": "c", "clientSecret": "s",
              "cache": "5s"},
            "requiredScopes": ["r"], "scopeHierarchy": {"w": ["r"]}, "identityHeaders": true
            """#)
        #expect(result.remarks.isEmpty)
        let configuration = try #require(result.configuration)
        #expect(
            configuration.tokens.issuers == [
                FurtherIssuer(
                    issuer: "https://two", audiences: ["x"], keys: .url("https://two/k")),
                FurtherIssuer(issuer: "https://three", audiences: ["https://gw/mcp"]),
            ])
        #expect(
            configuration.tokens.introspection
                == IntrospectionSettings(
                    url: "https://as.test/i", clientID: "c", clientSecret: "s", cache: 5000))
        #expect(configuration.challengeScopes == ["r"])
        #expect(configuration.tokens.scopeHierarchy == ["w": ["r"]])
        #expect(configuration.tokens.identityHeaders)
        #expect(try read(#""mode": "strict""#).configuration?.challengeScopes == ["a"])
        #expect(try read(#""introspection": false"#).configuration?.tokens.introspection == nil)
    }

    @Test(
        arguments: [
            (#""issuers": [{"issuer": "https://as.test"}]"#, "/issuers/0/issuer"),
            (#""issuers": [{"issuer": "acme", "audiences": ["a"]}]"#, "/issuers/0/issuer"),
            (#""issuers": [{"issuer": "acme", "jwks": {"url": "k"}}]"#, "/issuers/0/jwks/url"),
            (#""introspection": true"#, "/introspection"),
            (#""introspection": true, "clientId": "c""#, "/introspection"),
            (#""introspection": {"clientSecret": "s"}"#, "/introspection/clientSecret"),
            (
                #""introspection": {"url": "x"}, "clientId": "c", "clientSecret": "s""#,
                "/introspection/url"
            ),
            (
                #""introspection": {"cache": "0s"}, "clientId": "c", "clientSecret": "s""#,
                "/introspection/cache"
            ),
            (
                #""introspection": {"cache": "10m"}, "clientId": "c", "clientSecret": "s""#,
                "/introspection/cache"
            ),
            (#""requiredScopes": ["a b"]"#, "/requiredScopes/0"),
            (#""requiredScopes": ["a", "offline_access"]"#, "/requiredScopes/1"),
            (#""scopeHierarchy": {"a": ["b"], "b": ["a"]}"#, "/scopeHierarchy"),
            (#""scopeHierarchy": {"a\"": ["b"]}, "requiredScopes": ["b"]"#, "/scopeHierarchy/a\""),
        ])
    func `what cannot work is refused with its place (G09, G11)`(
        more: String, pointer: String
    ) throws {
        let result = try read(more)
        #expect(result.configuration == nil)
        #expect(result.remarks.filter(\.isError).map(\.pointer).contains(pointer))
    }

    @Test(
        arguments: [
            (#""scopeHierarchy": {"a": ["b"]}"#, "/scopeHierarchy"),
            (#""issuers": [{"issuer": "https://two", "audiences": []}]"#, "/issuers/0/audiences"),
            (#""issuers": [{"issuer": "http://two.test"}]"#, "/issuers/0/issuer"),
        ])
    func `what is risky or has no effect is a warning`(more: String, pointer: String) throws {
        let result = try read(more)
        #expect(result.configuration != nil)
        #expect(result.remarks.map(\.pointer) == [pointer])
    }
}
