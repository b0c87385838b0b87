import GatehouseJSON
import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: configuration")
struct ConfigurationTests {
    private func read(
        _ text: String
    ) throws -> (configuration: Configuration?, remarks: [ConfigurationRemark]) {
        ConfigurationReader.read(try JSONValue(parsing: text))
    }

    private func base(_ more: String = "") -> String {
        #"{"issuer": "http://localhost:9000", "audiences": ["http://localhost:3000/stdio/mcp"],"#
            + #" "resourceMetadata": {}"# + (more.isEmpty ? "" : ", " + more) + "}"
    }

    private func errors(_ text: String) throws -> [String] {
        try read(text).remarks.filter(\.isError).map(\.pointer)
    }

    private func warnings(_ text: String) throws -> [String] {
        try read(text).remarks.filter { !$0.isError }.map(\.pointer)
    }

    @Test func `the example of the mission is read as written`() throws {
        let result = try read(
            #"""
            {"mode": "strict", "issuer": "http://localhost:9000",
             "audiences": ["http://localhost:3000/stdio/mcp"],
             "jwks": {"url": "http://localhost:9000/.well-known/jwks.json"},
             "resourceMetadata": {
               "resource": "http://localhost:3000/stdio/mcp", "scopesSupported": ["read:all"],
               "bearerMethodsSupported": ["header", "body", "query"],
               "resourceDocumentation": "http://localhost:3000/stdio/docs",
               "resourcePolicyUri": "http://localhost:3000/stdio/policies"}}
            """#)
        let configuration = try #require(result.configuration)
        #expect(configuration.mode == .strict)
        #expect(configuration.keys == .url("http://localhost:9000/.well-known/jwks.json"))
        #expect(configuration.resource == "http://localhost:3000/stdio/mcp")
        #expect(configuration.challengeScopes == ["read:all"])
        #expect(configuration.requiredClaims == .exp)
        #expect(configuration.leeway == 60_000)
        #expect(configuration.location == .bearer)
        #expect(
            configuration.resourceMembers.map(\.name) == [
                "bearer_methods_supported", "resource", "resource_documentation",
                "resource_policy_uri", "scopes_supported",
            ])
        // Only that body and query are listed and not accepted.
        #expect(result.remarks.map(\.pointer) == ["/resourceMetadata"])
    }

    @Test func `the schema is JSON and closed`() throws {
        let schema = try JSONValue(parsing: ConfigurationSchema.text)
        #expect(schema["additionalProperties"] == .bool(false))
        #expect(schema["properties"]?["clientSecret"]?["format"] == "gatehouse-secret")
        let names = Set(schema["properties"]?.objectValue?.keys ?? [])
        #expect(
            names.isSuperset(of: [
                "mode", "issuer", "audiences", "jwks", "provider", "delivery", "resourceMetadata",
                "clientId", "clientSecret", "authorizationLocation", "jwtValidationOptions",
                "leeway",
                "keys", "tokens", "upstreamCredential", "clientKey",
            ]))
    }

    @Test func `every form of jwks is understood`() throws {
        func keys(_ text: String) throws -> KeySource? { try read(base(text)).configuration?.keys }
        #expect(try keys(#""jwks": {"url": "https://as.test/k"}"#) == .url("https://as.test/k"))
        #expect(try keys(#""jwks": {"file": "keys.json"}"#) == .file("keys.json"))
        let inline = KeySource.inline(Array(#"{"keys":[]}"#.utf8))
        #expect(try keys(#""jwks": "{\"keys\":[]}""#) == inline)
        #expect(try keys(#""jwks": {"inline": {"keys": []}}"#) == inline)
        #expect(try keys(#""jwks": {"keys": []}"#) == inline)
        #expect(try keys("") == .derived)
    }

    @Test func `a token location by expression is refused with a message`() throws {
        let result = try read(base(#""authorizationLocation": {"expression": "x"}"#))
        #expect(result.configuration == nil)
        #expect(result.remarks.contains { $0.message.contains("expressions are not supported") })
    }

    @Test func `a token in the query is possible and said`() throws {
        let text = base(#""authorizationLocation": {"queryParameter": {"name": "t"}}"#)
        #expect(try read(text).configuration?.location == .queryParameter(name: "t"))
        #expect(try warnings(text) == ["/authorizationLocation/queryParameter"])
    }

    @Test func `a header location has the prefix of its name`() throws {
        func location(_ text: String) throws -> TokenLocation? {
            try read(base(#""authorizationLocation": {"header": \#(text)}"#)).configuration?
                .location
        }
        #expect(try location(#"{"name": "Authorization"}"#) == .bearer)
        #expect(try location(#"{"name": "X-Token"}"#) == .header(name: "x-token", prefix: ""))
        #expect(
            try location(#"{"name": "X-Token", "prefix": "T "}"#)
                == .header(name: "x-token", prefix: "T "))
    }

    @Test func `requiredClaims without exp admits tokens for ever, with a warning`() throws {
        let text = base(#""jwtValidationOptions": {"requiredClaims": []}"#)
        #expect(try read(text).configuration?.requiredClaims == [])
        #expect(try warnings(text) == ["/jwtValidationOptions/requiredClaims"])
    }

    @Test func `a required claim of another name has no effect, with a warning`() throws {
        let text = base(#""jwtValidationOptions": {"requiredClaims": ["exp", "jti", "aud"]}"#)
        #expect(try read(text).configuration?.requiredClaims == [.exp, .aud])
        #expect(try warnings(text) == ["/jwtValidationOptions/requiredClaims/1"])
    }

    @Test(arguments: [("0s", 0), ("5m", 300_000), ("1500ms", 1500)])
    func `a leeway is a duration`(text: String, milliseconds: Int64) throws {
        #expect(try read(base(#""leeway": "\#(text)""#)).configuration?.leeway == milliseconds)
    }

    @Test(arguments: ["301s", "6m", "1h", "ten", "", "-1s", "99999999999999999999s"])
    func `a leeway beyond five minutes or no duration is an error`(text: String) throws {
        #expect(try errors(base(#""leeway": "\#(text)""#)) == ["/leeway"])
    }

    @Test func `http beyond this machine is a warning (G117)`() throws {
        let far = #"{"issuer": "http://as.test", "audiences": ["a"], "resourceMetadata": {}}"#
        #expect(try warnings(far) == ["/issuer"])
        #expect(try warnings(base(#""jwks": {"url": "http://10.0.0.1/k"}"#)) == ["/jwks/url"])
        #expect(try warnings(base(#""jwks": {"url": "http://127.0.0.2/k"}"#)).isEmpty)
    }

    @Test func `no audience is a warning, an issuer that is no URL needs jwks`() throws {
        let open = #"{"issuer": "http://localhost", "audiences": [], "resourceMetadata": {}}"#
        #expect(try warnings(open) == ["/audiences"])
        let name = #"{"issuer": "acme.com", "audiences": ["a"], "resourceMetadata": {}"#
        #expect(try errors(name + "}") == ["/issuer"])
        #expect(try errors(name + #", "jwks": {"keys": []}}"#).isEmpty)
    }

    @Test func `one name in two spellings is an error at the second`() throws {
        let text =
            #"{"issuer": "http://localhost", "audiences": ["a"], "resourceMetadata":"#
            + #" {"resource_name": "a", "resourceName": "b"}}"#
        #expect(try errors(text) == ["/resourceMetadata/resource_name"])
    }

    @Test func `a secret without its client is an error`() throws {
        #expect(try errors(base(#""clientSecret": "ref:1""#)) == ["/clientSecret"])
    }

    @Test(arguments: [
        ("scopesSupported", "scopes_supported"), ("jwksUri", "jwks_uri"),
        ("resource_name", "resource_name"), ("resourceURI", "resource_uri"),
        ("dpopSigningAlgValuesSupported", "dpop_signing_alg_values_supported"),
        ("resource", "resource"), ("resourceName#en", "resource_name#en"), ("", ""),
    ])
    func `names are served in snake case`(written: String, served: String) {
        #expect(MemberName.snakeCase(written) == served)
    }
}

@Suite("mcpAuthentication: URLs")
struct HTTPURLTests {
    @Test(arguments: [
        ("https://Gw.Example:443/a?b", "https://gw.example/a?b"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("HTTP://[::1]:80/x", "http://[::1]/x"), ("http://h?q", "http://h?q"),
    ])
    func `a URL is read into its normal spelling`(text: String, normal: String) {
        #expect(HTTPURL(text)?.text == normal)
    }

    @Test(arguments: [
        "", "http:", "http://", "ftp://h", "http://u@h", "http://h#f", "http://h:0",
        "http://h:99999",
        "http://h:8a", "http://h /", "http://a:b:c/", "/path", "http://[::1", "http://h\\x",
        "http://ü",
    ])
    func `what is no http URL is refused`(text: String) {
        #expect(HTTPURL(text) == nil)
    }

    @Test(arguments: [
        ("http://localhost:1", true), ("http://127.9.9.9", true), ("http://[::1]", true),
        ("http://app.localhost", true), ("http://localhost.evil.test", false),
        ("http://10.0.0.1", false),
    ])
    func `loopback is known by name and literal`(text: String, expected: Bool) {
        #expect(HTTPURL(text)?.isLoopback == expected)
    }

    @Test func `a URL of a document shares the issuer's origin or is https and public (G54)`() {
        let issuer = HTTPURL("http://kc:8080/realms/mcp")
        func reaches(_ text: String) -> [Reach] {
            FetchedURLRule.reaches(of: text, issuer: issuer)
        }
        #expect(reaches("http://kc:8080/certs") == [.configured])
        #expect(reaches("https://keys.example/certs") == [.configured, .publicOnly])
        // The host allows these only where the operator does.
        #expect(reaches("http://kc:8081/certs") == [.configured])
        #expect(reaches("http://keys.example/certs") == [.configured])
        #expect(reaches("https://169.254.169.254/latest") == [.configured])
        #expect(reaches("https://192.168.1.1/") == [.configured])
        #expect(reaches("https://[fd00::1]/") == [.configured])
        #expect(reaches("https://localhost/") == [.configured])
        #expect(reaches("file:///etc/passwd") == [])
    }
}
