import Testing

@testable import McpAuthenticationLogic

@Suite("mcpAuthentication: the client's credential")
struct CredentialTests {
    private let bearer = Array("Bearer ".utf8)

    private func scan(_ value: String) -> String {
        let bytes = Array(value.utf8)
        switch CredentialScanner.field(bytes, prefix: bearer) {
        case .absent: return "absent"
        case .malformed: return "malformed"
        case .ambiguous: return "ambiguous"
        case .token(let range): return "token " + String(decoding: bytes[range], as: UTF8.self)
        }
    }

    @Test(arguments: [
        ("Bearer a.b.c", "token a.b.c"), ("bearer a.b.c", "token a.b.c"),
        ("BEARER  a", "token a"), ("Bearer a==", "token a=="),
        ("Bearer A-_~+/.9", "token A-_~+/.9"),
    ])
    func `a bearer token is found, the scheme in any case (G20)`(value: String, found: String) {
        #expect(scan(value) == found)
    }

    @Test(arguments: [
        "Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer a, Bearer b", "Bearer =",
        "Bearer a=b", "Bearer \"a\"", "Bearer a\u{7f}", "Bearer ü", "bearer \t",
    ])
    func `what is no token is malformed (G06)`(value: String) {
        #expect(scan(value) == "malformed")
    }

    @Test(arguments: [
        "", "Basic dTpw", "BearerX a", "Bear", "DPoP a.b.c", "Bearer\u{9}a", "Bearera",
    ])
    func `another scheme counts as absent`(value: String) {
        #expect(scan(value) == "absent")
    }

    @Test func `a prefix of another shape and none are honoured`() {
        let value = Array("tok:abc".utf8)
        #expect(
            CredentialScanner.field(value, prefix: Array("TOK:".utf8)) == .token(4..<7))
        #expect(CredentialScanner.field(Array("abc".utf8), prefix: []) == .token(0..<3))
    }

    @Test func `indices are those of the scanned collection`() {
        let slice = Array("xxBearer abc".utf8)[2...]
        #expect(CredentialScanner.field(slice, prefix: bearer) == .token(9..<12))
    }

    @Test(arguments: [
        ("t=abc", CredentialScan.token(2..<5)), ("a=1&t=abc", .token(6..<9)),
        ("a=1", .absent), ("t=a&t=b", .ambiguous), ("t=", .malformed), ("tt=abc", .absent),
        ("t", .absent), ("", .absent), ("t=a%20b", .malformed), ("x=t=abc", .absent),
    ])
    func `a query parameter is found once`(query: String, expected: CredentialScan) {
        #expect(CredentialScanner.query(Array(query.utf8), name: Array("t".utf8)) == expected)
    }

    @Test(arguments: [
        ("t=abc", CredentialScan.token(2..<5)), ("a=1; t=abc", .token(7..<10)),
        ("t=\"abc\"", .token(3..<6)), ("a=1;t=x; t=y", .ambiguous), ("at=1", .absent),
    ])
    func `a cookie is found once`(value: String, expected: CredentialScan) {
        #expect(CredentialScanner.cookie(Array(value.utf8), name: Array("t".utf8)) == expected)
    }

    @Test(arguments: [
        ("t=abc", ""), ("a=1&t=abc&b=2", "a=1&b=2"), ("t=a&t=b&c", "c"), ("a=1&tt=2", "a=1&tt=2"),
        ("t&a=1", "a=1"),
    ])
    func `the token is taken out of the query (G107)`(query: String, left: String) {
        let rest = CredentialRemoval.query(Array(query.utf8), name: Array("t".utf8))
        #expect(String(decoding: rest ?? [], as: UTF8.self) == left)
        #expect((rest == nil) == left.isEmpty)
    }

    @Test(arguments: [("t=abc", ""), ("a=1; t=abc; b=2", "a=1; b=2"), ("a=1;t=2", "a=1")])
    func `the token is taken out of the cookies`(value: String, left: String) {
        let rest = CredentialRemoval.cookie(Array(value.utf8), name: Array("t".utf8))
        #expect(String(decoding: rest ?? [], as: UTF8.self) == left)
    }
}

@Suite("mcpAuthentication: the challenge")
struct ChallengeTests {
    private let url = "http://localhost:3000/.well-known/oauth-protected-resource/stdio/mcp"

    @Test func `without a credential there is no error (G02, G04, G10)`() {
        let challenge = Challenge(error: nil, metadataURL: url, scopes: ["read:all"])
        #expect(challenge.text == "Bearer resource_metadata=\"\(url)\", scope=\"read:all\"")
    }

    @Test func `a bad token names the code and no cause (G05, G12, G13)`() {
        let text = Challenge(error: .invalidToken, metadataURL: url, scopes: []).text
        #expect(
            text == "Bearer error=\"invalid_token\", error_description=\"The access token is not"
                + " valid\", resource_metadata=\"\(url)\"")
    }

    @Test func `the descriptions cannot be taken for parameters (G12)`() {
        for error in [BearerError.invalidRequest, .invalidToken, .insufficientScope] {
            #expect(!error.text.contains("="))
            #expect(error.text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 })
        }
    }

    @Test func `what is quoted stays one quoted string (CWE-113)`() {
        #expect(Challenge.quoted(#"a"b\c"#) == #""a\"b\\c""#)
        #expect(Challenge.quoted("a\r\nSet-Cookie: x") == "\"a??Set-Cookie: x\"")
    }

    @Test(arguments: [
        ("read:all", true), ("", false), ("a b", false), ("a\"b", false), ("ä", false),
    ])
    func `scope tokens are those of RFC 6749`(text: String, expected: Bool) {
        #expect(Challenge.isScopeToken(text) == expected)
    }

    @Test func `the 401 has the body of agentgateway and is not stored (G16, G17)`() {
        let response = LocalResponse.unauthorized(
            Challenge(error: nil, metadataURL: url, scopes: []), reason: "no token")
        #expect(response.status == 401)
        #expect(response.field("content-type") == "application/json")
        #expect(response.field("cache-control") == "no-store")
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"error":"unauthorized","error_description":"JWT token required"}"#)
    }
}
