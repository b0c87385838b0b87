import Testing

@testable import DemoServices

@Suite("Demo client")
struct DemoClientTests {
    private let visitor = Visitor(site: DemoClient(target: "http://localhost:3000/mcp?a=\"&"))

    @Test func `the page begins with its target, escaped, and is no frame`() throws {
        let page = try #require(visitor.get("/"))
        #expect(page.text.contains("value=\"http://localhost:3000/mcp?a=&quot;&amp;\""))
        #expect(!page.text.contains("{target}"))
        let policy = try #require(page.header("content-security-policy"))
        #expect(policy.contains("script-src 'self'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(visitor.get("/callback?code=c")?.text == page.text)
    }

    @Test func `its files have their types, and there are no others`() {
        #expect(
            visitor.get("/client.js")?.header("content-type") == "text/javascript; charset=utf-8")
        #expect(visitor.get("/client.css")?.header("content-type") == "text/css; charset=utf-8")
        #expect(visitor.get("/other")?.status == 404)
        #expect(visitor.ask("POST", "/")?.status == 405)
    }
}
