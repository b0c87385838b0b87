/// Parses the head of a response in place (RFC 9112 §4 to §6). Every fault has the status 502.
///
/// As for requests, it goes on where it stopped, and any split gives the same result. A response
/// follows an interim one (1xx but 101) on the same connection: `reset`, then the bytes behind it.
public struct ResponseHeadParser: Sendable {
    private let limits: HeadLimits
    private var reader = LineReader()
    private var hasStatusLine = false
    private var head = ResponseHead()
    private var method: Method
    private var allowsUpgrade = false

    /// A parser for the answer to a request with this method.
    public init(method: Method, limits: HeadLimits = .standard) {
        self.method = method
        self.limits = limits
    }

    /// Forgets all, for the answer to a request with this method.
    ///
    /// 101 is a fault unless `allowsUpgrade`: Upgrade was forwarded (RFC 9110 §7.8).
    public mutating func reset(method: Method, allowsUpgrade: Bool = false) {
        reader = LineReader()
        hasStatusLine = false
        head = ResponseHead()
        self.method = method
        self.allowsUpgrade = allowsUpgrade
    }

    /// Reads on in `bytes`, whose first byte is the first of the response, into `fields`.
    public mutating func parse(
        _ bytes: UnsafeRawBufferPointer, into fields: FieldIndex
    ) -> HeadParse<ResponseHead> {
        while true {
            let bound = hasStatusLine ? limits.head : limits.startLine + 2
            switch reader.next(in: bytes, before: bound) {
            case .needMore: return .needMore
            case .bareLineFeed: return .fault(HTTPFault(502, .lineEnd))
            case .tooLong: return .fault(HTTPFault(502, .longHead))
            case .line(let start, let end):
                if !hasStatusLine {
                    fields.reset()
                    hasStatusLine = true
                    if let fault = readStatusLine(bytes, start, end) { return .fault(fault) }
                } else if start == end {
                    return finish(bytes, fields)
                } else if let fault = RequestHeadParser.readField(bytes, start, end, fields) {
                    return .fault(HTTPFault(502, fault.reason))
                }
            }
        }
    }

    /// `HTTP/1.x SP 3DIGIT [SP reason]`: the second space may be missing (RFC 9112 §4 wants it; old
    /// servers leave it out, and nothing can be read two ways).
    private mutating func readStatusLine(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> HTTPFault? {
        guard end - start >= 12 else { return HTTPFault(502, .startLine) }
        switch HTTPVersion.minor(.init(rebasing: bytes[start..<start + 8])) {
        case .minor(let minor): head.minorVersion = minor
        case .unsupported: return HTTPFault(502, .version)
        case .malformed: return HTTPFault(502, .startLine)
        }
        guard bytes[start + 8] == Syntax.space,
            let status = Syntax.decimal(.init(rebasing: bytes[start + 9..<start + 12])),
            status >= 100
        else { return HTTPFault(502, .status) }
        head.status = UInt16(truncatingIfNeeded: status)
        guard end > start + 12 else { return nil }
        guard bytes[start + 12] == Syntax.space else { return HTTPFault(502, .status) }
        head.reason = ByteRange(start + 13, end)
        guard Syntax.areValue(bytes[head.reason]) else { return HTTPFault(502, .startLine) }
        return nil
    }

    private mutating func finish(
        _ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> HeadParse<ResponseHead> {
        guard fields.count <= limits.fields else { return .fault(HTTPFault(502, .tooManyFields)) }
        head.length = reader.lineStart
        switch FramingFields.read(bytes, fields) {
        case .failure(let fault): return .fault(HTTPFault(502, fault.reason))
        case .success(let framing):
            if let fault = take(framing) { return .fault(fault) }
        }
        return .head(head)
    }

    /// The order of RFC 9112 §6.3.
    private mutating func take(_ framing: FramingFields) -> HTTPFault? {
        head.nominatesFields = framing.nominates
        head.upgrades = framing.upgrades
        head.statedLength = framing.length
        head.keepAlive = !framing.closes && (head.minorVersion == 1 || framing.keepsAlive)
        if head.status == 101 {
            // Behind it is the other protocol: no framing of HTTP may say otherwise.
            guard allowsUpgrade, framing.upgrades else { return HTTPFault(502, .upgrade) }
            guard framing.transfer == .absent, framing.length ?? 0 == 0 else {
                return HTTPFault(502, .ambiguousFraming)
            }
        }
        if framing.transfer == .chunked, head.minorVersion == 0 {
            return HTTPFault(502, .ambiguousFraming)
        }
        let isBodiless = head.status < 200 || head.status == 204 || head.status == 304
        if isBodiless || method == .head {
            head.framing = .none
        } else if framing.transfer == .chunked {
            head.framing = .chunked
        } else if let length = framing.length {
            head.framing = .length(length)
        } else {
            head.framing = .untilClose
            head.keepAlive = false
        }
        return nil
    }
}
