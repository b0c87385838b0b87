import GatehouseHTTP
import GatehouseJSON
import Testing

/// What the bytes of an upstream mean as the answer to one request.
struct ResponseReading: Equatable {
    var interim: [UInt16] = []
    var status: UInt16?
    var content: [UInt8] = []
    var isComplete = false
    var fault: HTTPFault?
    var leftOver = 0
    var rewritten = ""
}

func readResponse(
    _ input: [UInt8], method: Method, isClosed: Bool, cuts: [Int] = []
) -> ResponseReading {
    var reading = ResponseReading()
    let fields = FieldIndex()
    var parser = ResponseHeadParser(method: method)
    var decoder: BodyDecoder?
    var unread = 0
    for cut in cuts + [input.count] {
        while !reading.isComplete {
            let part = Array(input[unread..<cut])
            if var body = decoder {
                let step = part.withUnsafeBytes { body.next($0) }
                unread += step.consumed
                decoder = body
                switch step.event {
                case .data(let range): reading.content += part[Int(range.start)..<Int(range.end)]
                case .end: reading.isComplete = true
                case .fault(let fault):
                    reading.fault = fault
                    return reading
                case .needMore: break
                }
                if case .needMore = step.event { break }
                continue
            }
            let result = part.withUnsafeBytes { parser.parse($0, into: fields) }
            if case .fault(let fault) = result { reading.fault = fault }
            guard case .head(let head) = result else { break }
            unread += head.length
            guard !head.isInterim else {
                reading.interim.append(head.status)
                parser.reset(method: method)
                continue
            }
            reading.status = head.status
            reading.rewritten = part.withUnsafeBytes { rewrite(head, fields, $0) }
            decoder = BodyDecoder(framing: head.framing)
        }
        if reading.fault != nil { return reading }
    }
    if isClosed, decoder?.closed() == true { reading.isComplete = true }
    reading.leftOver = input.count - unread
    return reading
}

private func rewrite(
    _ head: ResponseHead, _ fields: FieldIndex, _ bytes: UnsafeRawBufferPointer
) -> String {
    guard case .head(let request) = plainRequest() else { return "" }
    var sink = ArraySink()
    let date = HTTPDate.format(secondsSince1970: 784_111_777)
    date.withUnsafeBytes {
        var forwarding = ResponseForwarding(head, to: request, keepAlive: true)
        forwarding.date = $0
        head.write(bytes, fields, as: forwarding, into: &sink)
    }
    return String(decoding: sink.bytes, as: UTF8.self)
}

func plainRequest() -> HeadParse<RequestHead> {
    var parser = RequestHeadParser()
    return bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n").withUnsafeBytes {
        parser.parse($0, into: FieldIndex())
    }
}

@Suite("http1_cases: responses")
struct WireResponseVectorTests {
    /// Rows that are about connections and retries: the tests of the proxy have them.
    static let ofConnections: Set<String> = ["RS-37", "RS-68", "RS-69", "RS-61"]

    @Test func `every row is read as it must be`() throws {
        for row in try Vectors.rows("http1_cases.jsonl") where row["dir"]?.stringValue == "response"
        {
            guard !Self.ofConnections.contains(row.id) else { continue }
            let reading = self.reading(row, cuts: [])
            let wanted = row["check"]?["client"]
            switch row.expectation {
            case "pass": checkPassed(row, wanted, reading)
            case "bad_gateway":
                #expect(reading.fault?.status == 502, "\(row.id): \(reading)")
            case "pass_or_502":
                if reading.fault == nil { checkPassed(row, wanted, reading) }
            case "abort":
                #expect(!reading.isComplete || row.id == "RS-56", "\(row.id) is complete")
            default: break
            }
        }
    }

    @Test func `every split gives the same as the whole`() throws {
        for row in try Vectors.rows("http1_cases.jsonl") where row["dir"]?.stringValue == "response"
        {
            let whole = reading(row, cuts: [])
            for cuts in everySplit(row.raw.count) {
                let split = reading(row, cuts: cuts)
                #expect(split == whole, "\(row.id) cut at \(cuts.prefix(3))")
                if split != whole { return }
            }
        }
    }

    private func reading(_ row: JSONValue, cuts: [Int]) -> ResponseReading {
        let request = Vectors.base64(row["req"]?.stringValue ?? "")
        let method: Method = request.starts(with: Array("HEAD".utf8)) ? .head : .get
        // RS-56 is reset, not closed: the end of the stream is never reported as one.
        let isClosed = row["then_eof"]?.boolValue == true && row.id != "RS-56"
        return readResponse(row.raw, method: method, isClosed: isClosed, cuts: cuts)
    }

    private func checkPassed(_ row: JSONValue, _ wanted: JSONValue?, _ reading: ResponseReading) {
        #expect(reading.fault == nil && reading.isComplete, "\(row.id): \(reading)")
        let statuses = (wanted?["status"]?.arrayValue ?? []).compactMap {
            $0.intValue.map(UInt16.init)
        }
        #expect(reading.status.map { statuses.contains($0) } == true, "\(row.id)")
        if let body = wanted?["body"]?.stringValue {
            #expect(reading.content == Array(body.utf8), "\(row.id): \(reading)")
        }
        let lines = reading.rewritten.split(separator: "\r\n")
        for (name, value) in wanted?["has"]?.objectValue ?? [:] {
            let line = "\(name): \(value.stringValue ?? "")"
            #expect(lines.contains { $0 == line }, "\(row.id): \(lines)")
        }
        for (name, count) in wanted?["count"]?.objectValue ?? [:] {
            let seen = lines.filter { $0.hasPrefix(name + ":") }.count
            #expect(seen == count.intValue.map(Int.init), "\(row.id): \(lines)")
        }
        #expect(lines.contains { $0.hasPrefix("Date: ") }, "\(row.id) has no Date")
    }
}
