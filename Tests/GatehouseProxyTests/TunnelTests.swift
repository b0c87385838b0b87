import NIOPosix
import Synchronization
import Testing

@testable import GatehouseProxy

@Suite("A connection that switches protocols (RFC 9110 §7.8, RFC 6455)")
struct TunnelTests {
    private static let handshake =
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    private static let switched =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    /// A proxy whose one route allows WebSocket.
    private func proxy(
        to upstream: Peer, _ change: (inout ServerOptions) -> Void = { _ in }
    ) throws -> TestProxy {
        try TestProxy(
            [
                Route(
                    name: "ws",
                    upstreams: [Upstream(address: .host("127.0.0.1", port: upstream.port))],
                    upgrades: ["websocket"])
            ], change)
    }

    /// A client and an upstream at the two ends of a tunnel.
    private func tunnel(
        _ change: (inout ServerOptions) -> Void = { _ in }
    ) throws -> (TestProxy, TestClient, TestClient) {
        let upstream = try Peer()
        let proxy = try proxy(to: upstream, change)
        let client = try proxy.client()
        client.send(Self.handshake)
        let server = try upstream.accept()
        _ = server.read(through: "\r\n\r\n")
        server.send(Self.switched)
        _ = client.read(through: "\r\n\r\n")
        return (proxy, client, server)
    }

