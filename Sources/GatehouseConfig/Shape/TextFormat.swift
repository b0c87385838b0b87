import GatehouseRegex
import GatehouseSchema

/// Why a text is not of its format; it never holds the text.
struct FormatProblem: Error {
    var message: String
    var suggestion: String?

    init(_ message: String, suggestion: String? = nil) {
        self.message = message
        self.suggestion = suggestion
    }
}

/// The formats of text in a configuration.
enum TextFormat: Sendable, Hashable {
    case name
    case filePath
    case choice([String])
    case listenerProtocol
    case duration
    case byteSize(mayBeOff: Bool)
    case address
    case addressBlock
    case hostPattern
    case hostPort
    case mcpHost
    case upstream
    case publicURL
    case origin
    case method
    case fieldName
    case path
    case regex
    case value
    case upgrade

    /// Throws when the text is not of this format.
    func check(_ text: String) throws(FormatProblem) {
        switch self {
        case .name, .filePath: try Texts.notEmpty(text)
        case .choice(let choices): try Texts.choice(text, choices)
        case .listenerProtocol: try Texts.listenerProtocol(text)
        case .duration: _ = try Amounts.duration(text)
        case .byteSize(let mayBeOff): _ = try Amounts.bytes(text, mayBeOff: mayBeOff)
        case .address:
            guard IPAddress.bytes(text) != nil else {
                throw FormatProblem("must be an IPv4 or IPv6 address without brackets")
            }
        case .addressBlock:
            guard AddressBlock(text) != nil else {
                throw FormatProblem("must be an address or a block such as 10.0.0.0/8 or fd00::/8")
            }
        case .hostPattern: _ = try Hosts.pattern(text)
        case .hostPort: _ = try Hosts.endpoint(text)
        case .mcpHost: _ = try Hosts.mcpHost(text)
        case .upstream: _ = try Hosts.upstream(text)
        case .publicURL: _ = try Hosts.publicURL(text)
        case .origin: _ = try Hosts.origin(text)
        case .method, .fieldName: try Texts.token(text)
        case .path: try Texts.path(text)
        case .regex: try Texts.regex(text)
        case .value: break
        case .upgrade: try Texts.upgrade(text)
        }
    }

    /// The keywords of JSON Schema that say the same, as far as they can.
    var schemaKeywords: [(String, String)] {
        switch self {
        case .name, .filePath: [("minLength", "1")]
        case .choice(let choices):
            [("enum", "[" + choices.map { "\"\($0)\"" }.joined(separator: ",") + "]")]
        case .listenerProtocol: [("enum", #"["HTTP"]"#)]
        case .duration: [("pattern", #""^([0-9]+(ms|s|m|h)|off)$|\\$\\{""#)]
        case .byteSize(let mayBeOff):
            [("pattern", #""^[0-9]+ ?([KMG]i?B|B)?$"# + (mayBeOff ? "|^off$" : "") + #"|\\$\\{""#)]
        case .publicURL, .origin: [("pattern", #""^https?://|\\$\\{""#)]
        case .path: [("pattern", #""^/|\\$\\{""#)]
        case .hostPort: [("pattern", #"":[0-9]{1,5}$|^unix:/|\\$\\{""#)]
        default: [("minLength", "1")]
        }
    }
}

/// Names, paths and expressions.
enum Texts {
    static func notEmpty(_ text: String) throws(FormatProblem) {
        guard !text.isEmpty else { throw FormatProblem("must not be empty") }
    }

    static func choice(_ text: String, _ choices: [String]) throws(FormatProblem) {
        guard !choices.contains(text) else { return }
        throw FormatProblem(
            "must be \(choices.joined(separator: " or "))",
            suggestion: Names.nearest(to: text, among: choices).map { "did you mean '\($0)'?" })
    }

    static func listenerProtocol(_ text: String) throws(FormatProblem) {
        if text == "HTTP" { return }
        guard !["HTTPS", "TLS", "TCP", "HBONE"].contains(text) else {
            throw FormatProblem("must be HTTP; '\(text)' is not supported yet")
        }
        throw FormatProblem("must be HTTP")
    }

    /// RFC 9110 section 5.6.2.
    static func token(_ text: String) throws(FormatProblem) {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        let isToken = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || marks.contains(byte)
        }
        guard isToken, !text.isEmpty else {
            throw FormatProblem("must be a token: letters, digits and !#$%&'*+-.^_`|~")
        }
    }

    /// `name` or `name/version` (RFC 9110 section 7.8).
    static func upgrade(_ text: String) throws(FormatProblem) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        for part in parts { try token(String(part)) }
        let name = parts.first.map { $0.lowercased() } ?? ""
        guard !["h2c", "h2", "http", "tls"].contains(name) else {
            throw FormatProblem("must not be HTTP or TLS, which are the gateway's own")
        }
    }

    /// A path as requests are matched against: normalised, without a query.
    static func path(_ text: String) throws(FormatProblem) {
        guard text.hasPrefix("/") else { throw FormatProblem("must begin with '/'") }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x3f && $0 != 0x23 })
        else {
            throw FormatProblem("must be a path without query, fragment, space or non-ASCII bytes")
        }
        let segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.dropLast().contains(""), !segments.contains("."), !segments.contains("..")
        else {
            throw FormatProblem(
                "must be normalised: paths with '//', '/./' or '/../' are never matched")
        }
    }

    static func regex(_ text: String) throws(FormatProblem) {
        do {
            _ = try LinearRegex(text)
        } catch {
            throw FormatProblem("is no regular expression: \(error.reason)")
        }
    }
}

/// Durations and sizes.
enum Amounts {
    /// `500ms`, `30s`, `5m`, `1h`; nil is `off`; at most 30 days.
    static func duration(_ text: String) throws(FormatProblem) -> Duration? {
        if text == "off" { return nil }
        let units = ["ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let unit = units[String(text.dropFirst(digits.count))], digits.count <= 10,
            let count = Int(digits)
        else { throw FormatProblem("must be a duration such as 500ms, 30s, 5m or 1h, or off") }
        let milliseconds = count * unit
        guard (1...2_592_000_000).contains(milliseconds) else {
            throw FormatProblem("must be between 1ms and 720h")
        }
        return .milliseconds(milliseconds)
    }

    /// `1048576`, `1MiB`, `10MB`; nil is `off`; at most 1 TiB.
    static func bytes(_ text: String, mayBeOff: Bool) throws(FormatProblem) -> Int? {
        if text == "off", mayBeOff { return nil }
        let units = [
            "": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 1_000,
            "MB": 1_000_000, "GB": 1_000_000_000,
        ]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let factor = units[String(unit)], digits.count <= 13, let count = Int(digits) else {
            throw FormatProblem(
                "must be a size in bytes such as 65536, 64KiB or 10MiB"
                    + (mayBeOff ? ", or off" : ""))
        }
        let (size, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, size <= 1 << 40 else { throw FormatProblem("must be at most 1024GiB") }
        return size
    }
}
