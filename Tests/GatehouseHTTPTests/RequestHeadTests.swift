import GatehouseHTTP
import Testing

@Suite("Request heads")
struct RequestHeadTests {
    @Test func `a plain request is read in place`() throws {
        let reading = readRequests(
            bytes("GET /a%20b?x=1 HTTP/1.1\r\nHost: gw.test:8080\r\nX-A:  1 \r\n\r\n"))
        let head = try #require(reading.messages.first)
        #expect(head.method == "GET" && head.path == "/a%20b" && head.query == "x=1")
        #expect(head.host == "gw.test" && head.port == 8080 && head.keepAlive)
        #expect(head.fields == [["Host", "gw.test:8080"], ["X-A", "1"]])
        #expect(reading.end == .atMessageEnd)
    }

    @Test(arguments: [
        ("GET /\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505), ("GET / HTTP/1.1\r\n\r\n", 400),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: authorization\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n", 400),
        // What only the gateway says: no second spelling of it, and nobody takes it away.
        ("GET / HTTP/1.1\r\nHost: a\r\nX_Gatehouse_Subject: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX-Gatehouse_Roles: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x-gatehouse-subject\r\n\r\n", 400),
    ])
    func `a malformed head is refused with a status`(_ row: (String, Int)) {
        guard case .fault(let fault) = readRequests(bytes(row.0)).end else {
            Issue.record("accepted \(row.0)")
            return
        }
        #expect(Int(fault.status) == row.1)
    }

    @Test func `the index grows with a head, and keeps every field that it had`() throws {
        let index = FieldIndex()
        for count in [3, 100, 16, 17, 126] {
            let lines = (0..<count).map { "X-\($0): v\($0)\r\n" }.joined()
            let input = bytes("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")
            var parser = RequestHeadParser()
            input.withUnsafeBytes { raw in
                guard case .head = parser.parse(raw, into: index) else {
                    Issue.record("\(count) fields are not read")
                    return
                }
                #expect(index.count == count + 1)
                for at in 0..<count {
                    #expect(Array(raw[index[at + 1].name]) == bytes("X-\(at)"))
                    #expect(Array(raw[index[at + 1].value]) == bytes("v\(at)"))
                }
            }
        }
    }

    @Test func `limits answer 414 and 431, whole and byte by byte`() {
        let limits = HeadLimits(startLine: 64, head: 256, fields: 4)
        let long = bytes("GET /" + String(repeating: "a", count: 100))
        let big = bytes(
            "GET / HTTP/1.1\r\nHost: a\r\nB: " + String(repeating: "b", count: 300) + "\r\n\r\n")
        let many = bytes("GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nB: 1\r\nB: 1\r\nB: 1\r\n\r\n")
        for (input, status) in [(long, 414), (big, 431), (many, 431)] {
            for cuts in [[], Array(1..<input.count)] {
                guard case .fault(let fault) = readRequests(input, cuts: cuts, limits: limits).end
                else {
                    Issue.record("accepted")
                    continue
                }
                #expect(Int(fault.status) == status)
            }
        }
    }
}
