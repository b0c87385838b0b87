/// Writes the text format of Prometheus, version 0.0.4. Pure.
///
/// A family is opened once; its samples follow. Label values are escaped; names are the caller's.
struct PrometheusText {
    /// The types of families that are written here.
    enum Kind: String {
        case counter
        case gauge
        case histogram
        case summary
    }

    /// The media type of what is written.
    static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []
    private var family = ""

    /// Begins a family: its name, its type and what it means.
    mutating func open(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        bytes += "# HELP \(name) ".utf8
        for byte in help.utf8 { append(byte, escapesQuote: false) }
        bytes += "\n# TYPE \(name) \(kind.rawValue)\n".utf8
    }

    /// One sample of the open family; `suffix` is `_bucket`, `_sum` or `_count` where the type
    /// has them.
    mutating func sample(
        _ labels: [(name: String, value: String)] = [], _ value: UInt64, suffix: String = ""
    ) {
        begin(labels, suffix)
        bytes += " \(value)\n".utf8
    }

    /// The same with a number that has a fraction.
    mutating func sample(
        _ labels: [(name: String, value: String)] = [], _ value: Double, suffix: String = ""
    ) {
        begin(labels, suffix)
        bytes += " \(Self.number(value))\n".utf8
    }

    /// A family of one sample without labels.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        open(name, kind, help)
        sample([], value)
    }

    /// The same with a whole number.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
        open(name, kind, help)
        sample([], value)
    }

    private mutating func begin(_ labels: [(name: String, value: String)], _ suffix: String) {
        bytes += family.utf8
        bytes += suffix.utf8
        guard !labels.isEmpty else { return }
        var separator: UInt8 = 0x7b
        for (name, value) in labels {
            bytes.append(separator)
            bytes += name.utf8
            bytes += "=\"".utf8
            for byte in value.utf8 { append(byte, escapesQuote: true) }
            bytes.append(0x22)
            separator = 0x2c
        }
        bytes.append(0x7d)
    }

    /// Backslash, line feed and, in label values, the quotation mark are escaped.
    private mutating func append(_ byte: UInt8, escapesQuote: Bool) {
        switch byte {
        case 0x5c: bytes += "\\\\".utf8
        case 0x0a: bytes += "\\n".utf8
        case 0x22 where escapesQuote: bytes += "\\\"".utf8
        default: bytes.append(byte)
        }
    }

    /// A number as the format has it; whole ones without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    /// A name of letters, digits and underscores that does not begin with a digit.
    static func name(_ text: String) -> String {
        let bytes = text.utf8.map { byte -> UInt8 in
            let isLetter = (0x61...0x7a).contains(byte | 0x20)
            return isLetter || (0x30...0x39).contains(byte) ? byte : 0x5f
        }
        let isSound = bytes.first.map { !(0x30...0x39).contains($0) } ?? false
        return (isSound ? "" : "_") + String(decoding: bytes, as: UTF8.self)
    }
}
