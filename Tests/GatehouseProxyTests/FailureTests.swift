import GatehouseHTTP
import GatehousePluginHost
import Synchronization
import Testing

@testable import GatehouseProxy

@Suite("What goes wrong")
struct FailureTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400
        ),
        ("GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "b", count: 70_000) + "\r\n\r\n",
            431
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "x: y\r\n", count: 200) + "\r\n", 431),
    ])
    func `a head that cannot be read closes the connection`(request: String, status: Int) throws {
        let proxy = try TestProxy([])
        let client = try proxy.client()
        client.send(request)
        let (text, _) = client.readToEnd()
        #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text.prefix(60))")
        #expect(text.contains("Connection: close\r\n"))
    }

    @Test func `no route is 404 as JSON, a second spelling 400, and the connection is kept`() throws
    {
        let proxy = try TestProxy([])
        let client = try proxy.client()
        client.send(get)
        let answer = client.response()
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(answer.contains("Content-Type: application/problem+json\r\n"))
        #expect(answer.contains("\"status\":404"))
        client.send("GET //x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response().hasPrefix("HTTP/1.1 400 "))
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get)
        #expect(client.response().hasPrefix("HTTP/1.1 404 "))
        #expect(client.response().hasPrefix("HTTP/1.1 404 "))
    }

    @Test func `an upstream that refuses is 502, one that does not resolve 503`() throws {
        let upstream = try TestUpstream { _ in .close }
        upstream.stop()
        let refused = try TestProxy([Route(name: "r", upstreams: [.local(upstream)])])
        #expect(try refused.exchange(get).hasPrefix("HTTP/1.1 502 "))
        let nameless = Upstream(address: .host("name.invalid", port: 80))
        let unknown = try TestProxy([Route(name: "r", upstreams: [nameless])])
        let unresolved = try unknown.exchange(get)
        #expect(unresolved.hasPrefix("HTTP/1.1 503 ") && unresolved.contains("Retry-After: "))
        let nowhere = try TestProxy([Route(name: "r")])
        let answer = try nowhere.exchange(get)
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("Retry-After: "))
    }

    @Test(arguments: [
        "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        String(repeating: "HTTP/1.1 103 E\r\n\r\n", count: 17),
    ])
    func `garbage from the upstream is 502`(response: String) throws {
        let upstream = try TestUpstream { _ in .send(response) }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(client.readToEnd().text.hasPrefix("HTTP/1.1 502 "))
        upstream.stop()
    }

    @Test func `an upstream that closes without an answer is 502, and is not asked twice`() throws {
        let asked = Atomic(0)
        let upstream = try TestUpstream { _ in
            asked.add(1, ordering: .relaxed)
            return .close
        }
        let proxy = try TestProxy(to: upstream)
        #expect(try proxy.exchange(get).hasPrefix("HTTP/1.1 502 "))
        #expect(asked.load(ordering: .relaxed) == 1)
        upstream.stop()
    }

    @Test func `a kept connection gone stale is replaced once, for a safe request`() throws {
        let upstream = try TestUpstream { request in
            request.earlier == 0 ? .send(PlainProxyTests.hello) : .close
        }
        let proxy = try TestProxy(to: upstream)
        for _ in 0..<3 { #expect(try proxy.exchange(get).hasSuffix("hello")) }
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        #expect(try proxy.exchange(post).hasPrefix("HTTP/1.1 502 "))
        upstream.stop()
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false),
    ])
    func `an upstream that dies within the body cuts the response visibly`(
        response: String, isNew: Bool
    ) throws {
        let upstream = try TestUpstream { _ in .sendAndClose(response) }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(isNew ? get : "GET / HTTP/1.0\r\n\r\n")
        let (text, isClean) = client.readToEnd()
        #expect(text.hasPrefix("HTTP/1.1 200 OK"))
        #expect(!text.hasSuffix("0\r\n\r\n"))
        // To HTTP/1.0 the end of the connection is the end of the body: only a reset shows it.
        if !isNew { #expect(!isClean) }
        upstream.stop()
    }

    @Test func `a body beyond the route's bound is 413, stated or found out`() throws {
        let upstream = try TestUpstream { _ in .send(PlainProxyTests.hello) }
        let proxy = try TestProxy([
            Route(name: "r", upstreams: [.local(upstream)], bodyBytesMax: 4)
        ])
        let stated = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
        #expect(try proxy.exchange(stated).hasPrefix("HTTP/1.1 413 "))
        let chunks =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"
            + "0\r\n\r\n"
        #expect(try proxy.exchange(chunks).hasPrefix("HTTP/1.1 413 "))
        let fits = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd"
        #expect(try proxy.exchange(fits).hasSuffix("hello"))
        upstream.stop()
    }

    @Test func `an address that is taken is a value, not a trap`() throws {
        let taken = try TestProxy([])
        let listener = Listener(
            address: ListenAddress(host: "127.0.0.1", port: taken.port),
            routes: try RouteTable([]))
        let failure = #expect(throws: StartFailure.self) {
            try ProxyServer.start(ProxySnapshot(listeners: [listener]))
        }
        #expect(failure?.description.contains("Address already in use") == true)
    }
}
