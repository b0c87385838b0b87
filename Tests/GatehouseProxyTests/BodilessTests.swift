import Testing

@testable import GatehouseProxy

/// Statuses that have no content, named by a policy where there is some (RFC 9110 §15.3.5, §15.3.6,
/// §15.4.5; RFC 9112 §6.3): none of it may reach the client, which would take it for an answer.
@Suite("Statuses without content", .serialized)
struct BodilessTests {
    static let bodies = [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ]

    @Test(arguments: [204, 205, 304], bodies)
    func `a policy cannot take the content from a response`(_ status: Int, _ body: String) throws {
        let fixture = try PolicyFixture(answer: "HTTP/1.1 200 OK\r\n\(body)")
        let client = try fixture.proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Do: status \(status)\r\n\r\n")
        #expect(client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
        #expect(client.read(through: "hello").hasSuffix("hello"))
    }

    @Test(arguments: ["answer", "stream"])
    func `205 of a policy is empty, and says so`(_ kind: String) throws {
        let fixture = try PolicyFixture(answer: "")
        let client = try fixture.proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Do: \(kind) 205\r\n\r\n")
        let first = client.read(through: "\r\n\r\n")
        #expect(first.hasPrefix("HTTP/1.1 205 ") && first.contains("Content-Length: 0\r\n"))
        #expect(!first.contains("Transfer-Encoding"))
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Do: respond\r\n\r\n")
        #expect(client.response().hasPrefix("HTTP/1.1 401 "))
    }

    @Test(arguments: [204, 304], ["answer", "stream"])
    func `204 and 304 with content are a policy's fault`(_ status: Int, _ kind: String) throws {
        let answer = try PolicyFixture(answer: "").ask("\(kind) \(status)")
        #expect(answer.hasPrefix("HTTP/1.1 500 "))
    }
}
