/// The parts of an absolute http or https URL (RFC 3986 §3, RFC 9110 §4.2). Pure.
struct FetchURL: Equatable {
    var isTLS: Bool
    /// The host in lower case; an IPv6 address without brackets.
    var host: String
    var port: UInt16
    /// Path and query as they go on the wire; begins with a slash.
    var target: String

    /// Reads a URL; nil where it is not absolute, has user information, a bad port, or bytes that
    /// do not belong into a request line.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C }) else { return nil }
        let lower = text.prefix(8).lowercased()
        let rest: Substring
        if lower.hasPrefix("https://") {
            isTLS = true
            rest = text.dropFirst(8)
        } else if lower.hasPrefix("http://") {
            isTLS = false
            rest = text.dropFirst(7)
        } else {
            return nil
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let authority = Self.authority(rest[..<end], isTLS ? 443 : 80) else { return nil }
        (host, port) = authority
        let tail = rest[end...].prefix { $0 != "#" }
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }

    /// The value of Host: the port only where it is not the scheme's.
    var authority: String {
        let name = host.utf8.contains(0x3A) ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Scheme, host and port are the same (RFC 6454 §5).
    func isSameOrigin(_ other: FetchURL) -> Bool {
        isTLS == other.isTLS && host == other.host && port == other.port
    }

    /// The URL that a Location means from here: absolute, or a path, or a query; other relative
    /// references are refused, redirects use none of them.
    func resolving(_ location: String) -> FetchURL? {
        if location.hasPrefix("//") { return FetchURL((isTLS ? "https:" : "http:") + location) }
        if let absolute = FetchURL(location) { return absolute }
        guard location.hasPrefix("/") || location.hasPrefix("?") else { return nil }
        let path = target.prefix { $0 != "?" }
        let next = location.hasPrefix("?") ? path + location : Substring(location)
        return FetchURL("\(isTLS ? "https" : "http")://\(authority)\(next)")
    }

    private static func authority(_ text: Substring, _ standard: UInt16) -> (String, UInt16)? {
        guard !text.contains("@"), !text.isEmpty else { return nil }
        var host = text
        var port: Substring = ""
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<close]
            let after = text[text.index(after: close)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            port = after.dropFirst()
            guard let address = IPAddress(String(host)) else { return nil }
            host = Substring(address.description)
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.count <= 253 else { return nil }
        if port.isEmpty { return (host.lowercased(), standard) }
        guard port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt16(port),
            number > 0
        else { return nil }
        return (host.lowercased(), number)
    }
}
