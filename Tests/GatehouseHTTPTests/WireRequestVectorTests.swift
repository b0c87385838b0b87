import GatehouseHTTP
import GatehouseJSON
import Testing

/// Rows of http1_cases.jsonl for requests, at the level of the codec. What needs a socket, a route
/// or a policy is asserted by the tests of the proxy; here, such a row must be read without a trap.
@Suite("http1_cases: requests")
struct WireRequestVectorTests {
    /// Rows whose refusal is a matter of routes or policies, not of HTTP/1.1 messages.
    static let decidedLater: Set<String> = [
        "HS-36",  // RFC 6750 §2: the authentication policy counts credentials
        "UP-06",  // RFC 6750 §3: 401 is the policy's
        "HO-24",  // RFC 9110 §7.4: whether a host is ours is the router's question
    ]

    @Test func `every row is answered as it must be`() throws {
        for row in try Vectors.rows("http1_cases.jsonl") where row["dir"]?.stringValue == "request"
        {
            let reading = readRequests(row.raw)
            switch row.expectation {
            case "reject" where Self.decidedLater.contains(row.id): break
            case "reject": checkRejected(row, reading)
            case "forward": checkForwarded(row, reading)
            case "reject_or_forward":
                if case .fault = reading.end, reading.messages.isEmpty { continue }
                if reading.messages.first?.isPathRefused == true { continue }
                checkForwarded(row, reading)
            case "incomplete":
                #expect(reading.messages.isEmpty, "\(row.id) completed a message")
            default: break
            }
        }
    }

    @Test func `every split gives the same as the whole`() throws {
        for row in try Vectors.rows("http1_cases.jsonl") where row["dir"]?.stringValue == "request"
        {
            let input = row.raw
            let whole = readRequests(input)
            for cuts in everySplit(input.count) {
                let split = readRequests(input, cuts: cuts)
                #expect(split == whole, "\(row.id) cut at \(cuts.prefix(3))")
                if split != whole { return }
            }
        }
    }

    private func checkRejected(_ row: JSONValue, _ reading: Reading) {
        let isPathRefused = reading.messages.first?.isPathRefused == true
        guard case .fault(let fault) = reading.end else {
            #expect(isPathRefused, "\(row.id) is accepted: \(reading.end)")
            return
        }
        let before = row["check"]?["client"]?["responses"]?.intValue ?? 0
        #expect(reading.messages.count <= max(0, Int(before) - 1), "\(row.id) forwards a message")
        let allowed = row.statuses()
        #expect(allowed.isEmpty || allowed.contains(Int(fault.status)), "\(row.id): \(fault)")
    }

    private func checkForwarded(_ row: JSONValue, _ reading: Reading) {
        let check = row["check"]
        let forwarded = check?["fwd"]
        if let count = check?["upstream"]?.intValue, row["steps"] == nil {
            let seen = reading.messages.count + (reading.partial == nil ? 0 : 1)
            #expect(seen == Int(count), "\(row.id): \(seen) messages, \(reading.end)")
        }
        guard let message = reading.messages.first ?? reading.partial else {
            Issue.record("\(row.id): no message, \(reading.end)")
            return
        }
        let lines = message.rewritten.split(separator: "\r\n", omittingEmptySubsequences: false)
        let names = lines.dropFirst().map { $0.prefix { $0 != ":" }.lowercased() }
        if let method = forwarded?["method"]?.stringValue {
            #expect(lines[0].hasPrefix(method + " "), "\(row.id): \(lines[0])")
        }
        for key in ["target", "target_raw"] {
            guard let target = forwarded?[key]?.stringValue else { continue }
            #expect(lines[0].contains(" \(target) "), "\(row.id): \(lines[0])")
        }
        if let host = forwarded?["host"]?.stringValue {
            #expect(message.authority == host, "\(row.id): \(message.authority)")
        }
        if let body = forwarded?["body"]?.stringValue, row["steps"] == nil {
            #expect(message.content == Array(body.utf8), "\(row.id): body")
        }
        for name in forwarded?.texts("hasnot") ?? [] where !name.hasPrefix("X-Auth") {
            #expect(!names.contains(name.lowercased()), "\(row.id): \(name) is forwarded")
        }
        for (name, value) in forwarded?["has"]?.objectValue ?? [:] {
            let line = "\(name): \(value.stringValue ?? "")"
            #expect(lines.contains { $0 == line }, "\(row.id): no \(line)")
        }
        for (name, count) in forwarded?["count"]?.objectValue ?? [:] {
            let seen = names.filter { $0 == name.lowercased() }.count
            #expect(seen == count.intValue.map(Int.init), "\(row.id): \(seen) \(name)")
        }
        if let targets = forwarded?["targets"] {
            let wanted = (targets.arrayValue ?? []).compactMap(\.stringValue)
            #expect(reading.messages.map(\.target) == wanted, "\(row.id)")
        }
        for (name, values) in forwarded?["order"]?.objectValue ?? [:] {
            let seen = message.fields.filter { $0[0] == name }.map { $0[1] }
            #expect(seen == (values.arrayValue ?? []).compactMap(\.stringValue), "\(row.id)")
        }
    }
}

extension ParsedRequest {
    /// Whether the proxy answers 400 for the spelling of the path.
    var isPathRefused: Bool {
        var path = path
        return path.withUTF8 {
            if case .refused = PathForm.check(UnsafeRawBufferPointer($0)) { return true }
            return false
        }
    }
}
