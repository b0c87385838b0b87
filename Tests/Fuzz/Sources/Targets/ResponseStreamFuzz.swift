@testable import GatehouseHTTP

/// The bytes of an upstream connection: interim responses and responses, the same in every split,
/// and read by the client as the same messages. The first byte of an input says to which method
/// they answer and whether an upgrade was asked for.
enum ResponseStreamFuzz {
    struct Message: Equatable {
        var status: UInt16
        var framing: BodyFraming
        var fields: [[UInt8]]
        var content: [UInt8]
        var isComplete: Bool
        var forwarded: [UInt8]
    }

    struct Reading: Equatable {
        var messages: [Message] = []
        var fault: HTTPFault?
    }

    static func check(_ input: UnsafeRawBufferPointer) throws {
        guard let choice = input.first else { return }
        let methods: [Method] = [.get, .head, .post, .options]
        let method = methods[Int(choice & 3)]
        let allowsUpgrade = choice & 4 != 0
        let bytes = input.part(1, input.count)
        let whole = try read(bytes, method, allowsUpgrade, cuts: [])
        for cuts in BodyReading.splits(of: bytes) {
            let split = try read(bytes, method, allowsUpgrade, cuts: cuts)
            try hold(split == whole, "cut at \(cuts.prefix(4)): \(split), whole: \(whole)")
        }
        if let fault = whole.fault {
            try hold(
                fault.status == 502 || whole.messages.last?.isComplete == false,
                "a response's fault is \(fault.status)")
        }
        try checkForwarded(whole, method, allowsUpgrade)
    }

    private static func checkForwarded(
        _ whole: Reading, _ method: Method, _ allowsUpgrade: Bool
    ) throws {
        let sent = whole.messages.filter(\.isComplete)
        let stream = sent.flatMap(\.forwarded)
        try stream.withUnsafeBytes { bytes in
            let seen = try read(bytes, method, allowsUpgrade, cuts: [])
            try hold(seen.fault == nil, "the client refuses: \(bytes.text)")
            try hold(
                seen.messages.count == sent.count,
                "\(sent.count) responses are \(seen.messages.count) for the client: \(bytes.text)")
            for (one, other) in zip(sent, seen.messages) {
                try hold(other.isComplete, "a response is not complete for the client")
                try hold(one.status == other.status, "another status for the client")
                try hold(one.content == other.content, "another content for the client")
                if other.forwarded != one.forwarded {
                    throw Broken(
                        description: "not idempotent: "
                            + String(decoding: other.forwarded, as: UTF8.self))
                }
            }
        }
    }

    static func read(
        _ input: UnsafeRawBufferPointer, _ method: Method, _ allowsUpgrade: Bool, cuts: [Int]
    ) throws -> Reading {
        var reading = Reading()
        let fields = FieldIndex()
        var parser = ResponseHeadParser(method: method)
        parser.reset(method: method, allowsUpgrade: allowsUpgrade)
        var begin = 0
        for cut in cuts + [input.count] {
            while begin <= cut {
                let part = input.part(begin, cut)
                let parsed = parser.parse(part, into: fields)
                if case .fault(let fault) = parsed {
                    reading.fault = fault
                    return reading
                }
                guard case .head(let head) = parsed else { break }
                let from = begin + head.length
                let later = cuts.filter { $0 > from }.map { $0 - from }
                let body = try BodyReading.read(
                    input.part(from, input.count), head.framing, cuts: later)
                reading.messages.append(try message(part, head, fields, body, allowsUpgrade))
                if case .fault(let fault) = body.end { reading.fault = fault }
                guard body.end == .complete, head.keepAlive || head.isInterim, head.status != 101
                else { return reading }
                begin = from + body.consumed
                parser.reset(method: method, allowsUpgrade: allowsUpgrade)
            }
        }
        return reading
    }

    private static func message(
        _ bytes: UnsafeRawBufferPointer, _ head: ResponseHead, _ fields: FieldIndex,
        _ body: BodyReading, _ allowsUpgrade: Bool
    ) throws -> Message {
        var forwarding = ResponseForwarding(head, to: RequestHead(), keepAlive: true)
        forwarding.forwardsUpgrade = allowsUpgrade
        var sink = ArraySink()
        head.write(bytes, fields, as: forwarding, into: &sink)
        let canonical = try CanonicalHead(
            sink.bytes, allowed: head.status == 101 ? ["connection", "upgrade"] : ["connection"])
        try hold(
            canonical.start.count == 3 && canonical.start[0].elementsEqual("HTTP/1.1".utf8)
                && canonical.start[1].elementsEqual("\(head.status)".utf8), "an odd status line")
        switch forwarding.framing {
        case .chunked: sink.bytes += ChunkedFuzz.encode(body)
        case .length, .untilClose: sink.bytes += body.content
        case .none: try hold(body.content.isEmpty, "content where there is none")
        }
        let isComplete = body.end == .complete || head.framing == .untilClose
        return Message(
            status: head.status, framing: head.framing,
            fields: (0..<fields.count).flatMap {
                [Array(bytes[fields[$0].name]), Array(bytes[fields[$0].value])]
            }, content: body.content, isComplete: isComplete, forwarded: sink.bytes)
    }
}
