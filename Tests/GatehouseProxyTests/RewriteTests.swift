import GatehouseHTTP
import Testing

@testable import GatehouseProxy

@Suite("What the upstream is told")
struct RewriteTests {
    private func echo() throws -> TestUpstream {
        try TestUpstream { request in
            .send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(request.head.utf8.count)\r\n\r\n"
                    + request.head)
        }
    }

    @Test func `an MCP target replaces the path, keeps the query, sets Host, removes Origin`()
        throws
    {
        let upstream = try echo()
        let target = Upstream(
            address: .host("127.0.0.1", port: upstream.port), path: "/mcp", removesOrigin: true)
        let proxy = try TestProxy([Route(name: "r", upstreams: [target])])
        let answer = try proxy.exchange(
            "GET /stdio/mcp?a=b HTTP/1.1\r\nHost: gw\r\nOrigin: http://o\r\n\r\n")
        let host = "127.0.0.1:\(upstream.port)"
        #expect(answer.contains("GET /mcp?a=b HTTP/1.1\r\nHost: \(host)\r\n"))
        #expect(!answer.contains("Origin"))
        upstream.stop()
    }

    @Test(arguments: [true, false])
    func `X-Forwarded fields are believed only from trusted proxies`(isTrusted: Bool) throws {
        let upstream = try echo()
        let trusted = [try #require(AddressRange(isTrusted ? "127.0.0.0/8" : "10.0.0.0/8"))]
        let listener = Listener(
            address: ListenAddress(host: "127.0.0.1", port: 0),
            routes: try RouteTable([Route(name: "r", upstreams: [.local(upstream)])]),
            trustedProxies: trusted)
        let server = try ProxyServer.start(ProxySnapshot(listeners: [listener]))
        let client = try TestClient(port: server.addresses[0].port)
        client.send(
            "GET / HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 9.9.9.9\r\n"
                + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: public.example\r\n\r\n")
        let answer = client.response()
        #expect(answer.contains("9.9.9.9, 127.0.0.1") == isTrusted)
        #expect(answer.contains("X-Forwarded-Proto: https") == isTrusted)
        #expect(answer.contains("X-Forwarded-Host: gw") == !isTrusted)
        server.shutdown()
        upstream.stop()
    }
}
