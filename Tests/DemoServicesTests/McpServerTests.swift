import GatehouseJSON
import Testing

@testable import DemoServices

@Suite("Demo MCP server")
struct McpServerTests {
    private let visitor = Visitor(site: McpServer())
    private let accept = [
        ("Host", "localhost:3001"), ("Accept", "application/json, text/event-stream"),
    ]

    private func modern(
        _ method: String, params: JSONObject = [:], headers: [(String, String)]
    ) -> DemoResponse? {
        var params = params
        params["_meta"] = [
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": [:],
        ]
        return visitor.post(
            "/mcp",
            json: [
                "jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .object(params),
            ], accept + [("MCP-Protocol-Version", "2026-07-28")] + headers)
    }

    @Test func `2026-07-28: each request stands alone, and header and body must agree`() {
        let discovery = modern("server/discover", headers: [("Mcp-Method", "server/discover")])
        #expect(discovery?.json["result"]?["supportedVersions"] == ["2026-07-28"])
        #expect(discovery?.header("mcp-session-id") == nil)
        let call = modern(
            "tools/call", params: ["name": "add", "arguments": ["a": 2, "b": 40]],
            headers: [("Mcp-Method", "tools/call"), ("Mcp-Name", "add")])
        #expect(call?.json["result"]?["content"]?[0]?["text"] == "42")
        let mismatch = modern("tools/list", headers: [("Mcp-Method", "tools/call")])
        #expect(mismatch?.status == 400)
        #expect(mismatch?.json["error"]?["code"]?.intValue == -32_020)
        #expect(modern("x/y", headers: [("Mcp-Method", "x/y")])?.status == 404)
    }

    @Test func `the handshake era has sessions`() throws {
        func send(_ method: String, _ headers: [(String, String)] = []) -> DemoResponse? {
            visitor.post(
                "/mcp",
                json: [
                    "jsonrpc": "2.0", "id": 1, "method": .string(method),
                    "params": ["protocolVersion": "2025-11-25"],
                ], accept + headers)
        }
        let begun = send("initialize")
        #expect(begun?.header("content-type") == "text/event-stream")
        let session = try #require(begun?.header("mcp-session-id"))
        #expect(send("tools/list")?.status == 400)
        #expect(send("tools/list", [("Mcp-Session-Id", "nope")])?.status == 404)
        #expect(send("tools/list", [("Mcp-Session-Id", session)])?.status == 200)
        let inSession = accept + [("Mcp-Session-Id", session)]
        #expect(visitor.get("/mcp", inSession)?.header("content-type") == "text/event-stream")
        #expect(visitor.ask("DELETE", "/mcp", inSession)?.status == 200)
        #expect(send("tools/list", [("Mcp-Session-Id", session)])?.status == 404)
    }

    @Test func `foreign hosts and origins are refused as the SDKs' servers do`() {
        #expect(visitor.get("/mcp", [("Host", "evil.example")])?.status == 421)
        let foreign = [("Host", "localhost"), ("Origin", "https://evil.example")]
        #expect(visitor.get("/mcp", foreign)?.status == 403)
    }

    @Test func `the probes tell what reached them`() {
        let echo = visitor.ask("PUT", "/echo?a=1", [("X-A", "1"), ("x-a", "2")], body: "hi")?.json
        #expect(echo?["target"] == "/echo?a=1")
        #expect(echo?["headers"] == [["X-A", "1"], ["x-a", "2"]])
        #expect(echo?["bytes"] == 2)
        let refused = visitor.get("/status?code=401&challenge=Bearer")
        #expect(refused?.status == 401)
        #expect(refused?.header("www-authenticate") == "Bearer")
        #expect(visitor.get("/nothing")?.status == 404)
    }

    @Test func `a tool's numbers cannot overflow`() {
        let call = modern(
            "tools/call",
            params: ["name": "add", "arguments": ["a": .int(.max), "b": 1]],
            headers: [("Mcp-Method", "tools/call"), ("Mcp-Name", "add")])
        #expect(call?.status == 400)
    }
}

@Suite("Demo services: small parts")
struct DemoPartsTests {
    @Test func `forms are decoded, malformed escapes left as they are`() {
        let form = FormEncoding.parse("a=1+2&b=%41%zz&a=3&c&=d")
        #expect(form == ["a": "1 2", "b": "A%zz", "c": "", "": "d"])
        #expect(FormEncoding.encode("a b&\u{e9}") == "a%20b%26%C3%A9")
    }

    @Test func `a bounded store forgets the oldest`() {
        let store = BoundedStore<Int>(capacity: 2)
        for number in 1...3 { store.insert(number, for: "\(number)") }
        #expect(store["1"] == nil && store["2"] == 2 && store.count == 2)
        #expect(store.remove("2") == 2 && store.remove("2") == nil)
    }

    @Test func `PKCE compares the challenge (RFC 7636 §4.6)`() {
        func grant(_ challenge: String?, _ method: String) -> CodeGrant {
            CodeGrant(
                clientID: "c", redirectURI: "", challenge: challenge, challengeMethod: method,
                scope: "", resource: nil, sessionID: "", nonce: nil, expires: 0)
        }
        let good = grant(Example.challenge, "S256")
        #expect(PKCE.isValid(verifier: Example.verifier, for: good))
        #expect(!PKCE.isValid(verifier: nil, for: good))
        #expect(!PKCE.isValid(verifier: Example.challenge, for: good))
        #expect(PKCE.isValid(verifier: Example.verifier, for: grant(Example.verifier, "plain")))
        #expect(PKCE.isValid(verifier: nil, for: grant(nil, "plain")))
        #expect(!PKCE.isValid(verifier: Example.verifier, for: grant(nil, "plain")))
    }
}
