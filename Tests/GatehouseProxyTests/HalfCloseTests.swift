import NIOCore
import Testing

@testable import GatehouseProxy

@Suite("A client's FIN (F63, F64)")
struct HalfCloseTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `behind a complete request it still gets the response, and all pipelined ones`()
        throws
    {
        let upstream = try TestUpstream { _ in .send(PlainProxyTests.hello) }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(get + get + get)
        client.halfClose()
        let (text, isClean) = client.readToEnd()
        #expect(text.components(of: "HTTP/1.1 200 ") == 3 && text.hasSuffix("hello"))
        #expect(isClean)
        upstream.stop()
    }

    @Test func `within a request, or between two, the client has left`() throws {
        let upstream = try TestUpstream { _ in .send(PlainProxyTests.hello) }
        let proxy = try TestProxy(to: upstream)
        for part in ["", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc"] {
            let client = try proxy.client()
            client.send(get)
            #expect(client.response().hasSuffix("hello"))
            client.send(part)
            client.halfClose()
            #expect(client.readToEnd().text.isEmpty)
        }
        upstream.stop()
    }

    @Test func `while it waits it is probed with an interim response that clients skip`() throws {
        let upstream = try TestUpstream { _ in .hold }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(get)
        client.halfClose()
        #expect(client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        upstream.connections.last?.writeAndFlush(
            ByteBuffer(string: PlainProxyTests.hello), promise: nil)
        #expect(client.readToEnd().text.hasSuffix("hello"))
        upstream.stop()
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
    func `one that has left is found out, and the upstream is let go`(sent: String) throws {
        let upstream = try TestUpstream { _ in sent.isEmpty ? .hold : .send(sent) }
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send(get)
        if !sent.isEmpty { _ = client.read(through: "abc\r\n") }
        while upstream.connections.isEmpty {}
        client.close()
        try upstream.connections[0].closeFuture.wait()
        upstream.stop()
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
