/// host and port of an authority, as in `Host` or in an absolute target (RFC 3986 §3.2).
public struct Authority: Sendable, Hashable {
    /// What kind of name the host is.
    public enum Kind: Sendable {
        /// A registered name or an IPv4 address.
        case name
        /// An IPv6 literal in brackets.
        case ipv6
    }

    /// The host, with the brackets of an IPv6 literal and without the final dot of a name.
    public let host: ByteRange
    /// The port, 0 ... 65535, or nil where there is none or it is empty.
    public let port: UInt16?
    /// What kind of name the host is.
    public let kind: Kind

    /// Reads `bytes`; the range of the host counts from their first byte. Nil where they are not
    /// `host [":" port]`: user information, a path, an empty label, white space, or a bad port.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return nil }
        var end: Int
        if first == 0x5B {
            guard let close = bytes.firstIndex(of: 0x5D),
                Self.isIPv6(.init(rebasing: bytes[1..<close]))
            else { return nil }
            end = close + 1
            host = ByteRange(0, end)
            kind = .ipv6
        } else {
            end = bytes.firstIndex(of: 0x3A) ?? bytes.count
            guard let length = Self.nameLength(.init(rebasing: bytes[..<end])) else { return nil }
            host = ByteRange(0, length)
            kind = .name
        }
        guard end < bytes.count else {
            port = nil
            return
        }
        guard bytes[end] == 0x3A else { return nil }
        end += 1
        guard end < bytes.count else {
            port = nil
            return
        }
        guard bytes.count - end <= 5,
            let number = Syntax.decimal(.init(rebasing: bytes[end...])),
            let port = UInt16(exactly: number)
        else { return nil }
        self.port = port
    }

    /// The length of a name without its final dot; nil where a label is empty, longer than 63, or
    /// holds another byte than letters, digits, `-`, `_`.
    private static func nameLength(_ name: UnsafeRawBufferPointer) -> Int? {
        var length = name.count
        if length > 1, name[length - 1] == 0x2E { length -= 1 }
        guard length > 0, length <= 253 else { return nil }
        var label = 0
        for at in 0..<length {
            let byte = name[at]
            if byte == 0x2E {
                guard label > 0 else { return nil }
                label = 0
            } else {
                guard byte != 0x7E, Syntax.isUnreserved(byte), label < 63 else { return nil }
                label += 1
            }
        }
        return label > 0 ? length : nil
    }

    /// RFC 4291 §2.2: eight groups, one `::`, and dotted decimal at the end. No zone (RFC 9110
    /// §4.2 takes URIs, whose literals have none on the wire).
    private static func isIPv6(_ text: UnsafeRawBufferPointer) -> Bool {
        var groups = 0
        var digits = 0
        var hasGap = false
        var at = 0
        guard text.count >= 2, text.count <= 45 else { return false }
        if text[0] == 0x3A {
            guard text[1] == 0x3A else { return false }
        }
        while at < text.count {
            if text[at] == 0x3A {
                if at + 1 < text.count, text[at + 1] == 0x3A {
                    guard !hasGap else { return false }
                    hasGap = true
                    groups += digits > 0 ? 1 : 0
                    at += 2
                } else {
                    guard digits > 0, at + 1 < text.count else { return false }
                    groups += 1
                    at += 1
                }
                digits = 0
            } else if text[at] == 0x2E {
                let start = at - digits
                guard isIPv4(.init(rebasing: text[start...])) else { return false }
                groups += 2
                return hasGap ? groups <= 7 : groups == 8
            } else {
                guard Syntax.hex(text[at]) != nil, digits < 4 else { return false }
                digits += 1
                at += 1
            }
        }
        groups += digits > 0 ? 1 : 0
        return hasGap ? groups <= 7 : groups == 8
    }

    private static func isIPv4(_ text: UnsafeRawBufferPointer) -> Bool {
        var parts = 0
        for part in text.split(separator: 0x2E, omittingEmptySubsequences: false) {
            parts += 1
            guard part.count <= 3, part.count == 1 || part.first != 0x30,
                let value = Syntax.decimal(.init(rebasing: part)), value <= 255
            else { return false }
        }
        return parts == 4
    }
}
