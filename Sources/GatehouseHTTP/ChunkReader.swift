/// The chunked coding, byte by byte around the data (RFC 9112 §7.1).
///
/// No leniency: sizes are 1 to 16 hexadecimal digits, lines end in CRLF, extensions follow the
/// grammar of §7.1.1 with the white space that a recipient must take (RFC 9110 §5.6.3), and are
/// ignored.
struct ChunkReader: Sendable {
    private enum State {
        case size(digits: UInt8)
        case extensionName(length: Int)
        case extensionValue(length: Int)
        case quoted
        case quotedPair
        case quotedEnd
        /// White space behind a size or a value: a semicolon must follow.
        case gap
        /// White space behind an extension's name: an equals sign or a semicolon must follow.
        case nameGap
        case sizeLineFeed
        case data
        case dataReturn
        case dataLineFeed
        case trailers
        case failed(HTTPFault)
    }

    /// The most bytes of a trailer section.
    static let trailerLimit = 8192
    /// The most bytes of extensions beyond the bytes of content (CVE-2023-39326).
    static let extensionLimit: UInt64 = 16_384

    private var state = State.size(digits: 0)
    private var size: UInt64 = 0
    private var content: UInt64 = 0
    private var extensions: UInt64 = 0
    private var lineStart = 0
    private(set) var trailers: [UInt8] = []

    mutating func next(_ bytes: UnsafeRawBufferPointer) -> BodyStep {
        if case .failed(let fault) = state { return BodyStep(event: .fault(fault), consumed: 0) }
        var at = 0
        while at < bytes.count {
            if case .data = state {
                let count = BodyDecoder.portion(size, bytes.count - at)
                size -= UInt64(count)
                content = content.addingReportingOverflow(UInt64(count)).partialValue
                if size == 0 { state = .dataReturn }
                return BodyDecoder.data(at, count)
            }
            if case .trailers = state {
                return readTrailers(bytes, at)
            }
            if let fault = take(bytes[at]) { return fail(fault, at) }
            at += 1
        }
        return BodyStep(event: .needMore, consumed: at)
    }

    private mutating func fail(_ fault: HTTPFault, _ at: Int) -> BodyStep {
        state = .failed(fault)
        return BodyStep(event: .fault(fault), consumed: at)
    }

    private mutating func take(_ byte: UInt8) -> HTTPFault? {
        switch state {
        case .size(let digits): return takeSize(byte, digits)
        case .sizeLineFeed:
            guard byte == Syntax.lineFeed else { return HTTPFault(400, .chunkSize) }
            state = size == 0 ? .trailers : .data
        case .dataReturn:
            guard byte == Syntax.carriageReturn else { return HTTPFault(400, .chunkEnd) }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == Syntax.lineFeed else { return HTTPFault(400, .chunkEnd) }
            state = .size(digits: 0)
            size = 0
        case .extensionName, .extensionValue, .quoted, .quotedPair, .quotedEnd, .gap, .nameGap:
            return takeExtension(byte)
        case .data, .trailers, .failed: break
        }
        return nil
    }

    private mutating func takeSize(_ byte: UInt8, _ digits: UInt8) -> HTTPFault? {
        if let digit = Syntax.hex(byte) {
            // The limit of digits keeps the shift within 64 bits; the size stays below 2^63.
            guard digits < 16, size < 1 << 59 else { return HTTPFault(400, .chunkSize) }
            size = size << 4 | UInt64(digit)
            state = .size(digits: digits + 1)
            return nil
        }
        guard digits > 0 else { return HTTPFault(400, .chunkSize) }
        return endOrExtension(byte, HTTPFault(400, .chunkSize))
    }

    /// Behind a size or an extension: the end of the line, or another extension.
    private mutating func endOrExtension(_ byte: UInt8, _ fault: HTTPFault) -> HTTPFault? {
        switch byte {
        case Syntax.carriageReturn: state = .sizeLineFeed
        case 0x3B: state = .extensionName(length: 0)
        case Syntax.space, Syntax.tab: state = .gap
        default: return fault
        }
        return nil
    }

    private mutating func takeExtension(_ byte: UInt8) -> HTTPFault? {
        let fault = HTTPFault(400, .chunkExtension)
        extensions += 1
        guard extensions <= Self.extensionLimit + min(content, 1 << 60) else { return fault }
        switch state {
        case .extensionName(let length):
            if Syntax.isToken(byte) {
                state = .extensionName(length: length + 1)
            } else if length > 0, byte == 0x3D {
                state = .extensionValue(length: 0)
            } else if Self.isGap(byte) {
                if length > 0 { state = .nameGap }
            } else {
                return length > 0 ? endOrExtension(byte, fault) : fault
            }
        case .gap, .nameGap: return takeGap(byte, fault)
        case .extensionValue(let length):
            if Syntax.isToken(byte) {
                state = .extensionValue(length: length + 1)
            } else if length == 0, byte == 0x22 {
                state = .quoted
            } else if length == 0, Self.isGap(byte) {
                return nil
            } else {
                return length > 0 ? endOrExtension(byte, fault) : fault
            }
        case .quoted:
            if byte == 0x22 {
                state = .quotedEnd
            } else if byte == 0x5C {
                state = .quotedPair
            } else if !Syntax.isValue(byte) {
                return fault
            }
        case .quotedPair:
            guard Syntax.isValue(byte) else { return fault }
            state = .quoted
        default: return endOrExtension(byte, fault)
        }
        return nil
    }

    private static func isGap(_ byte: UInt8) -> Bool {
        byte == Syntax.space || byte == Syntax.tab
    }

    private mutating func takeGap(_ byte: UInt8, _ fault: HTTPFault) -> HTTPFault? {
        if Self.isGap(byte) { return nil }
        if byte == 0x3B {
            state = .extensionName(length: 0)
            return nil
        }
        guard case .nameGap = state, byte == 0x3D else { return fault }
        state = .extensionValue(length: 0)
        return nil
    }

    /// The trailer section is kept, line by line, until its empty line.
    private mutating func readTrailers(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> BodyStep {
        let fault = HTTPFault(400, .trailer)
        var at = start
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            guard trailers.count < Self.trailerLimit + 2 else { return fail(fault, at) }
            trailers.append(byte)
            guard byte == Syntax.lineFeed else { continue }
            let end = trailers.count - 2
            guard end >= lineStart, trailers[end] == Syntax.carriageReturn else {
                return fail(fault, at)
            }
            if end == lineStart {
                trailers.removeLast(2)
                return BodyStep(event: .end, consumed: at)
            }
            let isField = trailers.withUnsafeBytes {
                switch FieldLine.read($0, lineStart, end) {
                case .success: true
                case .failure: false
                }
            }
            guard isField else { return fail(fault, at) }
            lineStart = trailers.count
        }
        return BodyStep(event: .needMore, consumed: at)
    }
}
