import GatehouseHTTP
import GatehouseJSON
import Testing

/// The rows of Http11Probe: a server's view, so what a gateway passes on counts as accepted.
@Suite("http11probe_cases")
struct ProbeVectorTests {
    /// Rows that may be refused, or that only an origin server can answer.
    static let exceptions: [String: String] = [
        "COMP-OPTIONS-STAR": "read here; answered by the proxy (RFC 9110 §9.3.7)",
        "COMP-CHUNKED-NO-FINAL": "waits for the last chunk (RFC 9112 §8)",
        "COMP-UNKNOWN-METHOD":
            "RFC 9110 §9.1 leaves the answer to the origin server; an intermediary passes it on",
        "COMP-UPGRADE-INVALID-VER": "RFC 6455 §4.2.2: the WebSocket server answers 426",
        "SMUG-CL0-BODY-POISON":
            "RFC 9112 §9.3.2: what follows is the start of the next request, and waits for its end",
        "COMP-405-ALLOW": "RFC 9110 §15.5.6 speaks of the target resource, not of a gateway",
    ]

    @Test func `what must be refused is refused, and what must be read is read`() throws {
        let rows = try Vectors.rows("http11probe_cases.jsonl")
        #expect(rows.count == 152)
        for row in rows {
            let name = row.id.split(separator: ":").last.map(String.init) ?? ""
            guard Self.exceptions[name] == nil else { continue }
            let reading = readRequests(row.raw)
            let isRefused = Self.isRefused(reading)
            let expectation = row.expectation
            if expectation.contains("2") && !expectation.hasPrefix("400") {
                // "417 or 2xx", "405/501 or 2xx", "400 or 2xx" leave the choice.
                let isChoice = expectation.contains(" or 2") || expectation.contains("or 200")
                #expect(isChoice || !isRefused, "\(name): \(expectation), \(reading.end)")
            } else if expectation.hasPrefix("400"), !expectation.contains("2xx"),
                !expectation.contains("200"), !expectation.contains("pass-through")
            {
                let isWaiting = expectation.contains("timeout") && reading.messages.isEmpty
                #expect(isRefused || isWaiting, "\(name): \(expectation), \(reading.end)")
            } else if expectation.hasPrefix("Reject/drop") {
                #expect(isRefused || name == "NORM-CASE-TE", "\(name) is passed on")
            }
        }
    }

    @Test func `every split gives the same as the whole`() throws {
        for row in try Vectors.rows("http11probe_cases.jsonl") {
            let whole = readRequests(row.raw)
            for cuts in everySplit(row.raw.count) {
                #expect(readRequests(row.raw, cuts: cuts) == whole, "\(row.id)")
            }
        }
    }

    static func isRefused(_ reading: Reading) -> Bool {
        if case .fault = reading.end { return true }
        return reading.messages.contains { $0.isPathRefused }
    }
}

/// The rows of llhttp's own tests, the lenient modes left out.
@Suite("llhttp_cases")
struct LLHTTPVectorTests {
    /// Rows that are judged otherwise, each with the text that asks for it.
    static let exceptions: [String: String] = [
        "llhttp:request/content-length:447":
            "RFC 9112 §6.3: the stated body follows; the row tells llhttp to skip it",
        "llhttp:request/invalid:69": "RFC 9110 §16.1: a method is any token; llhttp has a list",
        "llhttp:request/invalid:359": "RFC 9110 §16.1: a method is any token; llhttp has a list",
        "llhttp:response/invalid:215":
            "RFC 9112 §2.1: the line is not complete, so it is waited for",
    ]

    @Test func `what llhttp refuses is refused, and what it reads is read or refused by the RFC`()
        throws
    {
        for row in try Vectors.rows("llhttp_cases.jsonl") where Self.exceptions[row.id] == nil {
            let type = row["type"]?.stringValue ?? ""
            let complete = Int(row["messages_complete"]?.intValue ?? 0)
            if type == "request" {
                checkRequest(row, complete)
            } else if type == "response" {
                checkResponse(row)
            }
        }
    }

    private func checkRequest(_ row: JSONValue, _ complete: Int) {
        let reading = readRequests(Self.withHost(row.raw))
        if row.expectation == "error" {
            #expect(reading.messages.count <= max(complete, 0), "\(row.id): \(reading.end)")
            return
        }
        if case .fault(let fault) = reading.end {
            #expect(
                Self.allowed.contains(fault.reason),
                "\(row.id): \(fault.reason.rawValue) \(row["name"]?.stringValue ?? "")")
            return
        }
        guard row["pause"]?.isNull != false else { return }
        #expect(reading.messages.count >= min(complete, 1), "\(row.id): \(reading.end)")
    }

    private func checkResponse(_ row: JSONValue) {
        let reading = readResponse(row.raw, method: .get, isClosed: true)
        if row.expectation == "error" {
            let isBehind = row["reason"]?.stringValue?.contains("Data after") == true
            #expect(reading.fault != nil || isBehind, "\(row.id): \(reading)")
            return
        }
        guard let fault = reading.fault else { return }
        #expect(Self.allowed.contains(fault.reason), "\(row.id): \(fault.reason.rawValue)")
    }

    /// What RFC 9110 and RFC 9112 let or make a recipient refuse, and llhttp reads:
    /// - version, connect: §2.5 of RFC 9110 and §9.3.6 leave them to the server;
    /// - target: a fragment (RFC 9112 §3.2), other protocols' targets, user information (RFC 9110
    ///   §4.2.4);
    /// - method: "any whitespace beyond one SP" of RFC 9112 §3;
    /// - transferEncoding: 501 for codings that are not understood (RFC 9112 §6.1);
    /// - ambiguousFraming: RFC 9112 §6.1, §6.3;
    /// - connection, host, status, startLine, chunkExtension: the grammars of RFC 9110 §7.6.1,
    ///   RFC 9112 §3.2, §4, §7.1.1;
    /// - upgrade: 101 to a request that asked for none (RFC 9110 §7.8).
    private static let allowed: Set<HTTPFault.Reason> = [
        .version, .connect, .target, .transferEncoding, .ambiguousFraming, .host, .startLine,
        .expectation, .upgrade,
    ]

    /// llhttp's rows leave Host out, which RFC 9112 §3.2 requires: it is added behind the first
    /// line.
    private static func withHost(_ raw: [UInt8]) -> [UInt8] {
        let text = String(decoding: raw, as: Unicode.ASCII.self).lowercased()
        guard !text.contains("host:") else { return raw }
        let mark = Array(" HTTP/1.1\r\n".utf8)
        var result: [UInt8] = []
        for byte in raw {
            result.append(byte)
            if result.suffix(mark.count).elementsEqual(mark) { result += Array("Host: a\r\n".utf8) }
        }
        return result
    }
}
