import GatehouseHTTP
import Testing

@Suite("URLs of outbound requests")
struct HTTPURLTests {
    @Test func `an absolute URL is taken apart`() throws {
        let url = try #require(HTTPURL("HTTPS://Ex.Com:8443/a/b?c=d#e"))
        #expect(url.origin == HTTPURL("https://ex.com:8443/")?.origin)
        #expect(url.origin.isSecure && url.origin.host == "ex.com" && url.origin.port == 8443)
        #expect(url.target == "/a/b?c=d" && url.authority == "ex.com:8443")
        #expect(url.description == "https://ex.com:8443/a/b?c=d")
        #expect(HTTPURL("http://a?x")?.target == "/?x")
        #expect(HTTPURL("http://a:/x")?.origin.port == 80)
        #expect(HTTPURL("https://a/")?.origin.port == 443)
    }

    @Test func `spellings of one IPv6 address are one origin`() throws {
        let short = try #require(HTTPURL("http://[2001:db8::1]:80/"))
        #expect(short.origin == HTTPURL("http://[2001:0DB8:0:0::1]/")?.origin)
        #expect(short.authority == "[2001:db8::1]" && short.origin.host == "2001:db8::1")
    }

    @Test(arguments: [
        "ftp://a/", "http://", "http://u@a/", "http://a:0/", "http://a:65536/", "http://a:b/",
        "http://a b/", "/path", "http://[::1/", "http://[nope]/", "http://a\r\n/", "http:/a",
        "http://a:+1/", "http://[::1]x/", "http://[127.0.0.1]/", "http://a%2fb/", "http://a,b/",
        "http://a\\@b/", "http://a:1:2/", "http://[fe80::1%25eth0]/", "http://\u{e4}/",
        "http://a/" + String(repeating: "x", count: HTTPURL.bytesMax),
    ])
    func `a URL that is not that is refused`(text: String) {
        #expect(HTTPURL(text) == nil)
    }

    @Test func `a location is resolved against the URL it came from`() throws {
        let url = try #require(HTTPURL("https://a.example/x/y?z"))
        #expect(url.resolving("/q?r")?.target == "/q?r")
        #expect(url.resolving("?r")?.target == "/x/y?r")
        #expect(url.resolving("https://b.example/")?.origin.host == "b.example")
        #expect(url.resolving("//c.example/d")?.origin.host == "c.example")
        #expect(url.resolving("relative") == nil)
        #expect(url.resolving("https://a.example:443/p")?.origin == url.origin)
        #expect(url.resolving("http://a.example/p")?.origin != url.origin)
    }
}
