import GatehouseHTTP
import Testing

@testable import GatehouseProxy

@Suite("A plain proxy on sockets")
struct PlainProxyTests {
    static let hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    @Test func `a request reaches the upstream and its response comes back`() throws {
        let upstream = try TestUpstream { request in
            .send(
                """
                HTTP/1.1 200 OK\r
                Content-Length: \(request.head.utf8.count)\r
                Connection: keep-alive\r
                Keep-Alive: timeout=5\r
                X-Up: 1\r
                \r
                \(request.head)
                """)
        }
        let proxy = try TestProxy(to: upstream)
        let answer = try proxy.exchange(
            "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nConnection: x-gone\r\n"
                + "X-Gone: 1\r\nX-Kept: 2\r\n\r\n"
        )
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("X-Up: 1\r\n"))
        #expect(!answer.contains("Keep-Alive"))
        #expect(answer.contains("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:\(upstream.port)\r\n"))
        #expect(answer.contains("X-Kept: 2"))
        #expect(!answer.contains("X-Gone"))
        #expect(answer.contains("X-Forwarded-For: 127.0.0.1"))
        #expect(answer.contains("X-Forwarded-Host: example.com"))
        #expect(answer.contains("Date: "))
        upstream.stop()
    }

    @Test func `connections are kept and reused on both sides`() throws {
        let upstream = try TestUpstream { request in
            .send("HTTP/1.1 200 OK\r\nX-Earlier: \(request.earlier)\r\nContent-Length: 0\r\n\r\n")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        for turn in 0..<3 {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response().contains("X-Earlier: \(turn)\r\n"))
        }
        #expect(upstream.connections.count == 1)
        upstream.stop()
    }

    @Test func `pipelined requests are answered in their order`() throws {
        let upstream = try TestUpstream { request in
            let path = request.head.split(separator: " ")[1]
            return .send("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(
            (0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        for turn in 0..<20 { #expect(client.response().hasSuffix("\r\n\r\n/\(turn)")) }
        upstream.stop()
    }

    @Test func `bodies with a length and in chunks are forwarded with trailers kept apart`() throws
    {
        let upstream = try TestUpstream { request in
            .send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(request.body.utf8.count)\r\n\r\n"
                    + "\(request.body)"
            )
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        #expect(client.response().hasSuffix("\r\n\r\nabc"))
        client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n")
        client.send("2\r\nde\r\n0\r\n\r\n")
        #expect(client.response().hasSuffix("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
        upstream.stop()
    }

    @Test func `an answer without length ends as chunks, and for HTTP 1.0 with the connection`()
        throws
    {
        let upstream = try TestUpstream { _ in
            .sendAndClose("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = client.read(through: "0\r\n\r\n")
        #expect(answer.contains("Transfer-Encoding: chunked\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        let old = try proxy.client()
        old.send("GET / HTTP/1.0\r\n\r\n")
        let (text, isClean) = old.readToEnd()
        #expect(text.hasSuffix("\r\n\r\nabc") && isClean)
        upstream.stop()
    }

    @Test func `HEAD, 204 and 304 have no body and keep the connection`() throws {
        let upstream = try TestUpstream { request in
            if request.head.hasPrefix("HEAD") {
                return .send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
            }
            let status = request.head.contains("/204") ? "204 No Content" : "304 Not Modified"
            return .send("HTTP/1.1 \(status)\r\n\r\n")
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response(hasBody: false).contains("Content-Length: 7\r\n"))
        for status in [204, 304] {
            client.send("GET /\(status) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response(hasBody: false).hasPrefix("HTTP/1.1 \(status) "))
        }
        upstream.stop()
    }

    @Test func `Expect 100-continue is answered when the body is wanted`() throws {
        let upstream = try TestUpstream { request in
            #expect(request.field("expect") == nil)
            return .send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(request.body.utf8.count)\r\n\r\n"
                    + "\(request.body)"
            )
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(client.response(hasBody: false) == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("ok")
        #expect(client.response().hasSuffix("\r\n\r\nok"))
        upstream.stop()
    }

    @Test func `interim responses are passed on, not to HTTP 1.0`() throws {
        let upstream = try TestUpstream { _ in
            .send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + Self.hello)
        }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response(hasBody: false).hasPrefix("HTTP/1.1 103 Early Hints\r\nLink: </a>"))
        #expect(client.response().hasSuffix("hello"))
        let old = try proxy.client()
        old.send("GET / HTTP/1.0\r\n\r\n")
        #expect(old.response().hasPrefix("HTTP/1.1 200 OK"))
        upstream.stop()
    }
}
