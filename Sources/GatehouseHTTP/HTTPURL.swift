/// The parts of an absolute http or https URL (RFC 3986 §3, RFC 9110 §4.2), in normal form. Pure.
///
/// The one reading of a URL: what decides whether a fetch may go somewhere and what connects use
/// the same value, so that no spelling can mean one host to the first and another to the second.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// The longest text that is read, bytes.
    public static let bytesMax = 8_192

    /// Scheme, host and port (RFC 6454 §4).
    public struct Origin: Sendable, Hashable {
        /// Whether the scheme is https.
        public let isSecure: Bool
        /// The host in lower case; an IPv6 address in its normal form, without brackets.
        public let host: String
        /// The port, 1 or more.
        public let port: UInt16
    }

    /// Where it leads.
    public let origin: Origin
    /// Path and query as they go on the wire; begins with a slash.
    public let target: String

    /// Reads a URL; nil where it is not absolute, is longer than `bytesMax`, has user information,
    /// a bad port, a host with bytes that no host has, or bytes that do not belong into a request
    /// line. A fragment is dropped.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C })
        else { return nil }
        let scheme = text.prefix(8).lowercased()
        let isSecure = scheme.hasPrefix("https://")
        guard isSecure || scheme.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let (host, port) = Self.split(rest[..<end]) else { return nil }
        origin = Origin(isSecure: isSecure, host: host, port: port ?? (isSecure ? 443 : 80))
        let tail = rest[end...].prefix { $0 != "#" }
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }

    /// The value of Host: the port only where it is not the scheme's, IPv6 in brackets.
    public var authority: String {
        let name = origin.host.utf8.contains(0x3A) ? "[\(origin.host)]" : origin.host
        return origin.port == (origin.isSecure ? 443 : 80) ? name : "\(name):\(origin.port)"
    }

    /// The URL as text.
    public var description: String {
        "\(origin.isSecure ? "https" : "http")://\(authority)\(target)"
    }

    /// The URL that a Location means from here: absolute, or a path, or a query; nil for other
    /// relative references, of which redirects of a fetch use none.
    public func resolving(_ location: String) -> HTTPURL? {
        let scheme = origin.isSecure ? "https" : "http"
        if location.hasPrefix("//") { return HTTPURL("\(scheme):\(location)") }
        if let absolute = HTTPURL(location) { return absolute }
        guard location.hasPrefix("/") || location.hasPrefix("?") else { return nil }
        let path = target.prefix { $0 != "?" }
        let next = location.hasPrefix("?") ? path + location : Substring(location)
        return HTTPURL("\(scheme)://\(authority)\(next)")
    }

    /// Host and port of an authority; nil where it is none, a port of 0 included.
    private static func split(_ text: Substring) -> (host: String, port: UInt16?)? {
        let end = text.first == "[" ? text.firstIndex(of: "]") : text.firstIndex(of: ":")
        guard text.first == "[" else {
            let host = text[..<(end ?? text.endIndex)]
            guard let port = port(text[host.endIndex...]), isName(host) else { return nil }
            return (host.lowercased(), port.number)
        }
        guard let end, let address = IPAddress(String(text[..<end].dropFirst())), !address.isV4,
            let port = port(text[text.index(after: end)...])
        else { return nil }
        return (address.description, port.number)
    }

    /// `:digits`, `:` or nothing (RFC 3986 §3.2.3).
    private static func port(_ text: Substring) -> (number: UInt16?, Void)? {
        guard !text.isEmpty else { return (nil, ()) }
        let digits = text.dropFirst()
        guard text.first == ":", digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        if digits.isEmpty { return (nil, ()) }
        guard let number = UInt16(digits), number > 0 else { return nil }
        return (number, ())
    }

    private static func isName(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        return host.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
    }
}