    @Test func `the handshake passes, early bytes wait for the 101, then all goes both ways`()
        throws
    {
        let upstream = try Peer()
        let proxy = try proxy(to: upstream)
        let client = try proxy.client()
        client.send(Self.handshake + "early")
        let server = try upstream.accept()
        let head = server.read(through: "\r\n\r\n")
        #expect(head.hasPrefix("GET /ws HTTP/1.1\r\n"))
        #expect(head.contains("\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n"))
        #expect(head.contains("\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
        // Nothing of what came early may be there before the 101.
        proxy.server.clockAdvanced()
        #expect(server.pendingBytes == 0)
        server.send(Self.switched + "greeting")
        #expect(server.read(through: "early") == "early")
        let answer = client.read(through: "greeting")
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.contains("\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"))
        #expect(answer.contains("\r\nSec-WebSocket-Accept: "))
        #expect(!answer.contains("Content-Length") && !answer.contains("Transfer-Encoding"))
        client.send("GET / HTTP/1.1\r\n\r\n\u{0}up")
        #expect(server.read(through: "up") == "GET / HTTP/1.1\r\n\r\n\u{0}up")
        server.send("down")
        #expect(client.read(through: "down") == "down")
    }

    @Test func `the end of one direction is carried over, the other goes on`() throws {
        let (proxy, client, server) = try tunnel()
        client.send("last")
        client.halfClose()
        let sent = server.readToEnd()
        #expect(sent.text == "last" && sent.isClean)
        server.send("answer")
        #expect(client.read(through: "answer") == "answer")
        server.close()
        #expect(client.readToEnd().isClean)
        while proxy.server.sample().connectionsOpen > 0 {}
        let outcomes = proxy.server.sample().outcomes.filter { $0.1 > 0 }
        #expect(outcomes.map(\.0) == [.complete] && outcomes.map(\.1) == [1])
    }

    @Test func `the upstream may end first`() throws {
        let (proxy, client, server) = try tunnel()
        server.send("last")
        server.halfClose()
        let got = client.readToEnd()
        #expect(got.text == "last" && got.isClean)
        client.send("answer")
        #expect(server.read(through: "answer") == "answer")
        client.close()
        #expect(server.readToEnd().isClean)
        while proxy.server.sample().connectionsOpen > 0 {}
        let outcomes = proxy.server.sample().outcomes.filter { $0.1 > 0 }
        #expect(outcomes.map(\.0) == [.complete] && outcomes.map(\.1) == [1])
    }

    @Test func `four MiB each way with back-pressure, byte for byte`() throws {
        let (proxy, client, server) = try tunnel()
        let bytes = (0..<4 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        for (from, to) in [(client, server), (server, client)] {
            let sender = Sender(from, bytes)
            var got: [UInt8] = []
            while got.count < bytes.count, let more = to.receive(), !more.isEmpty { got += more }
            sender.wait()
            #expect(got == bytes)
        }
        #expect(proxy.server.sample().connectionsOpen == 1)
    }

    @Test func `silence ends it after its time, and bytes begin that anew`() throws {
        let clock = ManualClock()
        let (proxy, client, server) = try tunnel { $0.clock = clock }
        clock.advance(ms: 3_599_000, proxy.server)
        client.send("x")
        #expect(server.read(through: "x") == "x")
        clock.advance(ms: 3_599_000, proxy.server)
        server.send("y")
        #expect(client.read(through: "y") == "y")
        clock.advance(ms: 3_600_001, proxy.server)
        #expect(client.readToEnd().text.isEmpty)
        #expect(server.readToEnd().text.isEmpty)
    }

    @Test func `a drain ends it at the deadline`() throws {
        let (proxy, client, server) = try tunnel()
        #expect(!proxy.server.drain(deadlineMs: 50))
        #expect(client.readToEnd().text.isEmpty)
        #expect(server.readToEnd().text.isEmpty)
    }

    @Test func `a reset of one side ends the other`() throws {
        let (_, client, server) = try tunnel()
        client.reset()
        #expect(server.readToEnd().text.isEmpty)
        let (_, other, gone) = try tunnel()
        gone.reset()
        #expect(other.readToEnd().text.isEmpty)
    }

    @Test(arguments: [
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket, x\r\n\r\n",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\n",
    ])
    func `RS-45: a 101 to anything else is 502, and nothing passes`(response: String) throws {
        let upstream = try Peer()
        let proxy = try proxy(to: upstream)
        let client = try proxy.client()
        client.send(Self.handshake + "secret")
        let server = try upstream.accept()
        _ = server.read(through: "\r\n\r\n")
        server.send(response)
        #expect(client.readToEnd().text.hasPrefix("HTTP/1.1 502 "))
        #expect(server.readToEnd().text.isEmpty)
    }

    @Test func `another answer is an ordinary one, behind which the connection closes (UP-04)`()
        throws
    {
        let upstream = try Peer()
        let proxy = try proxy(to: upstream)
        let client = try proxy.client()
        client.send(Self.handshake + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        let server = try upstream.accept()
        _ = server.read(through: "\r\n\r\n")
        server.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
        let (text, _) = client.readToEnd()
        #expect(text.hasPrefix("HTTP/1.1 426 ") && text.hasSuffix("\r\n\r\nno"))
        #expect(text.contains("\r\nConnection: close\r\n"))
        proxy.server.clockAdvanced()
        #expect(server.pendingBytes == 0)
    }

    @Test(arguments: [
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Upgrade: x\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        "GET /ws HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HEAD /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ])
    func `what is not one allowed protocol goes on without its Upgrade`(request: String) throws {
        let upstream = try Peer()
        let proxy = try proxy(to: upstream)
        let client = try proxy.client()
        client.send(request)
        let server = try upstream.accept()
        let head = server.read(through: "\r\n\r\n").lowercased()
        #expect(!head.contains("upgrade") && !head.contains("connection:"))
        server.send(Self.switched)
        #expect(client.readToEnd().text.hasPrefix("HTTP/1.1 502 "))
    }

    @Test func `a route without upgrades never switches (RS-44)`() throws {
        let upstream = try Peer()
        let route = Route(
            name: "plain", upstreams: [Upstream(address: .host("127.0.0.1", port: upstream.port))])
        let proxy = try TestProxy([route])
        let client = try proxy.client()
        client.send(Self.handshake)
        let server = try upstream.accept()
        #expect(!server.read(through: "\r\n\r\n").lowercased().contains("upgrade"))
        server.send(Self.switched)
        #expect(client.response().hasPrefix("HTTP/1.1 502 "))
    }

    @Test(arguments: [
        "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func `UP-05: a handshake with a body is refused`(body: String) throws {
        let upstream = try Peer()
        let proxy = try proxy(to: upstream)
        let client = try proxy.client()
        client.send(String(Self.handshake.dropLast()) + body)
        let (text, _) = client.readToEnd()
        #expect(text.hasPrefix("HTTP/1.1 400 "))
        #expect(text.contains("\r\nConnection: close\r\n"))
    }
}

/// Sends on a thread of its own, so that the test can read at the other end.
private final class Sender: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: 1)
    private let isDone = Atomic(false)

    init(_ client: TestClient, _ bytes: [UInt8]) {
        nonisolated(unsafe) let client = client
        threads.start()
        threads.submit { [self] _ in
            client.send(bytes)
            isDone.store(true, ordering: .sequentiallyConsistent)
        }
    }

    func wait() {
        while !isDone.load(ordering: .sequentiallyConsistent) {}
        threads.shutdownGracefully { _ in }
    }
}
