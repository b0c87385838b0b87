import GatehouseJSON
import GatehousePluginKit
import GatehouseTesting
import Testing

@testable import CorsLogic

/// The policy behind the C tables, in a host that lends guarded memory.
@Suite("cors: the policy")
struct CorsPolicyTests {
    private func instance(
        _ configuration: JSONValue, isProtected: Bool = true
    ) throws -> (MemoryHost, MemoryInstance) {
        let host = MemoryHost()
        try host.enter { PluginLibrary.enter($0, $1, offering: [.policy(CorsPolicy.self)]) }
        let route: JSONValue = [
            "policies": [
                ["name": "cors", "orderClass": "cors"],
                ["name": "guard", "orderClass": isProtected ? "authentication" : "normal"],
            ]
        ]
        return (host, try host.instance(configuration: configuration, route: route))
    }

    private let list: JSONValue = [
        "allowOrigins": ["https://app.example", "https://*.example.org", "http://b.test"],
        "exposeHeaders": ["Mcp-Session-Id"], "allowCredentials": true,
        "allowHeaders": ["authorization"],
    ]

    @Test(arguments: ["https://app.example", "https://x.y.example.org", "http://b.test"])
    func `the response echoes the one origin`(origin: String) throws {
        let (host, instance) = try instance(list)
        try withExtendedLifetime(host) {
            let exchange = instance.exchange(.request("POST", "/mcp", [("Origin", origin)]))
            #expect(exchange.requestHead() == .continue)
            let upstream = TestMessage.response(
                401,
                [
                    ("Access-Control-Allow-Origin", "*"), ("Access-Control-Max-Age", "5"),
                    ("Vary", "Accept"), ("vary", "X"), ("WWW-Authenticate", "Bearer"),
                ])
            #expect(exchange.responseHead(upstream) == .continue)
            let response = try #require(exchange.response)
            #expect(response.values("access-control-allow-origin") == [origin])
            #expect(response.values("access-control-allow-credentials") == ["true"])
            #expect(response.values("access-control-expose-headers") == ["Mcp-Session-Id"])
            #expect(response.values("access-control-max-age").isEmpty)
            #expect(response.values("vary") == ["Accept", "X", "Origin"])
            #expect(response.values("www-authenticate") == ["Bearer"])
            exchange.end()
        }
    }

    @Test func `Vary stands on a response without an Origin, and only once`() throws {
        let (host, instance) = try instance(list)
        try withExtendedLifetime(host) {
            let exchange = instance.exchange(.request())
            #expect(exchange.requestHead() == .continue)
            let upstream = TestMessage.response(
                200, [("Access-Control-Allow-Origin", "https://evil.test"), ("Vary", "origin")])
            #expect(exchange.responseHead(upstream) == .continue)
            let response = try #require(exchange.response)
            #expect(response.values("vary") == ["origin"])
            #expect(response.values("access-control-allow-origin").isEmpty)
        }
    }

    @Test func `a foreign origin is answered 403 with Vary and a problem document`() throws {
        let (host, instance) = try instance(list)
        try withExtendedLifetime(host) {
            let exchange = instance.exchange(.request("GET", "/", [("Origin", "https://e.test")]))
            #expect(exchange.requestHead() == .responded)
            let answer = try #require(exchange.ownResponse)
            #expect(answer.status == 403)
            #expect(answer.values("vary") == ["Origin"])
            #expect(answer.values("content-type") == ["application/problem+json"])
            #expect(try JSONValue(parsing: answer.body)["status"] == 403)
            let own = instance.exchange(
                .request("GET", "/", [("Origin", "http://gateway.test")]))
            #expect(own.requestHead() == .continue)
        }
    }

    @Test func `a claimed path keeps what its claimer says`() throws {
        let (host, instance) = try instance(list)
        try withExtendedLifetime(host) {
            var request = TestMessage.request("GET", "/x", [("Origin", "https://e.test")])
            request.claim = .max
            let exchange = instance.exchange(request)
            #expect(exchange.requestHead() == .continue)
            exchange.responseHead(.response(200, [("Access-Control-Allow-Origin", "*")]))
            let response = try #require(exchange.response)
            #expect(response.values("access-control-allow-origin") == ["*"])
            #expect(response.values("vary") == ["Origin"])
            request.fields = [("Origin", "https://app.example")]
            let allowed = instance.exchange(request)
            allowed.requestHead()
            allowed.responseHead(.response(200, [("Access-Control-Allow-Origin", "*")]))
            let replaced = allowed.response?.values("access-control-allow-origin")
            #expect(replaced == ["https://app.example"])
        }
    }

    @Test func `a preflight is answered from lines that repeat`() throws {
        let (host, instance) = try instance([
            "preset": "mcp", "allowOrigins": ["*"], "maxAge": "10m",
        ])
        try withExtendedLifetime(host) {
            let exchange = instance.exchange(
                .request(
                    "OPTIONS", "/mcp",
                    [
                        ("Origin", "https://a.test"), ("Access-Control-Request-Method", "POST"),
                        ("Access-Control-Request-Headers", "authorization"),
                        ("Access-Control-Request-Headers", "mcp-param-region"),
                    ]))
            #expect(exchange.requestHead() == .responded)
            let answer = try #require(exchange.ownResponse)
            #expect(answer.status == 204)
            #expect(answer.body.isEmpty)
            #expect(answer.values("access-control-allow-origin") == ["*"])
            #expect(answer.values("access-control-max-age") == ["600"])
            let names = answer.values("access-control-allow-headers").first ?? ""
            #expect(names.hasSuffix(", mcp-param-region"))
            #expect(instance.diagnostics.isEmpty)
        }
    }

    @Test func `load warns where no page could send a token`() throws {
        let (host, instance) = try instance([
            "allowOrigins": ["*"], "allowHeaders": ["mcp-protocol-version", "content-type"],
        ])
        withExtendedLifetime(host) {
            #expect(instance.diagnostics.map(\.pointer) == ["/allowHeaders"])
            #expect(instance.diagnostics.allSatisfy { !$0.isError })
        }
        let (other, unprotected) = try self.instance(
            ["allowOrigins": ["*"], "allowHeaders": ["content-type"]], isProtected: false)
        withExtendedLifetime(other) { #expect(unprotected.diagnostics.isEmpty) }
    }

    @Test func `a wrong configuration is refused with its place`() throws {
        #expect {
            _ = try instance(["allowOrigins": ["*"], "allowCredentials": true])
        } throws: { error in
            (error as? TestHostError)?.diagnostics.map(\.pointer) == ["/allowCredentials"]
        }
    }
}
