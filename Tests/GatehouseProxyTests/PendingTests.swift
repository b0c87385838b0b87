import NIOCore
import Testing

@testable import GatehouseProxy

@Suite("Requests that wait for a connection")
struct PendingTests {
    private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    /// A proxy with one connection to an upstream that the test answers by itself.
    private func crowded(
        to upstream: TestUpstream, waiting: Int, _ change: (inout ServerOptions) -> Void = { _ in }
    ) throws -> TestProxy {
        try TestProxy(to: upstream) {
            $0.limits.connectionsPerUpstream = 1
            $0.limits.pendingPerUpstream = waiting
            change(&$0)
        }
    }

    private func waits(_ proxy: TestProxy, _ count: UInt64) {
        while pending(proxy) != count {}
    }

    private func pending(_ proxy: TestProxy) -> UInt64 {
        proxy.server.clockAdvanced()
        return proxy.server.sample().upstreams.first { $0.name.first != "(" }?.pending ?? 0
    }

    private func answer(_ upstream: TestUpstream, _ text: String) throws {
        try upstream.connections[0].writeAndFlush(ByteBuffer(string: ok + text)).wait()
    }

    @Test func `they are served in turn, and beyond the bound is 503 with Retry-After`() throws {
        let upstream = try TestUpstream { _ in .hold }
        defer { upstream.stop() }
        let proxy = try crowded(to: upstream, waiting: 2)
        let clients = try (0..<3).map { number in
            let client = try proxy.client()
            client.send(get("/\(number)"))
            if number == 0 { while upstream.connections.isEmpty {} }
            waits(proxy, UInt64(number))
            return client
        }
        let refused = try proxy.exchange(get("/x"))
        #expect(refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("\r\nRetry-After: "))
        for (number, client) in clients.enumerated() {
            try answer(upstream, "a\(number)")
            #expect(client.response().hasSuffix("a\(number)"))
        }
        #expect(upstream.connections.count == 1)
        let sample = proxy.server.sample().upstreams.first { $0.name.first != "(" }
        #expect(sample?.overflows == 1)
        #expect(pending(proxy) == 0)
    }

    @Test func `with a bound of 0 nobody waits`() throws {
        let upstream = try TestUpstream { _ in .hold }
        defer { upstream.stop() }
        let proxy = try crowded(to: upstream, waiting: 0)
        let first = try proxy.client()
        first.send(get("/"))
        while upstream.connections.isEmpty {}
        #expect(try proxy.exchange(get("/")).hasPrefix("HTTP/1.1 503 "))
    }

    @Test func `a client that leaves makes room`() throws {
        let upstream = try TestUpstream { _ in .hold }
        defer { upstream.stop() }
        let proxy = try crowded(to: upstream, waiting: 1)
        let first = try proxy.client()
        first.send(get("/0"))
        while upstream.connections.isEmpty {}
        let second = try proxy.client()
        second.send(get("/1"))
        waits(proxy, 1)
        second.reset()
        waits(proxy, 0)
        let third = try proxy.client()
        third.send(get("/2"))
        waits(proxy, 1)
        try answer(upstream, "a0")
        #expect(first.response().hasSuffix("a0"))
        try answer(upstream, "a2")
        #expect(third.response().hasSuffix("a2"))
    }

    @Test func `when the connection ends, the one that waits gets a new one`() throws {
        let upstream = try TestUpstream { request in
            request.head.hasPrefix("GET /0") ? .hold : .send(self.ok + "ok")
        }
        defer { upstream.stop() }
        let proxy = try crowded(to: upstream, waiting: 1)
        let first = try proxy.client()
        first.send(get("/0"))
        while upstream.connections.isEmpty {}
        let second = try proxy.client()
        second.send(get("/1"))
        waits(proxy, 1)
        try upstream.connections[0].close().wait()
        #expect(first.response().hasPrefix("HTTP/1.1 502 "))
        #expect(second.response().hasSuffix("ok"))
        #expect(upstream.connections.count == 2)
    }

    @Test func `the time for a connection bounds the waiting: 503`() throws {
        let upstream = try TestUpstream { _ in .hold }
        defer { upstream.stop() }
        let clock = ManualClock()
        let proxy = try crowded(to: upstream, waiting: 1) { $0.clock = clock }
        let first = try proxy.client()
        first.send(get("/0"))
        while upstream.connections.isEmpty {}
        let second = try proxy.client()
        second.send(get("/1"))
        waits(proxy, 1)
        clock.advance(ms: 4_999, proxy.server)
        #expect(pending(proxy) == 1)
        clock.advance(ms: 2, proxy.server)
        let answer = second.response()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("\r\nRetry-After: "))
        #expect(pending(proxy) == 0)
    }
}
