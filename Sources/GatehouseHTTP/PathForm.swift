/// Whether a path is spelt in the one form in which routes are matched (RFC 3986 §6.2.2).
///
/// The upstream gets the path as it came, so a spelling that another server could read as another
/// path is refused rather than rewritten: dot segments, empty segments, percent-encoded unreserved
/// characters, encoded slashes, backslashes and control characters, overlong UTF-8.
public enum PathForm: Sendable, Equatable {
    /// The path is its own normal form.
    case normal
    /// Only the case of the digits of percent escapes differs; this is the normal form.
    case folded([UInt8])
    /// The path has a second reading: 400.
    case refused(Refusal)

    /// Why a path is refused; the raw value is a text for the log.
    public enum Refusal: String, Sendable {
        case notAbsolute = "a path must begin with a slash"
        case dotSegment = "the path has a dot segment"
        case emptySegment = "the path has an empty segment"
        case backslash = "the path has a backslash"
        case malformedEscape = "the path has a percent sign without two hexadecimal digits"
        case encodedUnreserved = "the path percent-encodes a character that needs none"
        case encodedDelimiter = "the path percent-encodes a slash or a backslash"
        case encodedControl = "the path percent-encodes a control character"
        case overlongEncoding = "the path percent-encodes overlong UTF-8"
    }

    /// Looks at `path`, without its query. Pure; no allocation unless the answer is `folded`.
    public static func check(_ path: UnsafeRawBufferPointer) -> PathForm {
        guard path.first == 0x2F else { return .refused(.notAbsolute) }
        var needsFolding = false
        var segment = 1
        var at = 1
        while at < path.count {
            let byte = path[at]
            if byte == 0x2F {
                if let refusal = refusal(ofSegment: path, segment, at, isLast: false) {
                    return .refused(refusal)
                }
                segment = at + 1
            } else if byte == 0x5C {
                return .refused(.backslash)
            } else if byte == 0x25 {
                if let refusal = refusal(ofEscape: path, at) { return .refused(refusal) }
                needsFolding = needsFolding || path[at + 1] >= 97 || path[at + 2] >= 97
                at += 2
            }
            at += 1
        }
        if let refusal = refusal(ofSegment: path, segment, path.count, isLast: true) {
            return .refused(refusal)
        }
        return needsFolding ? .folded(folded(path)) : .normal
    }

    /// `.` and `..`, also with parameters behind them (`..;x`), and nothing between two slashes.
    private static func refusal(
        ofSegment path: UnsafeRawBufferPointer, _ start: Int, _ end: Int, isLast: Bool
    ) -> Refusal? {
        var length = end - start
        if length == 0 { return isLast ? nil : .emptySegment }
        guard path[start] == 0x2E else { return nil }
        if let mark = path[start..<end].firstIndex(of: 0x3B) { length = mark - start }
        if length == 1 || (length == 2 && path[start + 1] == 0x2E) { return .dotSegment }
        return nil
    }

    private static func refusal(ofEscape path: UnsafeRawBufferPointer, _ at: Int) -> Refusal? {
        guard let byte = decoded(path, at) else { return .malformedEscape }
        switch byte {
        case 0x2F, 0x5C: return .encodedDelimiter
        case 0..<32, 127: return .encodedControl
        case 0xC0, 0xC1: return .overlongEncoding
        case 0xE0:
            if let next = decoded(path, at + 3), next < 0xA0 { return .overlongEncoding }
        case 0xF0:
            if let next = decoded(path, at + 3), next < 0x90 { return .overlongEncoding }
        default:
            if Syntax.isUnreserved(byte) { return .encodedUnreserved }
        }
        return nil
    }

    private static func decoded(_ path: UnsafeRawBufferPointer, _ at: Int) -> UInt8? {
        guard at + 2 < path.count, path[at] == 0x25, let high = Syntax.hex(path[at + 1]),
            let low = Syntax.hex(path[at + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func folded(_ path: UnsafeRawBufferPointer) -> [UInt8] {
        var copy = Array(path)
        var at = 0
        while at < copy.count {
            if copy[at] == 0x25, at + 2 < copy.count {
                for digit in at + 1...at + 2 where copy[digit] >= 97 { copy[digit] &-= 32 }
                at += 2
            }
            at += 1
        }
        return copy
    }
}
