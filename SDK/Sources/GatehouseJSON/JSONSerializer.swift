/// How a value is written.
public enum JSONStyle: Sendable, Hashable {
    /// Without white space, members in their order.
    case compact
    /// Without white space, members sorted by the bytes of their names: equal values, equal texts.
    case canonical
    /// Two spaces a level, members in their order.
    case pretty
}

extension JSONValue {
    /// The value as text; what the parser took comes out with the same meaning.
    public func serialized(_ style: JSONStyle = .compact) -> String {
        String(decoding: serializedBytes(style), as: UTF8.self)
    }

    /// The value as UTF-8.
    public func serializedBytes(_ style: JSONStyle = .compact) -> [UInt8] {
        var serializer = JSONSerializer(style: style)
        serializer.write(self, level: 0)
        return serializer.out
    }
}

private struct JSONSerializer {
    let style: JSONStyle
    var out: [UInt8] = []

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let number): out += number.text.utf8
        case .string(let text): write(text)
        case .array(let elements):
            list(elements, "[", "]", level) { $0.write($1, level: level + 1) }
        case .object(let object):
            var members = Array(object)
            if style == .canonical {
                members.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            }
            let colon = style == .pretty ? ": " : ":"
            list(members, "{", "}", level) {
                $0.write($1.key)
                $0.out += colon.utf8
                $0.write($1.value, level: level + 1)
            }
        }
    }

    private mutating func list<T>(
        _ items: [T], _ open: String, _ close: String, _ level: Int,
        _ item: (inout JSONSerializer, T) -> Void
    ) {
        out += open.utf8
        for (at, element) in items.enumerated() {
            if at > 0 { out.append(UInt8(ascii: ",")) }
            newline(level + 1)
            item(&self, element)
        }
        if !items.isEmpty { newline(level) }
        out += close.utf8
    }

    private mutating func newline(_ level: Int) {
        guard style == .pretty else { return }
        out.append(0x0a)
        out += repeatElement(0x20, count: 2 * level)
    }

    private mutating func write(_ text: String) {
        out.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22: out += "\\\"".utf8
            case 0x5c: out += "\\\\".utf8
            case 0x0a: out += "\\n".utf8
            case 0x0d: out += "\\r".utf8
            case 0x09: out += "\\t".utf8
            case 0..<0x20, 0x7f:
                let hex = String(byte, radix: 16)
                out += ("\\u00" + (hex.count == 1 ? "0" : "") + hex).utf8
            default: out.append(byte)
            }
        }
        out.append(0x22)
    }
}
