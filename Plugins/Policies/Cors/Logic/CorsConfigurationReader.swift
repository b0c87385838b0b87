import GatehouseJSON
import GatehousePluginKit

/// Reads a configuration and remarks on what is wrong with it, all at once.
struct CorsConfigurationReader {
    let value: JSONValue
    var remarks: [Diagnostic] = []

    mutating func read() -> CorsConfiguration {
        var result = CorsConfiguration()
        let isMCP = value["preset"] == "mcp"
        result.origins = origins()
        result.methods = names("allowMethods", isMCP ? CorsConfiguration.MCP.methods : [], false)
        result.headers = names("allowHeaders", isMCP ? CorsConfiguration.MCP.headers : [], true)
        result.exposed = exposed(isMCP ? CorsConfiguration.MCP.exposed : [])
        result.allowsCredentials = value["allowCredentials"]?.boolValue ?? false
        result.maxAge = maxAge()
        result.forwardsDisallowed = value["disallowedOrigin"] == "forward"
        if result.allowsCredentials { checkCredentials(result) }
        return result
    }

    /// The Fetch standard lets no wildcard count together with credentials; reflecting any origin
    /// instead would open the route to every page.
    private mutating func checkCredentials(_ result: CorsConfiguration) {
        if result.origins == .any {
            remarks.append(
                .error(
                    place("allowCredentials"),
                    "credentials cannot be allowed to every origin (allowOrigins has *)",
                    suggestion: "list the origins"))
        }
        if result.exposed.contains("*") {
            remarks.append(
                .warning(
                    place("exposeHeaders"),
                    "with credentials a browser takes * for a header's name",
                    suggestion: "list the headers"))
        }
    }

    private mutating func origins() -> CorsConfiguration.Origins {
        var texts: [String] = []
        var patterns: [OriginPattern] = []
        var isAny = false
        for (at, entry) in strings("allowOrigins").enumerated() {
            if entry == "*" {
                isAny = true
            } else if entry == "null" {
                texts.append(entry)
            } else if let origin = Origin(written: entry) {
                texts.append(origin.text)
            } else if let pattern = OriginPattern(entry) {
                patterns.append(pattern)
                if pattern.reachesIntoLabels { warnOfGlob(at, entry) }
            } else if Self.isForeignScheme(entry) {
                texts.append(entry)
            } else {
                refuseOrigin(at, entry)
            }
        }
        return isAny ? .any : .listed(texts, patterns)
    }

    /// An origin of an extension or an application: `chrome-extension://id`, compared as it is.
    private static func isForeignScheme(_ entry: String) -> Bool {
        guard let (scheme, rest) = Origin.split(entry), scheme != "http", scheme != "https",
            !scheme.isEmpty, !rest.isEmpty
        else { return false }
        return scheme.utf8.allSatisfy { $0 &- 97 < 26 || $0 &- 48 < 10 || $0 == 0x2D }
            && rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/*?#,".utf8.contains($0) }
    }

    private mutating func warnOfGlob(_ at: Int, _ entry: String) {
        remarks.append(
            .warning(
                place("allowOrigins", at),
                "the * reaches into a label: names of other owners may match",
                suggestion: "let * stand for whole labels (https://*.example.org)"))
    }

    private mutating func refuseOrigin(_ at: Int, _ entry: String) {
        var suggestion = "write scheme://host or scheme://host:port"
        if let (scheme, rest) = Origin.split(entry), let slash = rest.firstIndex(of: "/") {
            suggestion = "\(scheme)://\(rest[..<slash])"
        } else if Origin(written: "https://\(entry)") != nil {
            suggestion = "https://\(entry)"
        }
        remarks.append(
            .error(place("allowOrigins", at), "this is no origin", suggestion: suggestion))
    }

    private mutating func names(
        _ key: String, _ preset: [String], _ isHeader: Bool
    ) -> CorsConfiguration.Names {
        var names: [String] = []
        var prefixes: [String] = []
        var isAny = false
        for (at, entry) in (strings(key) + preset).enumerated() {
            let name = isHeader ? entry.lowercased() : entry
            if name == "*" {
                isAny = true
            } else if isHeader, name.hasSuffix("*"), Token.isToken(name.utf8.dropLast()) {
                prefixes.append(String(name.dropLast()))
            } else if Token.isToken(name.utf8) {
                if !names.contains(name) { names.append(name) }
            } else {
                remarks.append(
                    .error(place(key, at), "this is no \(isHeader ? "header name" : "method")"))
            }
        }
        return isAny ? .any : .listed(names, prefixes: prefixes)
    }

    private mutating func exposed(_ preset: [String]) -> [String] {
        var names: [String] = []
        for (at, entry) in (strings("exposeHeaders") + preset).enumerated() {
            let known = names.contains { $0.lowercased() == entry.lowercased() }
            if Token.isToken(entry.utf8) {
                if !known { names.append(entry) }
            } else {
                remarks.append(.error(place("exposeHeaders", at), "this is no header name"))
            }
        }
        return names.contains("*") ? ["*"] : names
    }

    private mutating func maxAge() -> Int64? {
        guard let value = value["maxAge"] else { return nil }
        if let seconds = value.intValue, seconds >= 0 { return seconds }
        if let text = value.stringValue, let seconds = Self.seconds(text) { return seconds }
        remarks.append(
            .error(place("maxAge"), "this is no duration", suggestion: "600s, 10m, 1h30m"))
        return nil
    }

    /// Seconds of `1h30m`, `600s`, `600`; nil for anything else and beyond a year.
    static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        var total: Int64 = 0
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let unit = units[character], let number = Int64(digits), number <= 31_536_000
            else { return nil }
            total += number * unit
            digits = ""
            guard total <= 31_536_000 else { return nil }
        }
        if digits.isEmpty { return text.isEmpty ? nil : total }
        guard total == 0, let number = Int64(digits), number <= 31_536_000 else { return nil }
        return number
    }

    private func strings(_ key: String) -> [String] {
        (value[key]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private func place(_ key: String, _ index: Int? = nil) -> JSONPointer {
        let pointer = JSONPointer(tokens: [key])
        return index.map { pointer.appending($0) } ?? pointer
    }
}

/// Names of methods and fields (RFC 9110 §5.6.2).
enum Token {
    /// Whether the bytes are a token.
    static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isTokenByte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
