/// What a request asks for, read from its target (RFC 9112 §3.2). CONNECT's authority form is
/// refused before it gets here.
public struct RequestTarget: Sendable {
    /// The form in which the target came.
    public enum Form: Sendable {
        /// `/path?query`
        case origin
        /// `http://authority/path?query`
        case absolute
        /// `*`, or an absolute target without path in OPTIONS (§3.2.4).
        case asterisk
    }

    /// The form in which the target came.
    public internal(set) var form: Form = .origin
    /// The target as it came.
    public internal(set) var raw = ByteRange()
    /// The authority of an absolute target, else empty.
    public internal(set) var authority = ByteRange()
    /// The path; empty means `/` (an absolute target without path), or that the form is asterisk.
    public internal(set) var path = ByteRange()
    /// The query without its question mark; nil where there is none.
    public internal(set) var query: ByteRange?

    /// An empty target.
    init() {}

    /// Reads the target in `bytes` from `start` up to `end`; nil where it has none of the forms.
    init?(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, isOptions: Bool) {
        guard start < end else { return nil }
        for at in start..<end where !Syntax.isTarget(bytes[at]) { return nil }
        raw = ByteRange(start, end)
        if bytes[start] == 0x2F {
            splitPath(bytes, start, end)
            return
        }
        if bytes[start] == 0x2A {
            guard isOptions, end - start == 1 else { return nil }
            form = .asterisk
            return
        }
        guard let begin = Self.afterScheme(bytes, start, end) else { return nil }
        form = .absolute
        var slash = begin
        while slash < end, bytes[slash] != 0x2F, bytes[slash] != 0x3F { slash += 1 }
        authority = ByteRange(begin, slash)
        splitPath(bytes, slash, end)
        if isOptions, path.isEmpty, query == nil { form = .asterisk }
    }

    private mutating func splitPath(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
        var mark = start
        while mark < end, bytes[mark] != 0x3F { mark += 1 }
        path = ByteRange(start, mark)
        query = mark < end ? ByteRange(mark + 1, end) : nil
    }

    private static func afterScheme(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> Int? {
        for scheme: StaticString in ["http://", "https://"] {
            let length = scheme.utf8CodeUnitCount
            guard end - start > length else { continue }
            let head = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
            if Syntax.equalsFolded(head, scheme) { return start + length }
        }
        return nil
    }
}
