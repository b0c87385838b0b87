import GatehouseHTTP

/// Bytes of a literal, one byte a scalar below 256.
func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

/// A request as a peer behind the parser would understand it.
struct ParsedRequest: Equatable {
    var method = ""
    var target = ""
    var path = ""
    var query: String?
    var authority = ""
    var host = ""
    var port: UInt16?
    var fields: [[String]] = []
    var framing = BodyFraming.none
    var keepAlive = true
    var expectsContinue = false
    var asksUpgrade = false
    var content: [UInt8] = []
    var trailers: [UInt8] = []
    var rewritten = ""
}

/// What a connection's bytes mean: whole messages, then how it ended.
struct Reading: Equatable {
    enum End: Equatable {
        case waitsForHead
        case waitsForBody
        case atMessageEnd
        case closed
        case upgraded
        case fault(HTTPFault)
    }

    var messages: [ParsedRequest] = []
    /// The head of a message whose body is not complete.
    var partial: ParsedRequest?
    var end = End.atMessageEnd
}

/// Reads `input` as requests of one connection, handed over in pieces that end at `cuts`.
func readRequests(
    _ input: [UInt8], cuts: [Int] = [], limits: HeadLimits = .standard
) -> Reading {
    var reading = Reading()
    let fields = FieldIndex(capacity: limits.fields)
    var parser = RequestHeadParser(limits: limits)
    var decoder: BodyDecoder?
    var current = ParsedRequest()
    var unread = 0
    for cut in cuts + [input.count] {
        while true {
            let part = Array(input[unread..<cut])
            if var body = decoder {
                let step = part.withUnsafeBytes { body.next($0) }
                if case .data(let range) = step.event {
                    current.content += part[Int(range.start)..<Int(range.end)]
                }
                unread += step.consumed
                decoder = body
                if case .fault(let fault) = step.event {
                    reading.partial = current
                    reading.end = .fault(fault)
                    return reading
                }
                if case .needMore = step.event {
                    reading.end = .waitsForBody
                    break
                }
                guard case .end = step.event else { continue }
                current.trailers = body.trailers
                reading.messages.append(current)
                decoder = nil
                parser.reset()
                if current.asksUpgrade || !current.keepAlive {
                    reading.end = current.asksUpgrade ? .upgraded : .closed
                    return reading
                }
                continue
            }
            switch part.withUnsafeBytes({ parser.parse($0, into: fields) }) {
            case .needMore: reading.end = part.isEmpty ? .atMessageEnd : .waitsForHead
            case .fault(let fault):
                reading.end = .fault(fault)
                return reading
            case .head(let head):
                current = part.withUnsafeBytes { describe(head, fields, $0) }
                decoder = BodyDecoder(framing: head.framing)
                unread += head.length
                continue
            }
            break
        }
    }
    if decoder != nil { reading.partial = current }
    return reading
}

func describe(
    _ head: RequestHead, _ fields: FieldIndex, _ bytes: UnsafeRawBufferPointer
) -> ParsedRequest {
    var sink = ArraySink()
    var upstream = bytesOf("up.test:80")
    upstream.withUTF8 { host in
        var forwarding = RequestForwarding(
            host: UnsafeRawBufferPointer(host), peer: UnsafeRawBufferPointer(host),
            scheme: UnsafeRawBufferPointer(host), framing: head.framing)
        forwarding.via = UnsafeRawBufferPointer(host)
        head.write(bytes, fields, as: forwarding, into: &sink)
    }
    return ParsedRequest(
        method: text(bytes[head.methodBytes]), target: text(bytes[head.target.raw]),
        path: text(head.path(in: bytes)), query: head.target.query.map { text(bytes[$0]) },
        authority: text(bytes[head.authority]), host: text(bytes[head.host]), port: head.port,
        fields: (0..<fields.count).map {
            [text(bytes[fields[$0].name]), text(bytes[fields[$0].value])]
        }, framing: head.framing, keepAlive: head.keepAlive,
        expectsContinue: head.expectsContinue, asksUpgrade: head.asksUpgrade,
        rewritten: String(decoding: sink.bytes, as: UTF8.self))
}

private func bytesOf(_ text: String) -> String { text }
