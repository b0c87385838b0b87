/// A JSON Pointer (RFC 6901).
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The reference tokens, unescaped.
    public var tokens: [String]

    /// The pointer of these tokens; without any the whole document.
    public init(tokens: [String] = []) { self.tokens = tokens }

    /// Parses the string form (RFC 6901 §3); nil where it is none.
    public init?(_ text: String) {
        if text.isEmpty {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        for part in text.utf8.dropFirst().split(separator: 0x2f, omittingEmptySubsequences: false) {
            guard let token = Self.unescaped(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    /// The string form.
    public var description: String {
        var out: [UInt8] = []
        for token in tokens {
            out.append(0x2f)
            for byte in token.utf8 {
                switch byte {
                case UInt8(ascii: "~"): out += "~0".utf8
                case UInt8(ascii: "/"): out += "~1".utf8
                default: out.append(byte)
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The pointer to a member of what this one points to.
    public func appending(_ token: String) -> JSONPointer {
        JSONPointer(tokens: tokens + [token])
    }

    /// The pointer to an element of what this one points to.
    public func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

    private static func unescaped(_ part: Substring.UTF8View) -> String? {
        var out: [UInt8] = []
        var rest = part[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                out.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): out.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): out.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension JSONValue {
    /// What a pointer leads to (RFC 6901 §4); nil where there is nothing.
    public func value(at pointer: JSONPointer) -> JSONValue? {
        var current = self
        for token in pointer.tokens {
            switch current {
            case .object(let object):
                guard let next = object[token] else { return nil }
                current = next
            case .array(let elements):
                guard let index = Int(token), String(index) == token,
                    elements.indices.contains(index)
                else { return nil }
                current = elements[index]
            default: return nil
            }
        }
        return current
    }
}
