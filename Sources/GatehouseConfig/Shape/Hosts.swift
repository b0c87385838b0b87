/// Host names, endpoints and URLs of a configuration.
enum Hosts {
    /// A scheme, host, port and path, as far as they were written.
    struct URL {
        var isSecure: Bool
        /// Lower case, IPv6 without brackets.
        var host: String
        var port: UInt16
        /// Empty or with a leading slash.
        var path: String

        /// The authority, without the scheme's default port.
        var authority: String {
            let name = host.contains(":") ? "[\(host)]" : host
            return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
        }
    }

    /// `example.com`, `*.example.com`, `127.0.0.1`, `[::1]`.
    static func pattern(_ text: String) throws(FormatProblem) -> HostPattern {
        let lower = text.lowercased()
        guard lower.hasPrefix("*.") else { return .exact(bracketed(try host(lower))) }
        let suffix = String(lower.dropFirst(2))
        guard isName(suffix) else {
            throw FormatProblem("must be a host name such as *.example.com")
        }
        return .wildcard(suffix: suffix)
    }

    /// `name:port`, `127.0.0.1:80`, `[::1]:80`, `unix:/path`.
    static func endpoint(_ text: String) throws(FormatProblem) -> Upstream.Endpoint {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sun_path holds 108 bytes with the zero at its end.
            guard path.hasPrefix("/"), path.utf8.count <= 107 else {
                throw FormatProblem("must be unix: and an absolute path of at most 107 bytes")
            }
            return .unix(path: path)
        }
        if text.contains("://") {
            throw FormatProblem(
                "must be host:port without a scheme",
                suggestion: "for https add 'tls: {}' to the backend")
        }
        let (name, port) = try split(text)
        guard let port, port > 0 else {
            throw FormatProblem("must be host:port; the port is missing or not 1 to 65535")
        }
        return .host(name, port: port)
    }

    /// `http://host[:port]/path`, or a host alone where port and path have keys of their own.
    static func mcpHost(_ text: String) throws(FormatProblem) -> URL? {
        guard text.contains("://") else {
            _ = try host(text.lowercased())
            return nil
        }
        return try url(text)
    }

    /// The short form's `upstream`: an http URL, `host:port`, or `unix:/path`.
    static func upstream(_ text: String) throws(FormatProblem) -> Upstream {
        guard text.contains("://") else {
            return Upstream(endpoint: try endpoint(text), tls: nil, path: nil, isMCP: false)
        }
        return upstream(try url(text), isMCP: false)
    }

    /// An upstream of a URL; a URL with a path is an MCP target.
    static func upstream(_ url: URL, isMCP: Bool) -> Upstream {
        let path = url.path.isEmpty || url.path == "/" && !isMCP ? nil : url.path
        return Upstream(
            endpoint: .host(url.host, port: url.port), tls: url.isSecure ? UpstreamTLS() : nil,
            path: path, isMCP: isMCP || path != nil)
    }

    static func publicURL(_ text: String) throws(FormatProblem) -> PublicURL {
        var url = try url(text)
        while url.path.hasSuffix("/") { url.path.removeLast() }
        return PublicURL(
            scheme: url.isSecure ? "https" : "http", authority: url.authority, path: url.path)
    }

    /// `https://host[:port]`, with the port always written.
    static func origin(_ text: String) throws(FormatProblem) -> String {
        let url = try url(text)
        guard url.path.isEmpty || url.path == "/" else {
            throw FormatProblem("must be an origin such as https://host:port, without a path")
        }
        return "\(url.isSecure ? "https" : "http")://\(bracketed(url.host)):\(url.port)"
    }

    static func url(_ text: String) throws(FormatProblem) -> URL {
        let lower = text.lowercased()
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
            throw FormatProblem("must be a URL that begins with http:// or https://")
        }
        let isSecure = lower.hasPrefix("https://")
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let path = String(rest[end...])
        guard !path.contains("?"), !path.contains("#"),
            path.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw FormatProblem("must have no query, fragment or space") }
        guard !rest[..<end].contains("@") else {
            throw FormatProblem("must have no user information before the host")
        }
        let (name, port) = try split(String(rest[..<end]))
        guard port != 0 else { throw FormatProblem("has a port that is not 1 to 65535") }
        return URL(isSecure: isSecure, host: name, port: port ?? (isSecure ? 443 : 80), path: path)
    }

    /// Host and port; the port is nil where none is written.
    private static func split(_ text: String) throws(FormatProblem) -> (String, UInt16?) {
        var name = text[...]
        var port: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw FormatProblem("has a '[' without ']'")
            }
            name = text[...close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw FormatProblem("has something other than a port behind ']'")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            name = text[..<colon]
            port = text[text.index(after: colon)...]
            guard !name.contains(":") else {
                throw FormatProblem(
                    "is an IPv6 address without brackets", suggestion: "write [::1]:80")
            }
        }
        guard let port else { return (try host(name.lowercased()), nil) }
        guard port.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(port) else {
            throw FormatProblem("has a port that is not 1 to 65535")
        }
        return (try host(name.lowercased()), number)
    }

    /// A name or literal, IPv6 in brackets or not; returned without brackets.
    private static func host(_ text: String) throws(FormatProblem) -> String {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            guard inner.contains(":"), IPAddress.bytes(inner) != nil else {
                throw FormatProblem("has no IPv6 address between the brackets")
            }
            return inner
        }
        if text.contains(":"), IPAddress.bytes(text) != nil { return text }
        // A name of digits and dots would be an address to some resolvers and not to others.
        let isNumeric = text.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
        guard isNumeric ? IPAddress.bytes(text) != nil : isName(text) else {
            throw FormatProblem("has no valid host name or address")
        }
        return text
    }

    private static func bracketed(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }

    /// Labels of letters, digits, `-` and `_`, 63 bytes each, 253 together (RFC 1123 section 2.1).
    private static func isName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (97...122).contains(byte) || byte == 45
                        || byte == 95
                }
        }
    }
}
