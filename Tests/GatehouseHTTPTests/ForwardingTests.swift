import GatehouseHTTP
import Testing

@Suite("Forwarding")
struct ForwardingTests {
    /// The head that an upstream gets for `input`.
    private func forward(
        _ input: String, _ change: (inout RequestForwarding) -> Void = { _ in }
    ) -> [String] {
        let fields = FieldIndex()
        var parser = RequestHeadParser()
        var sink = ArraySink()
        let names = bytes("up:1 192.0.2.1 http")
        bytes(input).withUnsafeBytes { buffer in
            guard case .head(let head) = parser.parse(buffer, into: fields) else {
                Issue.record("not a head: \(input)")
                return
            }
            names.withUnsafeBytes { names in
                var forwarding = RequestForwarding(
                    host: names[ByteRange(start: 0, count: 4)],
                    peer: names[ByteRange(start: 5, count: 9)],
                    scheme: names[ByteRange(start: 15, count: 4)], framing: head.framing)
                change(&forwarding)
                head.write(buffer, fields, as: forwarding, into: &sink)
            }
        }
        return String(decoding: sink.bytes, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    @Test func `a request gets our Host, our X-Forwarded fields and Via`() {
        let lines = forward(
            "GET http://gw:80/a?b#".dropLast() + " HTTP/1.1\r\nHost: gw:80\r\nX-A:1\r\n"
                + "X-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\nX-Forwarded-User: root\r\n"
                + "X-Real-IP: 1.1.1.1\r\nKeep-Alive: 5\r\nConnection: x-b\r\nX-B: 2\r\n\r\n")
        #expect(
            lines == [
                "GET /a?b HTTP/1.1", "Host: up:1", "X-A: 1", "X-Forwarded-For: 192.0.2.1",
                "X-Forwarded-Proto: http", "X-Forwarded-Host: gw:80", "Via: 1.1 gatehouse", "", "",
            ])
    }

    @Test func `a trusted proxy's fields are kept and continued`() {
        let lines = forward(
            "GET / HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
                + "X-Forwarded-Host: ext\r\nX-Forwarded-For: 2.2.2.2\r\n\r\n"
        ) { $0.trustsPeer = true }
        #expect(lines.contains("X-Forwarded-For: 1.1.1.1, 2.2.2.2, 192.0.2.1"))
        #expect(lines.contains("X-Forwarded-Proto: https"))
        #expect(lines.contains("X-Forwarded-Host: ext"))
        #expect(lines.filter { $0.hasPrefix("X-Forwarded") }.count == 3)
    }

    @Test func `edits set, add and remove in their order`() {
        let edits = EditList()
        edits.append(.remove, "authorization")
        edits.append(.set, "x-a", "9")
        edits.append(.add, "X-C", "1")
        edits.append(.add, "x-c", "2")
        edits.append(.add, "X-D", "gone")
        edits.append(.remove, "x-d")
        let lines = forward(
            "POST / HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer t\r\nX-A: 1\r\nX-A: 2\r\n"
                + "Origin: o\r\nExpect: 100-continue\r\nContent-Length: 007\r\n\r\n"
        ) {
            $0.edits = edits
            $0.removesOrigin = true
            $0.via = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        #expect(
            Array(lines.dropFirst(5)) == [
                "Content-Length: 7", "x-a: 9", "X-C: 1", "x-c: 2", "", "",
            ])
    }

    @Test func `an edit list keeps the last word on a name, and its bounds`() {
        let edits = EditList()
        for number in 0..<20 {
            edits.append(.remove, "hidden-\(number)")
            edits.append(.add, "x-\(number)", "\(number)")
        }
        edits.append(.set, "X-3", "three")
        edits.append(.add, "x-3", "again")
        edits.append(.remove, "X-4")
        func isHidden(_ name: String) -> Bool { bytes(name).withUnsafeBytes(edits.isHidden) }
        #expect((0..<20).allSatisfy { isHidden("Hidden-\($0)") })
        #expect(isHidden("x-3") && isHidden("x-4") && !isHidden("x-5") && !isHidden("hidden-20"))
        var added: [String] = []
        edits.forEachAdded { name, value in
            added.append("\(String(decoding: name, as: UTF8.self))=\(value.count)")
            return added.count < 30
        }
        #expect(added.suffix(3) == ["x-19=2", "X-3=5", "x-3=5"])
        #expect(added.count == 20 && !added.contains("x-4=1") && !added.contains("x-3=1"))
        edits.reset()
        #expect(edits.isEmpty && !isHidden("hidden-1"))
        while edits.append(.set, "x-\(edits.count)", "") {}
        #expect(edits.count == 512)
        let long = String(repeating: "x", count: 80)
        edits.reset()
        edits.append(.remove, long)
        #expect(isHidden(long) && !isHidden(String(long.dropLast())))
    }

    @Test func `an HTTP/1.0 client gets neither chunks nor a kept connection without a length`() {
        let response = readResponse(
            bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), method: .get,
            isClosed: false)
        #expect(response.isComplete)
        let old = rewritten("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1.0")
        #expect(old == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        let new = rewritten("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1.1")
        #expect(new == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        let sized = rewritten("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", "1.0")
        #expect(sized == "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n")
        #expect(
            rewritten("HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", "1.1")
                == "HTTP/1.1 204 No\r\n\r\n")
    }

    private func rewritten(_ response: String, _ version: String) -> String {
        let fields = FieldIndex()
        var sink = ArraySink()
        var requests = RequestHeadParser()
        let request = bytes("GET / HTTP/\(version)\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            .withUnsafeBytes { requests.parse($0, into: fields) }
        bytes(response).withUnsafeBytes { buffer in
            var parser = ResponseHeadParser(method: .get)
            guard case .head(let asked) = request,
                case .head(let head) = parser.parse(buffer, into: fields)
            else { return }
            let forwarding = ResponseForwarding(head, to: asked, keepAlive: true)
            head.write(buffer, fields, as: forwarding, into: &sink)
        }
        return String(decoding: sink.bytes, as: UTF8.self)
    }

    @Test func `trailers for framing, routing and authentication are dropped`() {
        var sink = ArraySink()
        ChunkedEncoder.open(26, into: &sink)
        ChunkedEncoder.close(into: &sink)
        ChunkedEncoder.finish(
            trailers: bytes(
                "X-Sum: 1\r\nHost: a\r\nContent-Length: 3\r\nAuthorization: x\r\n"
                    + "Set-Cookie: a=b\r\nContent-Type: y\r\nETag:\"e\"\r\n"), into: &sink)
        #expect(
            String(decoding: sink.bytes, as: UTF8.self)
                == "1a\r\n\r\n0\r\nX-Sum: 1\r\nETag: \"e\"\r\n\r\n")
    }

    @Test(arguments: [
        (Int64(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (.max, "Fri, 31 Dec 9999 23:59:59 GMT"), (.min, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ])
    func `a date has the preferred form`(_ row: (Int64, String)) {
        #expect(HTTPDate.format(secondsSince1970: row.0) == bytes(row.1))
    }
}
