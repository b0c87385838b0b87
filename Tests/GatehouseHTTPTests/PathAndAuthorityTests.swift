import GatehouseHTTP
import Testing

@Suite("Paths and authorities")
struct PathAndAuthorityTests {
    @Test(arguments: [
        "/", "/mcp", "/a/b/", "/a%20b", "/.well-known/x", "/a;b=c", "/...", "/a.b/..c", "/%C3%A9",
        "/100%25", "/a:b@c", "/~u",
    ])
    func `a path in its normal form stays`(_ path: String) {
        #expect(bytes(path).withUnsafeBytes { PathForm.check($0) } == .normal)
    }

    @Test(arguments: [
        ("mcp", PathForm.Refusal.notAbsolute), ("", .notAbsolute), ("//mcp", .emptySegment),
        ("/a//b", .emptySegment), ("/x/../mcp", .dotSegment), ("/./a", .dotSegment),
        ("/a/..", .dotSegment), ("/a/.", .dotSegment), ("/..;x/a", .dotSegment),
        ("/%6dcp", .encodedUnreserved), ("/%2e%2e/a", .encodedUnreserved),
        ("/a%2fb", .encodedDelimiter), ("/a%5Cb", .encodedDelimiter), ("/a\\b", .backslash),
        ("/a%00", .encodedControl), ("/a%0d%0a", .encodedControl), ("/a%7f", .encodedControl),
        ("/a%", .malformedEscape), ("/a%4", .malformedEscape), ("/a%zz", .malformedEscape),
        ("/a%c0%af", .overlongEncoding), ("/a%e0%80%af", .overlongEncoding),
        ("/a%f0%80%80%af", .overlongEncoding),
    ])
    func `a path with a second reading is refused`(_ row: (String, PathForm.Refusal)) {
        #expect(bytes(row.0).withUnsafeBytes { PathForm.check($0) } == .refused(row.1))
    }

    @Test func `the digits of escapes are matched in upper case`() {
        let form = bytes("/%c3%a9/x").withUnsafeBytes { PathForm.check($0) }
        #expect(form == .folded(bytes("/%C3%A9/x")))
    }

    @Test(
        arguments: [
            ("a", "a", nil), ("a.b:80", "a.b", 80), ("a:", "a", nil), ("a.", "a", nil),
            ("[::1]", "[::1]", nil), ("[::1]:443", "[::1]", 443), ("127.0.0.1:1", "127.0.0.1", 1),
            ("[fe80::1:2]", "[fe80::1:2]", nil), ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", nil),
            ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", nil), ("[::]", "[::]", nil),
            ("my_host:65535", "my_host", 65535),
        ] as [(String, String, UInt16?)])
    func `an authority has a host and perhaps a port`(_ row: (String, String, UInt16?)) throws {
        try bytes(row.0).withUnsafeBytes {
            let authority = try #require(Authority($0))
            #expect(text($0[authority.host]) == row.1 && authority.port == row.2)
        }
    }

    @Test(arguments: [
        "", ":80", ".", "a..b", ".a", "a b", "a/b", "u@a", "a:x", "a:65536", "a:-1", "a:1:2",
        "[::1", "::1", "[::1]x", "[:1]", "[1:::2]", "[1:2:3:4:5:6:7:8:9]", "[::1%25eth0]", "[v1.a]",
        "[]", "[1:2:3:4:5:6:7:8::]", "[::1.2.3]", "[::256.1.1.1]", "[::01.1.1.1]", "a\u{1}",
        "[12345::]",
        "[1:2]", "[:]", "a%41",
    ])
    func `what is no authority is refused`(_ text: String) {
        #expect(bytes(text).withUnsafeBytes { Authority($0) } == nil)
    }
}
