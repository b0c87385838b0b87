import Glibc

/// Finds the lines of a head in a buffer that grows, without looking at a byte twice.
struct LineReader {
    enum Line {
        /// A whole line, its CRLF left out.
        case line(start: Int, end: Int)
        case needMore
        case tooLong
        /// A line that ends in LF without CR (RFC 9112 §2.2 lets a recipient refuse it).
        case bareLineFeed
    }

    private var scanned = 0
    private(set) var lineStart = 0

    /// The next line of `bytes`, whose end must lie before `bound`.
    mutating func next(in bytes: UnsafeRawBufferPointer, before bound: Int) -> Line {
        let end = min(bytes.count, bound)
        if scanned < end, let base = bytes.baseAddress,
            let found = memchr(base + scanned, Int32(Syntax.lineFeed), end - scanned)
        {
            let at = base.distance(to: UnsafeRawPointer(found))
            guard at > lineStart, bytes[at - 1] == Syntax.carriageReturn else {
                return .bareLineFeed
            }
            let start = lineStart
            lineStart = at + 1
            scanned = at + 1
            return .line(start: start, end: at - 1)
        }
        scanned = max(scanned, end)
        return bytes.count >= bound ? .tooLong : .needMore
    }
}
