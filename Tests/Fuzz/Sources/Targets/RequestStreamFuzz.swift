import GatehouseHTTP

/// The bytes of a client connection: the same messages in every split, and as many messages of the
/// same content behind the gateway. It is the test for request smuggling through ourselves.
enum RequestStreamFuzz {
    /// A message, and what is written to the upstream for it.
    struct Message: Equatable {
        var method: [UInt8]
        var target: [UInt8]
        var content: [UInt8]
        var isComplete: Bool
        var forwarded: [UInt8]
    }

    /// How the reading of a connection ended.
    enum End: Equatable {
        case waits
        case closed
        case fault(HTTPFault)
    }

    struct Reading: Equatable {
        var messages: [Message] = []
        var end = End.waits
    }

    static func check(_ input: UnsafeRawBufferPointer) throws {
        let whole = try read(input, cuts: [])
        for cuts in BodyReading.splits(of: input) {
            let split = try read(input, cuts: cuts)
            try hold(split == whole, "cut at \(cuts.prefix(4)): \(split), whole: \(whole)")
        }
        let sent = whole.messages.filter(\.isComplete)
        let stream = sent.flatMap(\.forwarded)
        try stream.withUnsafeBytes { bytes in
            let behind = try read(bytes, cuts: [])
            try hold(behind.end == .waits, "the upstream refuses: \(behind.end) \(bytes.text)")
            try hold(
                behind.messages.count == sent.count,
                "\(sent.count) messages are \(behind.messages.count) behind the gateway")
            for (one, other) in zip(sent, behind.messages) {
                try hold(other.isComplete, "a message is not complete behind the gateway")
                try hold(one.method == other.method, "another method behind the gateway")
                try hold(one.content == other.content, "another content behind the gateway")
            }
        }
    }

    /// Reads `input` in pieces, as a connection does: heads, bodies, until one cannot go on.
    static func read(_ input: UnsafeRawBufferPointer, cuts: [Int]) throws -> Reading {
        var reading = Reading()
        let fields = FieldIndex()
        var parser = RequestHeadParser()
        var begin = 0
        for cut in cuts + [input.count] {
            while begin <= cut {
                let part = input.part(begin, cut)
                let parsed = parser.parse(part, into: fields)
                if case .needMore = parsed { break }
                if case .fault(let fault) = parsed {
                    reading.end = .fault(fault)
                    return reading
                }
                guard case .head(let head) = parsed else { break }
                // The rest of the connection is read in the same pieces.
                let from = begin + head.length
                let later = cuts.filter { $0 > from }.map { $0 - from }
                let body = try BodyReading.read(
                    input.part(from, input.count), head.framing, cuts: later)
                reading.messages.append(message(part, head, fields, body))
                guard body.end == .complete else {
                    if case .fault(let fault) = body.end { reading.end = .fault(fault) }
                    return reading
                }
                begin = from + body.consumed
                parser.reset()
                if !head.keepAlive {
                    reading.end = .closed
                    return reading
                }
            }
        }
        return reading
    }

    private static func message(
        _ bytes: UnsafeRawBufferPointer, _ head: RequestHead, _ fields: FieldIndex,
        _ body: BodyReading
    ) -> Message {
        var sent = RequestHeadFuzz.forwarded(bytes, head, fields, Array("a".utf8))
        switch head.framing {
        case .chunked: sent += ChunkedFuzz.encode(body)
        case .length: sent += body.content
        case .none, .untilClose: break
        }
        return Message(
            method: Array(bytes[head.methodBytes]), target: Array(bytes[head.target.raw]),
            content: body.content, isComplete: body.end == .complete, forwarded: sent)
    }
}
