import GatehouseHTTP

/// The head of one request: the same in every split, and canonical when it is forwarded.
enum RequestHeadFuzz {
    /// What a parser said, with everything that it read.
    enum Verdict: Equatable {
        case needMore
        case fault(HTTPFault)
        case head(Meaning)
    }

    /// A head without places in a buffer.
    struct Meaning: Equatable {
        var texts: [[UInt8]]
        var port: UInt16?
        var query: [UInt8]?
        var framing: BodyFraming
        var flags: [Bool]
        var length: Int
        var fields: [[UInt8]]
    }

    static let tight = HeadLimits(startLine: 96, head: 400, fields: 8)

    static func check(_ input: UnsafeRawBufferPointer) throws {
        let limits = input.count % 4 == 3 ? tight : HeadLimits.standard
        let fields = FieldIndex(capacity: limits.fields)
        var parser = RequestHeadParser(limits: limits)
        let parsed = parser.parse(input, into: fields)
        let whole = verdict(parsed, fields, input)
        try checkPieces(input, whole, limits, fields)
        guard case .head = whole else { return }
        parser.reset()
        guard case .head(let head) = parser.parse(input, into: fields) else {
            throw Broken(description: "a parser that was reset reads otherwise")
        }
        try hold(head.length <= input.count, "the head is longer than the input")
        try hold(fields.count <= limits.fields, "more fields than the limit")
        try checkForwarded(input, head, fields)
    }

    private static func checkPieces(
        _ input: UnsafeRawBufferPointer, _ whole: Verdict, _ limits: HeadLimits,
        _ fields: FieldIndex
    ) throws {
        var parser = RequestHeadParser(limits: limits)
        for count in 0...input.count {
            let piece = input.part(0, count)
            let said = verdict(parser.parse(piece, into: fields), fields, piece)
            if said == .needMore { continue }
            try hold(said == whole, "byte by byte at \(count): \(said), whole: \(whole)")
            if case .head(let meaning) = said {
                try hold(meaning.length == count, "complete only at \(count)")
            }
            return
        }
        try hold(whole == .needMore, "byte by byte waits, whole: \(whole)")
    }

    /// What is forwarded is canonical, means the same, and forwards to itself.
    private static func checkForwarded(
        _ input: UnsafeRawBufferPointer, _ head: RequestHead, _ fields: FieldIndex
    ) throws {
        let host = head.authority.isEmpty ? Array("a".utf8) : Array(input[head.authority])
        let first = forwarded(input, head, fields, host)
        let canonical = try CanonicalHead(first)
        try hold(
            canonical.start.count == 3 && canonical.start[2].elementsEqual("HTTP/1.1".utf8),
            "the request line has other than three words")
        try hold(canonical.values("host") == [host], "Host is not once")
        try hold(canonical.start[0].elementsEqual(input[head.methodBytes]), "another method")
        let again = FieldIndex(capacity: 1024)
        var parser = RequestHeadParser(
            limits: HeadLimits(startLine: 65_536, head: 65_536, fields: 1024))
        try first.withUnsafeBytes { bytes in
            guard case .head(let second) = parser.parse(bytes, into: again) else {
                throw Broken(description: "what is forwarded is refused: \(bytes.text)")
            }
            try hold(second.length == bytes.count, "what is forwarded ends early")
            // Where there is no content, POST and its like say so (RFC 9110 §8.6).
            let saysNone = head.framing == .none && second.framing == .length(0)
            try hold(second.framing == head.framing || saysNone, "the framing changes")
            try hold(
                second.path(in: bytes).elementsEqual(head.path(in: input)), "the path changes")
            try hold(
                second.target.query.map { Array(bytes[$0]) }
                    == head.target.query.map { Array(input[$0]) }, "the query changes")
            // Max-Forwards counts down, and X-Forwarded-Host says nothing of a missing Host.
            if canonical.values("max-forwards").isEmpty, !head.authority.isEmpty {
                try hold(
                    forwarded(bytes, second, again, host) == first,
                    "forwarding is not idempotent: \(bytes.text)")
            }
        }
    }

    static func forwarded(
        _ input: UnsafeRawBufferPointer, _ head: RequestHead, _ fields: FieldIndex, _ host: [UInt8]
    ) -> [UInt8] {
        var sink = ArraySink()
        let peer = Array("192.0.2.1".utf8)
        let scheme = Array("http".utf8)
        host.withUnsafeBytes { host in
            peer.withUnsafeBytes { peer in
                scheme.withUnsafeBytes { scheme in
                    var forwarding = RequestForwarding(
                        host: host, peer: peer, scheme: scheme, framing: head.framing)
                    forwarding.via = UnsafeRawBufferPointer(start: nil, count: 0)
                    head.write(input, fields, as: forwarding, into: &sink)
                }
            }
        }
        return sink.bytes
    }

    private static func verdict(
        _ parse: HeadParse<RequestHead>, _ fields: FieldIndex, _ bytes: UnsafeRawBufferPointer
    ) -> Verdict {
        switch parse {
        case .needMore: return .needMore
        case .fault(let fault): return .fault(fault)
        case .head(let head):
            return .head(
                Meaning(
                    texts: [
                        Array(bytes[head.methodBytes]), Array(bytes[head.target.raw]),
                        Array(head.path(in: bytes)), Array(bytes[head.authority]),
                        Array(bytes[head.host]),
                    ], port: head.port, query: head.target.query.map { Array(bytes[$0]) },
                    framing: head.framing,
                    flags: [
                        head.keepAlive, head.expectsContinue, head.asksUpgrade,
                        head.acceptsTrailers, head.nominatesFields, head.minorVersion == 1,
                    ], length: head.length,
                    fields: (0..<fields.count).flatMap {
                        [
                            Array(bytes[fields[$0].name]), Array(bytes[fields[$0].value]),
                            [fields[$0].known.rawValue, fields[$0].isHopByHop ? 1 : 0],
                        ]
                    }))
        }
    }
}
