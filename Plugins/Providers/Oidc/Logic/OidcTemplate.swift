/// Texts of a profile with names in braces.
enum OidcTemplate {
    /// The URL with `{issuer}`, `{base}` (the issuer without slashes at its end), `{origin}` and
    /// `{path}` (of the base) filled in.
    static func url(_ template: String, issuer: String) -> String {
        var base = issuer[...]
        while base.hasSuffix("/") { base.removeLast() }
        let (origin, path) = split(base)
        return filled(
            template,
            [
                "issuer": issuer, "base": String(base), "origin": String(origin),
                "path": String(path),
            ])
    }

    /// The text with every `{name}` that has a value filled in.
    static func filled(_ template: String, _ values: [String: String]) -> String {
        var out = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            out += rest[..<open]
            let behind = rest[rest.index(after: open)...]
            guard let close = behind.firstIndex(of: "}") else { return out + rest[open...] }
            out += values[String(behind[..<close])].map { $0[...] } ?? rest[open...close]
            rest = behind[behind.index(after: close)...]
        }
        return out + rest
    }

    /// Origin and path of an absolute URL without a slash at its end.
    private static func split(_ url: Substring) -> (origin: Substring, path: Substring) {
        var at = url.startIndex
        for _ in 0..<3 {
            guard let slash = url[at...].firstIndex(of: "/") else { return (url, "") }
            at = url.index(after: slash)
        }
        let slash = url.index(before: at)
        return (url[..<slash], url[slash...])
    }
}
