import GatehouseHTTP
import NIOCore
import Synchronization
import Testing

@testable import GatehouseProxy

@Suite("Streams and large bodies")
struct StreamTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `events pass at once, each by itself`() throws {
        let upstream = try TestUpstream { _ in
            .send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n"
            )
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(get)
        #expect(client.response(hasBody: false).hasPrefix("HTTP/1.1 200 OK"))
        let channel = try #require(upstream.connections.first)
        for number in 0..<5 {
            let event = "data: \(number)\n\n"
            try channel.writeAndFlush(ByteBuffer(string: "9\r\n\(event)\r\n")).wait()
            #expect(client.read(through: "\n\n\r\n") == "9\r\n\(event)\r\n")
        }
        upstream.stop()
    }

    @Test func `a client that leaves ends the upstream's request`() throws {
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(get)
        _ = client.read(through: "data: 1\n\n")
        let channel = try #require(upstream.connections.first)
        client.close()
        try channel.closeFuture.wait()
        upstream.stop()
    }

    @Test(arguments: [true, false])
    func `ten MiB go up and down, byte for byte`(isChunked: Bool) throws {
        let size = 10 << 20
        let upstream = try TestUpstream { request in
            // The body comes back as its length and a sum, and as itself.
            .send(
                "HTTP/1.1 200 OK\r\nX-Got: \(request.body.utf8.count)\r\n"
                    + "Content-Length: \(size)\r\n\r\n"
                    + String(repeating: "d", count: size))
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        let body = String(repeating: "u", count: size)
        if isChunked {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send("\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n")
        } else {
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n\(body)")
        }
        let answer = client.response()
        let head = answer.prefix(200)
        #expect(head.hasPrefix("HTTP/1.1 200 OK"))
        if !isChunked { #expect(head.contains("X-Got: \(size)\r\n")) }
        #expect(answer.utf8.count > size && answer.hasSuffix("ddd"))
        upstream.stop()
    }

    @Test func `a reader that does not read holds the upstream back`() throws {
        let size = 64 << 20
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(get)
        #expect(client.response(hasBody: false).hasPrefix("HTTP/1.1 200 OK"))
        let channel = try #require(upstream.connections.first)
        // One write after the other, each only when the one before has left: they stop when every
        // buffer on the way is full, far below the whole body.
        let part = ByteBuffer(repeating: 0x61, count: 1 << 20)
        var written = 0
        while written < 64 {
            let done = channel.writeAndFlush(part)
            guard isDone(done, within: 1.0) else { break }
            written += 1
        }
        #expect(written < 40, "\(written) MiB were taken for a client that reads nothing")
        upstream.stop()
    }

    /// Whether a write has left the process within some seconds.
    private func isDone(_ future: EventLoopFuture<Void>, within seconds: Double) -> Bool {
        let late = future.eventLoop.makePromise(of: Bool.self)
        future.whenSuccess { late.succeed(true) }
        future.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1000))) {
            late.succeed(false)
        }
        return (try? late.futureResult.wait()) ?? false
    }

    @Test func `a thousand streams at once, then all descriptors are given back`() throws {
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        }
        let proxy = try TestProxy(to: upstream)
        var clients: [TestClient] = []
        for _ in 0..<1000 {
            let client = try proxy.client()
            client.send(get)
            clients.append(client)
        }
        for client in clients {
            #expect(client.read(through: "data: 1\n\n\r\n").hasPrefix("HTTP/1.1 200"))
        }
        clients = []
        for channel in upstream.connections { try channel.closeFuture.wait() }
        upstream.stop()
    }

    @Test func `an early answer to an upload that goes on is relayed, and the connection ends`()
        throws
    {
        let upstream = try TestUpstream(answersHeads: true) { _ in
            .send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc")
        let answer = client.response()
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.hasSuffix("no"))
        #expect(answer.contains("Connection: close\r\n"))
        upstream.stop()
    }
}

@Suite("Draining")
struct DrainTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `idle connections close, a running exchange finishes, nothing new is accepted`()
        throws
    {
        let slow = Atomic(0)
        let upstream = try TestUpstream { request in
            guard request.head.contains("/slow") else { return .send(PlainProxyTests.hello) }
            slow.add(1, ordering: .releasing)
            return .hold
        }
        let proxy = try TestProxy(to: upstream)
        let idle = try proxy.client()
        idle.send(get)
        #expect(idle.response().hasSuffix("hello"))
        let busy = try proxy.client()
        busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        while slow.load(ordering: .acquiring) < 1 {}
        let drained = DrainResult()
        drained.start(proxy.server, deadlineMs: 20_000)
        #expect(idle.readToEnd().text.isEmpty)
        let channel = try #require(upstream.connections.last)
        try channel.writeAndFlush(ByteBuffer(string: PlainProxyTests.hello)).wait()
        let (text, isClean) = busy.readToEnd()
        #expect(text.contains("Connection: close\r\n") && text.hasSuffix("hello") && isClean)
        #expect(drained.wait())
        #expect(throws: TestClient.Failure.self) { try proxy.client() }
        upstream.stop()
    }

    @Test func `what runs longer ends at the deadline`() throws {
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(get)
        _ = client.read(through: "data: 1\n\n")
        #expect(!proxy.server.drain(deadlineMs: 50))
        #expect(!client.readToEnd().text.hasSuffix("0\r\n\r\n"))
        upstream.stop()
    }
}
