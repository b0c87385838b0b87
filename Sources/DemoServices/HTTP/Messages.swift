import GatehouseJSON
import NIOHTTP1

/// A request as a demo site sees it: its body is complete.
struct DemoRequest: Sendable {
    let method: String
    /// The target as it came.
    let target: String
    let version: String
    let headers: HTTPHeaders
    let body: [UInt8]
    /// The octets of the body, also where they were only counted and hashed.
    let bodyCount: Int
    /// The SHA-256 of a body that was not kept; empty otherwise.
    let bodyDigest: [UInt8]

    /// The target up to the question mark.
    var path: String { String(target.prefix { $0 != "?" }) }

    /// The query's parameters; the first of a name counts.
    var query: [String: String] {
        let text = target.drop { $0 != "?" }.dropFirst()
        return FormEncoding.parse(String(text))
    }

    /// The parameters of a form body, or of a JSON object of strings.
    var form: [String: String] {
        let text = String(decoding: body, as: UTF8.self)
        guard header("content-type")?.hasPrefix("application/json") == true else {
            return FormEncoding.parse(text)
        }
        guard let object = json?.objectValue else { return [:] }
        var result: [String: String] = [:]
        for member in object { result[member.key] = member.value.stringValue }
        return result
    }

    /// The body as JSON; nil when it is none.
    var json: JSONValue? { try? JSONValue(parsing: body) }

    func header(_ name: String) -> String? { headers.first(name: name) }

    /// The value of a cookie.
    func cookie(_ name: String) -> String? {
        for line in headers["cookie"] {
            for pair in line.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == name { return String(parts[1]) }
            }
        }
        return nil
    }
}

/// A whole answer.
struct DemoResponse: Sendable {
    var status: Int
    var headers: [(String, String)] = []
    var body: [UInt8] = []

    static func json(
        _ value: JSONValue, status: Int = 200, headers: [(String, String)] = []
    ) -> DemoResponse {
        DemoResponse(
            status: status, headers: [("Content-Type", "application/json")] + headers,
            body: value.serializedBytes())
    }

    static func text(_ text: String, status: Int = 200) -> DemoResponse {
        DemoResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")],
            body: Array(text.utf8))
    }

    static func html(
        _ text: String, status: Int = 200, headers: [(String, String)] = []
    ) -> DemoResponse {
        DemoResponse(
            status: status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
                ("Content-Security-Policy", "frame-ancestors 'none'"),
            ] + headers, body: Array(text.utf8))
    }

    static func redirect(
        to location: String, headers: [(String, String)] = []
    ) -> DemoResponse {
        DemoResponse(
            status: 302, headers: [("Location", location), ("Cache-Control", "no-store")] + headers)
    }

    /// An OAuth error (RFC 6749 §5.2).
    static func oauthError(
        _ code: String, _ description: String, status: Int = 400,
        headers: [(String, String)] = []
    ) -> DemoResponse {
        .json(
            ["error": .string(code), "error_description": .string(description)], status: status,
            headers: [("Cache-Control", "no-store")] + headers)
    }

    func adding(_ headers: [(String, String)]) -> DemoResponse {
        var copy = self
        copy.headers += headers
        return copy
    }
}

/// What a site answers with.
enum Reply: Sendable {
    case whole(DemoResponse)
    /// A head without a length, then whatever the closure writes, on the connection's loop.
    case stream(DemoResponse, @Sendable (ResponseStream) -> Void)
}

/// One of the demo programs.
protocol Site: Sendable {
    func reply(to request: DemoRequest) -> Reply
    /// Whether the body is counted and hashed instead of kept.
    func isBodyOnlyCounted(_ path: String) -> Bool
}

extension Site {
    func isBodyOnlyCounted(_ path: String) -> Bool { false }
}

/// `application/x-www-form-urlencoded`.
enum FormEncoding {
    static func parse(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        for pair in text.split(separator: "&").prefix(256) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = decode(parts[0])
            if result[name] == nil { result[name] = parts.count > 1 ? decode(parts[1]) : "" }
        }
        return result
    }

    static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func encode(_ text: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return text.utf8.reduce(into: "") { result, byte in
            if plain.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
    }

    /// Appends parameters to a redirect URI, after a query of its own where it has one.
    static func adding(_ parameters: [(String, String)], to uri: String) -> String {
        let query = parameters.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
        return uri + (uri.contains("?") ? "&" : "?") + query
    }
}

/// Text for an HTML attribute or element.
func escapedHTML(_ text: String) -> String {
    text.reduce(into: "") { result, character in
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        default: result.append(character)
        }
    }
}
