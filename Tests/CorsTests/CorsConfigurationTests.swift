import GatehouseJSON
import GatehousePluginKit
import Testing

@testable import CorsLogic

@Suite("cors: configuration and origins")
struct CorsConfigurationTests {
    private func read(_ text: String) throws -> (CorsConfiguration?, [Diagnostic]) {
        CorsConfiguration.read(try JSONValue(parsing: text))
    }

    @Test func `the schema is JSON`() throws {
        let schema = try JSONValue(parsing: CorsConfiguration.schema)
        #expect(schema["properties"]?.objectValue?.count == 8)
    }

    @Test func `a wildcard with credentials is refused at load`() throws {
        let (configuration, remarks) = try read(
            #"{"allowOrigins":["https://a.example","*"],"allowCredentials":true}"#)
        #expect(configuration == nil)
        #expect(remarks.map(\.pointer.description) == ["/allowCredentials"])
        #expect(remarks.first?.isError == true)
    }

    @Test(arguments: [
        ("https://app.example/", "https://app.example"), ("app.example", "https://app.example"),
        ("https://", ""), ("http://a b", ""), ("https://[::1", ""), ("https://a:0", ""),
        ("https://a:99999", ""), ("https://user@a", ""), ("https://-.a", ""), ("https://*.a/x", ""),
    ])
    func `what is no origin is an error with a suggestion`(entry: String, suggestion: String) {
        let (configuration, remarks) = CorsConfiguration.read(
            ["allowOrigins": ["https://ok.example", .string(entry)]])
        #expect(configuration == nil)
        #expect(remarks.map(\.pointer.description) == ["/allowOrigins/1"])
        if !suggestion.isEmpty { #expect(remarks.first?.suggestion == suggestion) }
    }

    @Test func `all errors are said at once`() throws {
        let (_, remarks) = try read(
            #"""
            {"allowOrigins":["x y"],"allowMethods":["G T"],"allowHeaders":["a,b"],
             "exposeHeaders":["a b"],"maxAge":"10 minutes"}
            """#)
        #expect(
            remarks.map(\.pointer.description).sorted() == [
                "/allowHeaders/0", "/allowMethods/0", "/allowOrigins/0", "/exposeHeaders/0",
                "/maxAge",
            ])
    }

    @Test func `origins are normalised as a browser writes them`() throws {
        let (configuration, _) = try read(
            #"""
            {"allowOrigins":["HTTPS://App.Example:443","http://localhost:6274","null",
             "http://[::1]:8080","chrome-extension://abcdef"]}
            """#)
        #expect(
            configuration?.origins
                == .listed(
                    [
                        "https://app.example", "http://localhost:6274", "null",
                        "http://[::1]:8080", "chrome-extension://abcdef",
                    ], []))
    }

    @Test(
        arguments: [
            ("10m", 600), ("600s", 600), ("600", 600), ("1h30m", 5400), ("1d", 86_400), ("0s", 0),
        ] as [(String, Int64)])
    func durations(text: String, seconds: Int64) {
        #expect(CorsConfigurationReader.seconds(text) == seconds)
    }

    @Test(arguments: ["", "m", "10x", "10 m", "-1s", "1h30", "99999999999999999999s", "366d"])
    func `what is no duration`(text: String) {
        #expect(CorsConfigurationReader.seconds(text) == nil)
    }

    @Test func `the preset adds what MCP clients need (G103, G104, G105)`() throws {
        let (configuration, _) = try read(
            #"{"preset":"mcp","allowOrigins":["*"],"allowHeaders":["X-Mine"]}"#)
        let read = try #require(configuration)
        #expect(read.allowsAuthorization)
        #expect(read.methods == .listed(["GET", "POST", "DELETE"], prefixes: []))
        guard case .listed(let names, let prefixes) = read.headers else {
            Issue.record("a list was expected")
            return
        }
        #expect(names.first == "x-mine")
        #expect(names.contains("mcp-protocol-version"))
        #expect(prefixes == ["mcp-param-"])
        #expect(read.exposed.contains("www-authenticate"))
    }

    @Test func `the example's headers do not let a page authorize`() throws {
        let (configuration, _) = try read(
            #"{"allowOrigins":["*"],"allowHeaders":["mcp-protocol-version","content-type"]}"#)
        #expect(configuration?.allowsAuthorization == false)
    }

    @Test(arguments: [
        ("https://*.example.org", "https://a.example.org", true),
        ("https://*.example.org", "https://a.b.example.org", true),
        ("https://*.example.org", "https://example.org", false),
        ("https://*.example.org", "https://a.example.org:8443", false),
        ("https://*.example.org", "https://a.example.org.evil.test", false),
        ("https://*", "https://any.test", true),
        ("https://*", "https://[::1]", false),
        ("http://localhost:*", "http://localhost:6274", true),
        ("http://localhost:*", "http://localhost", true),
        ("http://localhost:*", "https://localhost:6274", false),
        ("https://a*b*.test", "https://axbxb1.test", true),
        ("https://a*b*.test", "https://ab.test", false),
    ])
    func patterns(pattern: String, origin: String, matches: Bool) throws {
        let read = try #require(OriginPattern(pattern))
        let parsed = try #require(Origin(serialized: origin.utf8))
        #expect(read.matches(parsed) == matches)
    }

    @Test(arguments: [
        "https://APP.example", "https://app.example:443", "https://app.example/", "https://a b",
        "https://\u{212A}.example", "null", "", "https://", "https://app.example:08443",
        "https://app.example.", "https://[::1]x", "ftp://a",
    ])
    func `what no browser serialises so is no origin`(text: String) {
        #expect(Origin(serialized: text.utf8) == nil)
    }

    @Test func `a pattern that reaches into a label is warned of`() throws {
        let (configuration, remarks) = try read(#"{"allowOrigins":["https://*example.org"]}"#)
        #expect(configuration != nil)
        #expect(remarks.map(\.isError) == [false])
    }
}
