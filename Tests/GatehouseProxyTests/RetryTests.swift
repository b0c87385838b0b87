import GatehousePluginHost
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import GatehouseProxy

@Suite("Who is tried again (F10, F19, RFC 9110 §9.2.2)")
struct RetryTests {
    private let hello = PlainProxyTests.hello

    private func request(_ method: String, _ body: String? = nil) -> String {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        return "\(method) /\(method) HTTP/1.1\r\nHost: a\r\n\(length)\r\n\(body ?? "")"
    }

    /// Answers the first request of each connection and closes it at the second, which it notes.
    private func stale(_ seen: Seen) throws -> TestUpstream {
        let hello = hello
        return try TestUpstream { request in
            seen.add("\(request.head.prefix { $0 != " " }):\(request.body)")
            guard request.earlier == 0 else { return .close }
            return .send(request.head.hasPrefix("HEAD") ? String(hello.dropLast(5)) : hello)
        }
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
    func `an idempotent request whose kept connection ends is sent once more`(
        method: String
    ) throws {
        let seen = Seen()
        let upstream = try stale(seen)
        defer { upstream.stop() }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        for _ in 0..<2 {
            client.send(request(method))
            #expect(client.response(hasBody: method != "HEAD").hasPrefix("HTTP/1.1 200 "))
        }
        #expect(seen.all == [String](repeating: "\(method):", count: 3))
    }

    @Test(arguments: [
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
        "DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
    ])
    func `with a body that came with the head it is sent once more, whole`(text: String) throws {
        let seen = Seen()
        let upstream = try stale(seen)
        defer { upstream.stop() }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(request("GET"))
        _ = client.response()
        // The next request is received with it, and must not get lost.
        client.send(text + request("GET"))
        #expect(client.response().hasSuffix("hello"))
        #expect(client.response().hasSuffix("hello"))
        let bodies = seen.all.filter { !$0.hasPrefix("GET") }
        #expect(bodies.count == 2 && bodies[0] == bodies[1] && bodies[0].hasSuffix(":") == false)
    }

    @Test(arguments: ["POST", "PATCH", "FOO"])
    func `a request that is not idempotent is never sent twice`(method: String) throws {
        let seen = Seen()
        let upstream = try stale(seen)
        defer { upstream.stop() }
        let proxy = try TestProxy(to: upstream)
        #expect(try proxy.exchange(request("GET")).hasSuffix("hello"))
        #expect(try proxy.exchange(request(method, "body")).hasPrefix("HTTP/1.1 502 "))
        #expect(seen.all == ["GET:", "\(method):body"])
    }

    @Test func `a body that was streamed is not sent twice`() throws {
        let seen = Seen()
        let hello = hello
        let upstream = try TestUpstream { request in
            seen.add("\(request.earlier)")
            return request.earlier == 0 ? .send(hello) : .close
        }
        defer { upstream.stop() }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(request("GET"))
        _ = client.response()
        client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo")
        // The head and the first half have been sent when the loop has looked at its sockets.
        while proxy.server.sample().upstreams.contains(where: { $0.active == 1 }) == false {
            proxy.server.clockAdvanced()
        }
        client.send("dy")
        #expect(client.response().hasPrefix("HTTP/1.1 502 "))
        #expect(seen.all == ["0", "1"])
    }

    @Test func `only once, and never on a new connection`() throws {
        let seen = Seen()
        let hello = hello
        let upstream = try TestUpstream { request in
            seen.add("\(request.earlier)")
            return seen.all.count == 1 ? .send(hello) : .close
        }
        defer { upstream.stop() }
        let proxy = try TestProxy(to: upstream)
        #expect(try proxy.exchange(request("GET")).hasSuffix("hello"))
        #expect(try proxy.exchange(request("GET")).hasPrefix("HTTP/1.1 502 "))
        #expect(seen.all == ["0", "1", "0"])
        #expect(try proxy.exchange(request("GET")).hasPrefix("HTTP/1.1 502 "))
        #expect(seen.all == ["0", "1", "0", "0"])
    }

    @Test func `not when a byte of a response came`() throws {
        let seen = Seen()
        let hello = hello
        let upstream = try TestUpstream { request in
            seen.add("\(request.earlier)")
            return request.earlier == 0 ? .send(hello) : .sendAndClose("H")
        }
        defer { upstream.stop() }
        let proxy = try TestProxy(to: upstream)
        #expect(try proxy.exchange(request("GET")).hasSuffix("hello"))
        #expect(try proxy.exchange(request("GET")).hasPrefix("HTTP/1.1 502 "))
        #expect(seen.all == ["0", "1"])
    }

    @Test(arguments: [("GET", nil), ("POST", "body"), ("POST", ""), ("PATCH", "body")])
    func `any method where no byte was written`(method: String, body: String?) throws {
        let seen = Seen()
        let hello = hello
        let upstream = try TestUpstream { request in
            seen.add("\(request.head.prefix { $0 != " " }):\(request.body)")
            return .send(hello)
        }
        defer { upstream.stop() }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(request("GET"))
        _ = client.response()
        try strand(proxy, upstream, request(method, body))
        #expect(client.response().hasSuffix("hello"))
        #expect(seen.all == ["GET:", "\(method):\(body ?? "")"])
        #expect(retries(proxy) == 1)
    }

    private func retries(_ proxy: TestProxy) -> UInt64 {
        proxy.server.sample().upstreams.first { $0.name.first != "(" }?.retries ?? 0
    }

    /// Resets the kept connection while the loop stands still, and hands the loop a request before
    /// it can see that: it writes to a connection that takes nothing any more.
    private func strand(_ proxy: TestProxy, _ upstream: TestUpstream, _ request: String) throws {
        let loop = HeldLoop()
        let worker = proxy.server.workers[0]
        worker.loop.execute {
            loop.hold()
            guard let client = worker.connections.first, let context = client.context else {
                return
            }
            client.channelRead(context: context, data: NIOAny(ByteBuffer(string: request)))
        }
        loop.waitUntilHeld()
        let connection = try #require(upstream.connections.last)
        try (connection as? any SocketOptionProvider)?
            .setSoLinger(linger(l_onoff: 1, l_linger: 0)).wait()
        try connection.close().wait()
        loop.release()
    }

    @Test func `with two upstreams it goes to the other one`() throws {
        let hello = hello
        let one = try TestUpstream { $0.earlier == 0 ? .send(hello) : .close }
        let two = try TestUpstream { _ in
            .send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo")
        }
        defer { two.stop() }
        let proxy = try TestProxy([Route(name: "r", upstreams: [.local(one), .local(two)])])
        let client = try proxy.client()
        var answers: [String] = []
        for _ in 0..<4 {
            client.send(request("GET"))
            answers.append(String(client.response().suffix(3)))
        }
        #expect(answers.sorted() == ["llo", "llo", "two", "two"])
        one.stop()
    }

    @Test func `F19: an upstream that always closes is asked for at most a quarter more`() throws {
        let seen = Seen()
        let hello = hello
        let upstream = try TestUpstream { request in
            seen.add("x")
            return request.earlier == 0 ? .send(hello) : .close
        }
        defer { upstream.stop() }
        let clock = ManualClock()
        let proxy = try TestProxy(to: upstream) { $0.clock = clock }
        let client = try proxy.client()
        var failed = 0
        for _ in 0..<400 {
            client.send(request("GET"))
            if !client.response().hasSuffix("hello") { failed += 1 }
        }
        #expect(failed > 0)
        #expect(seen.all.count <= 400 + 400 / 5 + 10, "\(seen.all.count)")
    }
}

/// What was seen, in order, from any thread.
final class Seen: Sendable {
    private let list = Mutex<[String]>([])

    var all: [String] { list.withLock { $0 } }

    func add(_ text: String) { list.withLock { $0.append(text) } }
}

/// Holds a loop until the test lets it go.
final class HeldLoop: Sendable {
    private let isHeld = Atomic(false)
    private let mayGo = Atomic(false)

    func hold() {
        isHeld.store(true, ordering: .sequentiallyConsistent)
        while !mayGo.load(ordering: .sequentiallyConsistent) {}
    }

    func waitUntilHeld() { while !isHeld.load(ordering: .sequentiallyConsistent) {} }

    func release() { mayGo.store(true, ordering: .sequentiallyConsistent) }
}
