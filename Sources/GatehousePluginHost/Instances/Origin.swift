/// Scheme, host and port of an http or https URL (RFC 6454 §4), in normal form.
struct Origin: Hashable, Sendable {
    let isSecure: Bool
    /// Lower case; an IPv6 literal with its brackets.
    let host: String
    let port: UInt16

    /// The origin of an absolute URL; nil where it is no http(s) URL, has userinfo, or a host with
    /// bytes that no host has.
    init?(url: some Sequence<UInt8>) {
        let bytes = Array(url.prefix(Limits.urlBytesMax + 1))
        guard bytes.count <= Limits.urlBytesMax else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let lower = text.prefix(8).lowercased()
        let rest: Substring
        if lower.hasPrefix("https://") {
            isSecure = true
            rest = text.dropFirst(8)
        } else if lower.hasPrefix("http://") {
            isSecure = false
            rest = text.dropFirst(7)
        } else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let (host, port) = Origin.split(authority) else { return nil }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
    }

    private static func split(_ authority: Substring) -> (host: String, port: UInt16?)? {
        var host = authority
        var port: UInt16?
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            guard let number = UInt16(digits), digits.allSatisfy(\.isWholeNumber) else {
                return nil
            }
            port = number
        }
        let isLiteral = host.hasPrefix("[") && host.hasSuffix("]")
        let allowed = host.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
            case 0x3a, 0x5b, 0x5d: isLiteral
            default: false
            }
        }
        guard !host.isEmpty, allowed else { return nil }
        return (host.lowercased(), port)
    }

    /// The origins of all strings of a JSON text that are http(s) URLs as a whole.
    ///
    /// The text is canonical JSON, so a URL stands between quotes without escapes up to the end of
    /// its authority.
    static func named(in json: String) -> Set<Origin> {
        var found: Set<Origin> = []
        let bytes = Array(json.utf8)
        var at = 0
        while let quote = bytes[at...].firstIndex(of: 0x22) {
            var end = quote + 1
            while end < bytes.count, bytes[end] != 0x22 {
                end += bytes[end] == 0x5c ? 2 : 1
            }
            if end <= bytes.count, let origin = Origin(url: bytes[(quote + 1)..<end]) {
                found.insert(origin)
            }
            at = end + 1
            if at >= bytes.count { break }
        }
        return found
    }
}
