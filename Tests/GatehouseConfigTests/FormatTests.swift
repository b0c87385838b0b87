import Testing

@testable import GatehouseConfig

@Suite("Formats of text")
struct FormatTests {
    @Test(arguments: [
        ("localhost:80", "http://localhost"), ("A.Example:8080", "http://a.example:8080"),
        ("127.0.0.1:1", "http://127.0.0.1:1"), ("[::1]:80", "http://[::1]"),
        ("[2001:DB8::1]:81", "http://[2001:db8::1]:81"), ("unix:/run/x", "unix:/run/x"),
    ])
    func `endpoints are read`(text: String, expected: String) throws {
        let upstream = Upstream(
            endpoint: try Hosts.endpoint(text), tls: nil, path: nil, isMCP: false)
        #expect("\(upstream)" == expected)
    }

    @Test(arguments: [
        "", ":80", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:+80",
        "localhost:8 0", "::1:80", "[::1]", "[::1]80", "[::1", "[1.2.3.4]:80", "1.2.3:80",
        "256.1.1.1:80", "a..b:80", "-a:80", "a-:80", "http://a:80", "unix:run", "a/b:80",
        "ä.example:80", "user@a:80",
    ])
    func `what is no endpoint is refused`(text: String) {
        #expect(throws: FormatProblem.self) { try Hosts.endpoint(text) }
    }

    @Test(arguments: [
        ("http://a", "http://a"), ("https://a:8443/b", "https://a:8443/b"),
        ("HTTP://A/B", "http://a/B"), ("http://[::1]:3001/mcp", "http://[::1]:3001/mcp"),
        ("https://a:443/", "https://a/"),
    ])
    func `an MCP host is a URL`(text: String, expected: String) throws {
        let url = try Hosts.url(text)
        #expect("\(Hosts.upstream(url, isMCP: true))" == expected)
    }

    @Test(arguments: [
        "ftp://a", "http://", "http://a?b", "http://a/b#c", "http://u:p@a/", "http://a b/",
        "http://a:0/", "http://a:99999", "http:/a", "//a",
    ])
    func `what is no URL is refused`(text: String) {
        #expect(throws: FormatProblem.self) { try Hosts.url(text) }
    }

    @Test(arguments: [
        ("10.0.0.0/8", [10, 1, 2, 3], true), ("10.0.0.0/8", [11, 0, 0, 0], false),
        ("0.0.0.0/0", [1, 2, 3, 4], true), ("192.0.2.7", [192, 0, 2, 7], true),
        ("192.0.2.7", [192, 0, 2, 6], false), ("127.0.0.0/8", [127, 9, 9, 9], true),
    ])
    func `blocks contain addresses`(block: String, address: [UInt8], isInside: Bool) throws {
        let block = try #require(AddressBlock(block))
        let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + address
        #expect(block.contains(address) == isInside)
        #expect(block.contains(mapped) == isInside, "IPv4-mapped counts as IPv4")
    }

    @Test(arguments: [
        "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0", "01.2.3.4", "::/129",
        "::1/127", "1::2::3", "1:2:3:4:5:6:7", "12345::", "a", "", "::1%eth0", "/8", ":1::",
    ])
    func `what is no block is refused`(text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test func `IPv6 blocks`() throws {
        let block = try #require(AddressBlock("fd00::/8"))
        #expect(block.contains([0xfd] + [UInt8](repeating: 1, count: 15)))
        #expect(!block.contains([0xfe] + [UInt8](repeating: 1, count: 15)))
        #expect(!block.contains([1, 2, 3, 4]))
        #expect(AddressBlock("::ffff:192.0.2.1")?.bytes.suffix(4) == [192, 0, 2, 1])
        let mapped = try #require(AddressBlock("::ffff:10.0.0.0/104"))
        #expect(mapped.contains([10, 1, 2, 3]) && !mapped.contains([11, 1, 2, 3]))
        #expect(AddressBlock("::/0")?.contains([10, 1, 2, 3]) == false)
    }

    @Test(arguments: [
        ("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("720h", 2_592_000_000),
    ])
    func `durations`(text: String, milliseconds: Int) throws {
        #expect(try Amounts.duration(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "s", "-1s", "1.5s", "1 s", "0s", "721h", "9999999999h", "1d"])
    func `what is no duration is refused`(text: String) {
        #expect(throws: FormatProblem.self) { try Amounts.duration(text) }
    }

    @Test(arguments: [("1", 1), ("64KiB", 65_536), ("10 MB", 10_000_000), ("1GiB", 1 << 30)])
    func `sizes`(text: String, bytes: Int) throws {
        #expect(try Amounts.bytes(text, mayBeOff: false) == bytes)
    }

    @Test(arguments: ["", "off", "1TB", "KiB", "-1", "1.5MiB", "9999999999999GiB"])
    func `what is no size is refused`(text: String) {
        #expect(throws: FormatProblem.self) { try Amounts.bytes(text, mayBeOff: false) }
    }

    @Test(arguments: ["mcp", "/a/../b", "/a//b", "/a b", "/a?b", "/./a", "/ä"])
    func `a path that is never matched is refused`(text: String) {
        #expect(throws: FormatProblem.self) { try Texts.path(text) }
    }
}
