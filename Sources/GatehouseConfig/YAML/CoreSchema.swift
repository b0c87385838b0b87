/// The YAML 1.2 core schema (section 10.3.2): what a plain scalar is.
///
/// So `yes`, `on` and `off` are text, and `010` is ten.
enum CoreSchema {
    static func resolve(_ text: String) -> Scalar.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case ".nan", ".NaN", ".NAN": return .notFinite
        default: return number(Array(text.utf8)) ?? .text
        }
    }

    private static func number(_ text: [UInt8]) -> Scalar.Value? {
        if text.starts(with: Array("0o".utf8)) { return radix(text, 8) }
        if text.starts(with: Array("0x".utf8)) { return radix(text, 16) }
        var rest = text[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        if [".inf", ".Inf", ".INF"].contains(String(decoding: rest, as: UTF8.self)) {
            return .notFinite
        }
        let whole = digits(&rest)
        var fraction: ArraySlice<UInt8> = []
        var hasPoint = false
        if rest.first == UInt8(ascii: ".") {
            hasPoint = true
            rest = rest.dropFirst()
            fraction = digits(&rest)
        }
        guard !(whole.isEmpty && fraction.isEmpty) else { return nil }
        let sign = isNegative ? "-" : ""
        let integer = withoutLeadingZeros(whole)
        if rest.isEmpty, !hasPoint {
            return .integer(integer == "0" ? "0" : sign + integer)
        }
        var json = sign + integer
        if !fraction.isEmpty { json += "." + String(decoding: fraction, as: UTF8.self) }
        if rest.isEmpty { return .decimal(json) }
        guard rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") else { return nil }
        rest = rest.dropFirst()
        var exponentSign = ""
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            exponentSign = first == UInt8(ascii: "-") ? "-" : ""
            rest = rest.dropFirst()
        }
        let exponent = digits(&rest)
        guard !exponent.isEmpty, rest.isEmpty else { return nil }
        return .decimal(json + "e" + exponentSign + withoutLeadingZeros(exponent))
    }

    private static func radix(_ text: [UInt8], _ radix: Int) -> Scalar.Value? {
        let body = String(decoding: text.dropFirst(2), as: UTF8.self)
        guard !body.isEmpty, !body.hasPrefix("+"), !body.hasPrefix("-") else { return nil }
        return UInt64(body, radix: radix).map { .integer(String($0)) }
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let found = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(found.count)
        return found
    }

    private static func withoutLeadingZeros(_ digits: ArraySlice<UInt8>) -> String {
        let rest = digits.drop { $0 == 48 }
        return rest.isEmpty ? "0" : String(decoding: rest, as: UTF8.self)
    }
}
