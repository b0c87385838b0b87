/// An absolute `http` or `https` URL, split by RFC 3986 §3 and kept in its normal spelling.
///
/// What this type refuses: user information (RFC 9110 §4.2.4), a fragment, spaces, control bytes
/// and bytes outside ASCII, an empty host or one with escapes, which would be shown as another than
/// it is, a port of 0 or above 65535.
struct HTTPURL: Sendable, Hashable {
    /// `http` or `https`.
    let scheme: String
    /// Lower-case; an IPv6 literal keeps its brackets.
    let host: String
    /// The port that is written, else the scheme's own.
    let port: Int
    /// Empty or beginning with `/`, escapes as written.
    let path: String
    /// What follows `?`, without it.
    let query: String?

    /// Reads `text`; `nil` where it is not such a URL.
    init?(_ text: String) {
        guard text.utf8.count <= 4096, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !text.utf8.contains(where: { UInt8(ascii: "#") == $0 || UInt8(ascii: "\\") == $0 })
        else { return nil }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon].lowercased()
        let rest = text[text.index(after: colon)...]
        guard scheme == "http" || scheme == "https", rest.hasPrefix("//") else { return nil }
        let behind = rest.dropFirst(2)
        let end = behind.firstIndex { $0 == "/" || $0 == "?" } ?? behind.endIndex
        guard
            let authority = Self.splitAuthority(behind[..<end], of: scheme)
        else { return nil }
        let tail = behind[end...]
        let mark = tail.firstIndex(of: "?")
        self.scheme = scheme
        host = authority.host
        port = authority.port
        path = String(tail[..<(mark ?? tail.endIndex)])
        query = mark.map { String(tail[tail.index(after: $0)...]) }
    }

    private static func splitAuthority(
        _ text: Substring, of scheme: String
    ) -> (host: String, port: Int)? {
        guard !text.isEmpty, !text.contains("@") else { return nil }
        var host = text
        var port = scheme == "https" ? 443 : 80
        let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[afterBracket...].firstIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.count <= 5, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits), number > 0, number < 65536
            else { return nil }
            host = text[..<colon]
            port = number
        }
        let isLiteral = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        let isName =
            !host.isEmpty && !host.contains { "[]:%".contains($0) }
        return isLiteral || isName ? (host.lowercased(), port) : nil
    }

    /// `scheme://host[:port]`, the port only where it is not the scheme's own.
    var origin: String {
        let usual = scheme == "https" ? 443 : 80
        return port == usual ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }

    /// The URL in its normal spelling.
    var text: String { origin + path + (query.map { "?" + $0 } ?? "") }

    /// Whether the host is this machine by its name or literal (RFC 6761 §6.3, RFC 8252 §7.3).
    var isLoopback: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" { return true }
        guard let first = IPv4(host)?.first else { return false }
        return first == 127
    }

    /// Whether the URL is fit for a connection that leaves this machine: https, or loopback.
    var isHTTPSOrLoopback: Bool { scheme == "https" || isLoopback }

    /// Whether the host is written as an address that is certainly not public.
    ///
    /// Names are judged where they are resolved, by the host's fetch with its public reach.
    var isPrivateLiteral: Bool {
        if isLoopback || host.hasPrefix("[") && !host.hasPrefix("[2") && !host.hasPrefix("[3") {
            return true
        }
        guard let four = IPv4(host) else { return false }
        let (a, b) = (four.octets[0], four.octets[1])
        return a == 0 || a == 10 || a == 127 || a >= 224 || (a == 100 && (64...127).contains(b))
            || (a == 169 && b == 254) || (a == 172 && (16...31).contains(b))
            || (a == 192 && b == 168)
    }
}

/// A dotted IPv4 address.
private struct IPv4 {
    let octets: [Int]
    var first: Int? { octets.first }

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let numbers = parts.compactMap { part -> Int? in
            guard !part.isEmpty, part.utf8.count <= 3,
                part.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(part), value < 256
            else { return nil }
            return value
        }
        guard numbers.count == 4 else { return nil }
        octets = numbers
    }
}
