/// `application/x-www-form-urlencoded` (WHATWG URL §5), as queries and token requests use it.
struct FormPairs: Sendable, Equatable {
    /// In their order, decoded.
    var pairs: [(name: String, value: String)] = []

    /// So many parameters at most; more are refused.
    private static let maximum = 100

    init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

    /// Reads a form; `nil` where an escape is broken, the text is not UTF-8, or there are too many.
    init?(parsing bytes: some Collection<UInt8>) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < Self.maximum else { return nil }
            let halves = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(halves[0]),
                let value = halves.count > 1 ? Self.decoded(halves[1]) : ""
            else { return nil }
            pairs.append((name, value))
        }
    }

    /// The first value of `name`.
    subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// How often `name` occurs (RFC 6749 §3.1: parameters must not be repeated).
    func count(of name: String) -> Int { pairs.count { $0.name == name } }

    /// The form as text.
    var encoded: String {
        pairs.map { Self.encoded($0.name) + "=" + Self.encoded($0.value) }.joined(separator: "&")
    }

    static func == (left: FormPairs, right: FormPairs) -> Bool {
        left.pairs.map(\.name) == right.pairs.map(\.name)
            && left.pairs.map(\.value) == right.pairs.map(\.value)
    }

    /// One decoded part; `nil` where an escape is broken or the text is not UTF-8.
    static func decoded(_ bytes: some Collection<UInt8>) -> String? {
        var result: [UInt8] = []
        var rest = bytes.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): result.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit)
                else { return nil }
                result.append(high << 4 | low)
            default: result.append(byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// One part, encoded.
    static func encoded(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            case 0x20: result.append(UInt8(ascii: "+"))
            default: result += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
