/// What a parser says of the bytes that it has.
public enum HeadParse<Head: Sendable>: Sendable {
    /// The head is not complete; call again with the same bytes and more after them.
    case needMore
    /// The head is complete; the fields are in the index.
    case head(Head)
    /// The message is refused. The connection must be closed after the answer.
    case fault(HTTPFault)
}

/// Parses the head of a request in place (RFC 9112 §2 to §6).
///
/// It remembers what it has read: every call gets the buffer from the first byte of the head, and
/// looks only at what has come since. Any split of the same bytes gives the same result.
public struct RequestHeadParser: Sendable {
    private enum Phase {
        case startLine
        case fields
    }

    private let limits: HeadLimits
    private var reader = LineReader()
    private var phase = Phase.startLine
    private var hasSkippedLine = false
    private var isTrace = false
    private var head = RequestHead()

    /// A parser with these limits.
    public init(limits: HeadLimits = .standard) { self.limits = limits }

    /// Whether what has been read is a HEAD request, so that its refusal has no content.
    public var isHead: Bool { head.method == .head }

    /// Forgets all, for the next message.
    public mutating func reset() {
        reader = LineReader()
        phase = .startLine
        hasSkippedLine = false
        isTrace = false
        head = RequestHead()
    }

    /// Reads on in `bytes`, whose first byte is the first of the message, into `fields`, which must
    /// be the same at every call and is reset at the first.
    public mutating func parse(
        _ bytes: UnsafeRawBufferPointer, into fields: FieldIndex
    ) -> HeadParse<RequestHead> {
        while true {
            if phase == .startLine, isHopeless(bytes) { return .fault(HTTPFault(400, .startLine)) }
            let bound =
                phase == .startLine ? reader.lineStart + limits.startLine + 2 : limits.head
            switch reader.next(in: bytes, before: bound) {
            case .needMore: return .needMore
            case .bareLineFeed: return .fault(HTTPFault(400, .lineEnd))
            case .tooLong:
                return .fault(
                    phase == .startLine
                        ? HTTPFault(414, .longStartLine) : HTTPFault(431, .longHead))
            case .line(let start, let end):
                if phase == .startLine {
                    if let fault = readStart(bytes, start, end, fields) { return .fault(fault) }
                } else if start == end {
                    return finish(bytes, fields)
                } else if let fault = Self.readField(bytes, start, end, fields) {
                    return .fault(fault)
                }
            }
        }
    }

    /// Whether the first byte can begin no request line, so that waiting for its end is pointless.
    private func isHopeless(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > reader.lineStart else { return false }
        let first = bytes[reader.lineStart]
        if first == Syntax.carriageReturn { return hasSkippedLine }
        return first != Syntax.lineFeed && !Syntax.isToken(first)
    }

    /// One empty line before the request line is skipped (RFC 9112 §2.2).
    private mutating func readStart(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ fields: FieldIndex
    ) -> HTTPFault? {
        if start == end {
            guard !hasSkippedLine else { return HTTPFault(400, .startLine) }
            hasSkippedLine = true
            return nil
        }
        fields.reset()
        phase = .fields
        return readRequestLine(bytes, start, end)
    }

    private mutating func readRequestLine(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> HTTPFault? {
        var at = start
        while at < end, Syntax.isToken(bytes[at]) { at += 1 }
        guard at > start else { return HTTPFault(400, .startLine) }
        guard at < end, bytes[at] == Syntax.space else { return HTTPFault(400, .method) }
        guard at - start <= 32 else { return HTTPFault(501, .longMethod) }
        head.methodBytes = ByteRange(start, at)
        let method = bytes[head.methodBytes]
        head.method = Method.of(method)
        let targetStart = at + 1
        at = targetStart
        while at < end, bytes[at] != Syntax.space { at += 1 }
        guard at < end else { return HTTPFault(400, .startLine) }
        let line = UnsafeRawBufferPointer(rebasing: bytes[at + 1..<end])
        if let fault = readVersion(line) { return fault }
        if Syntax.equals(method, "CONNECT") { return HTTPFault(501, .connect) }
        isTrace = Syntax.equals(method, "TRACE")
        guard
            let target = RequestTarget(
                bytes, targetStart, at, isOptions: head.method == .options)
        else { return HTTPFault(400, .target) }
        head.target = target
        return nil
    }

    private mutating func readVersion(_ text: UnsafeRawBufferPointer) -> HTTPFault? {
        switch HTTPVersion.minor(text) {
        case .minor(let minor): head.minorVersion = minor
        case .unsupported: return HTTPFault(505, .version)
        case .malformed: return HTTPFault(400, .startLine)
        }
        return nil
    }

    static func readField(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ fields: FieldIndex
    ) -> HTTPFault? {
        switch FieldLine.read(bytes, start, end) {
        case .failure(let fault): return fault
        case .success(let line):
            guard fields.append(line.name, line.value, line.known) else {
                return HTTPFault(431, .tooManyFields)
            }
            return nil
        }
    }

    private mutating func finish(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> HeadParse<RequestHead> {
        guard fields.count <= limits.fields else { return .fault(HTTPFault(431, .tooManyFields)) }
        head.length = reader.lineStart
        switch FramingFields.read(bytes, fields) {
        case .failure(let fault): return .fault(fault)
        case .success(let framing):
            if let fault = head.take(framing, bytes, fields) { return .fault(fault) }
        }
        // TRACE has no content (RFC 9110 §9.3.8), and is not served.
        if isTrace { return .fault(HTTPFault(head.framing == .none ? 501 : 400, .connect)) }
        return .head(head)
    }
}

/// `HTTP/1.x` of a start line (RFC 9112 §2.3: case-sensitive, one digit each).
enum HTTPVersion {
    case minor(UInt8)
    case unsupported
    case malformed

    static func minor(_ text: UnsafeRawBufferPointer) -> HTTPVersion {
        guard text.count == 8, Syntax.equals(.init(rebasing: text[..<5]), "HTTP/"),
            Syntax.isDigit(text[5]), text[6] == 0x2E, Syntax.isDigit(text[7])
        else { return .malformed }
        guard text[5] == 0x31 else { return .unsupported }
        return .minor(text[7] == 0x30 ? 0 : 1)
    }
}
