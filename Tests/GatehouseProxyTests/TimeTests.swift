import GatehouseHTTP
import NIOCore
import Testing

@testable import GatehouseProxy

@Suite("Time, by a clock that the test advances")
struct TimeTests {
    private let clock = ManualClock()

    private func proxy(
        _ upstream: TestUpstream, _ timeouts: Timeouts = Timeouts()
    ) throws -> TestProxy {
        let clock = clock
        let route = Route(name: "r", upstreams: [.local(upstream)], timeouts: timeouts)
        return try TestProxy([route]) { $0.clock = clock }
    }

    @Test func `an event stream that is idle for 30 minutes goes on`() throws {
        let upstream = try TestUpstream { _ in
            .send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        }
        let proxy = try proxy(upstream)
        let client = try proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.read(through: "data: 1\n\n\r\n").contains("text/event-stream"))
        for _ in 0..<30 { clock.advance(ms: 60_000, proxy.server) }
        let channel = try #require(upstream.connections.first)
        try channel.writeAndFlush(ByteBuffer(string: "data: 2\n\n")).wait()
        #expect(client.read(through: "\n\n\r\n") == "9\r\ndata: 2\n\n\r\n")
        upstream.stop()
    }

    @Test func `an upstream that does not answer is 504`() throws {
        let upstream = try TestUpstream { _ in .hold }
        let proxy = try proxy(upstream)
        let client = try proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        while upstream.connections.isEmpty {}
        clock.advance(ms: 299_000, proxy.server)
        clock.advance(ms: 2_000, proxy.server)
        #expect(client.response().hasPrefix("HTTP/1.1 504 "))
        upstream.stop()
    }

    @Test func `a head that does not end is 408, a body that does not come too`() throws {
        let upstream = try TestUpstream { _ in .hold }
        let proxy = try proxy(upstream)
        let head = try proxy.client()
        head.send("GET / HTTP/1.1\r\nHo")
        let body = try proxy.client()
        body.send(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(body.response(hasBody: false).hasPrefix("HTTP/1.1 100 "))
        body.send("ab")
        clock.advance(ms: 16_000, proxy.server)
        #expect(head.readToEnd().text.hasPrefix("HTTP/1.1 408 "))
        clock.advance(ms: 61_000, proxy.server)
        #expect(body.readToEnd().text.hasPrefix("HTTP/1.1 408 "))
        upstream.stop()
    }

    @Test func `an idle connection is closed without a word`() throws {
        let upstream = try TestUpstream { _ in .send(PlainProxyTests.hello) }
        let proxy = try proxy(upstream)
        let client = try proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response().hasSuffix("hello"))
        clock.advance(ms: 76_000, proxy.server)
        let (text, isClean) = client.readToEnd()
        #expect(text.isEmpty && isClean)
        upstream.stop()
    }

    @Test func `silence within a response is cut where the route says so`() throws {
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        }
        var timeouts = Timeouts()
        timeouts.responseBodyMs = 10_000
        let proxy = try proxy(upstream, timeouts)
        let client = try proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.read(through: "abc").hasPrefix("HTTP/1.1 200 OK"))
        clock.advance(ms: 11_000, proxy.server)
        #expect(client.readToEnd().text.isEmpty)
        upstream.stop()
    }
}
