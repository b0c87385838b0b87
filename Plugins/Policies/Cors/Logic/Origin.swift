/// An origin in its serialised form (RFC 6454 §6.2, the Fetch standard): `scheme://host[:port]`,
/// in lower case, without a default port.
struct Origin: Sendable, Equatable {
    let scheme: String
    let host: String
    /// Empty for the default port of the scheme.
    let port: String

    /// The serialised form.
    var text: String { "\(scheme)://\(host)\(port.isEmpty ? "" : ":" + port)" }

    /// Reads a serialised origin: anything that a browser would not write so is refused.
    init?(serialized bytes: some Collection<UInt8>) {
        guard let origin = Origin(written: String(decoding: bytes, as: UTF8.self)),
            origin.text.utf8.elementsEqual(bytes)
        else { return nil }
        self = origin
    }

    /// Reads an origin as a person writes it: case and a default port do not matter.
    init?(written text: String) {
        guard let (scheme, authority) = Self.split(text.lowercased()),
            scheme == "http" || scheme == "https",
            let (host, port) = Self.hostAndPort(authority), Self.isHost(host)
        else { return nil }
        guard let port = Self.canonicalPort(port, of: scheme) else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// `scheme` and what follows `://`.
    static func split(_ text: String) -> (scheme: String, rest: String)? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return nil
        }
        return (String(text[..<colon]), String(text[text.index(colon, offsetBy: 3)...]))
    }

    /// The host, an IPv6 literal with its brackets, and the port; an absent port is empty.
    static func hostAndPort(_ authority: String) -> (host: String, port: String)? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") && rest.count > 1 else { return nil }
            return (String(authority[...end]), String(rest.dropFirst()))
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first, parts.count == 1 || !parts[1].isEmpty
        else { return nil }
        return (String(host), parts.count == 2 ? String(parts[1]) : "")
    }

    /// The port without leading zeros, empty for the scheme's default; nil for what is none.
    static func canonicalPort(_ port: String, of scheme: String) -> String? {
        if port.isEmpty { return "" }
        guard port.utf8.allSatisfy({ $0 &- 48 < 10 }), port.utf8.count <= 5,
            let number = UInt16(port), number > 0, !port.hasPrefix("0")
        else { return nil }
        let isDefault = number == 80 && scheme == "http" || number == 443 && scheme == "https"
        return isDefault ? "" : port
    }

    /// A name of labels, an IPv4 address, or an IPv6 address in brackets.
    static func isHost(_ host: String) -> Bool {
        if host.hasPrefix("[") {
            let inner = host.dropFirst().dropLast().utf8
            return inner.count >= 2 && inner.count <= 45 && inner.contains(UInt8(ascii: ":"))
                && inner.allSatisfy { byte in
                    byte &- 48 < 10 || byte &- 97 < 6 || byte == UInt8(ascii: ":")
                        || byte == UInt8(ascii: ".")
                }
        }
        guard host.utf8.count <= 253 else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        guard (1...63).contains(label.utf8.count), !label.hasPrefix("-"), !label.hasSuffix("-")
        else { return false }
        return label.utf8.allSatisfy { byte in
            byte &- 97 < 26 || byte &- 48 < 10 || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
    }
}

/// Origins by a pattern: `*` in the host stands for one or more characters of a host name, as a
/// port for any port.
struct OriginPattern: Sendable, Equatable {
    let scheme: String
    let host: String
    let port: String

    /// Reads `https://*.example.org`, `http://localhost:*`; nil where there is no `*`, or where it
    /// stands elsewhere.
    init?(_ text: String) {
        guard text.contains("*"), let (scheme, authority) = Origin.split(text.lowercased()),
            scheme == "http" || scheme == "https",
            let (host, port) = Origin.hostAndPort(authority),
            Origin.isHost(host.replacing("*", "x"))
        else { return nil }
        self.scheme = scheme
        self.host = host
        if port == "*" {
            self.port = port
        } else {
            guard let port = Origin.canonicalPort(port, of: scheme) else { return nil }
            self.port = port
        }
    }

    /// Whether a `*` is not bounded by dots, so that it reaches into a label.
    var reachesIntoLabels: Bool {
        host.split(separator: ".").contains { $0 != "*" && $0.contains("*") }
    }

    /// Whether the pattern covers the origin.
    func matches(_ origin: Origin) -> Bool {
        guard origin.scheme == scheme, port == "*" || origin.port == port else { return false }
        guard !origin.host.hasPrefix("[") || !host.contains("*") else { return false }
        return Self.matches(Array(origin.host.utf8), Array(host.utf8))
    }

    /// A glob in which `*` takes one or more bytes; linear but for the last star's retries.
    private static func matches(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
        var at = 0
        var place = 0
        var star: (pattern: Int, text: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, at + 1)
                place += 1
                at += 1
            } else if place < pattern.count, pattern[place] == text[at] {
                place += 1
                at += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                place = last.pattern + 1
                at = last.text + 1
            } else {
                return false
            }
        }
        return place == pattern.count
    }
}

extension String {
    /// Each occurrence of a one-byte text replaced.
    fileprivate func replacing(_ one: Character, _ other: Character) -> String {
        String(map { $0 == one ? other : $0 })
    }
}
