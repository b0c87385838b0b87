/// The formats that are asserted; every other one is an annotation.
enum Format {
    /// What is wrong with a text of this format; nil: nothing.
    static func problem(_ text: String, _ format: String) -> String? {
        switch format {
        case "gatehouse-secret": text.isEmpty ? "must not be empty" : nil
        case "gatehouse-duration":
            isDuration(text) ? nil : "must be a duration such as 500ms, 30s, 5m or 1h"
        case "uri": isURI(text) ? nil : "must be an absolute URL"
        default: nil
        }
    }

    private static func isDuration(_ text: String) -> Bool {
        let digits = text.utf8.prefix { (48...57).contains($0) }
        let unit = String(text.utf8.dropFirst(digits.count)) ?? ""
        return !digits.isEmpty && digits.count <= 12 && ["ms", "s", "m", "h"].contains(unit)
    }

    /// A scheme, a colon, something behind it, no space and no control character (RFC 3986
    /// section 3).
    private static func isURI(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let scheme = text.utf8[..<colon]
        guard let first = scheme.first, (97...122).contains(first | 0x20) else { return false }
        let isName = scheme.allSatisfy { byte in
            (48...57).contains(byte) || (97...122).contains(byte | 0x20)
                || [43, 45, 46].contains(byte)
        }
        let rest = text.utf8[text.utf8.index(after: colon)...]
        return isName && !rest.isEmpty && rest.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}
