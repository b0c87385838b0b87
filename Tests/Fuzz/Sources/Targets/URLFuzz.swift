import GatehouseHTTP

@testable import CorsLogic
@testable import McpAuthenticationLogic

/// URLs, origins and forms from peers: what is read is written again as the same.
enum URLFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        let text = input.text
        try checkFetched(text)
        try checkURL(text)
        try checkOrigin(input, text)
        try checkForm(input)
    }

    private static func checkFetched(_ text: String) throws {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let url = GatehouseHTTP.HTTPURL(String(parts[0])) else { return }
        try hold(
            GatehouseHTTP.HTTPURL(url.description) == url, "\(url) is another URL than \(parts[0])")
        try hold(
            url.target.hasPrefix("/") && url.target.utf8.allSatisfy { $0 > 32 && $0 < 127 },
            "an odd target: \(url.target)")
        try hold(!url.origin.host.isEmpty && url.origin.port > 0, "no host or port")
        try Array(url.authority.utf8).withUnsafeBytes {
            // What is sent as Host is read as the host that was decided about.
            guard let read = Authority($0) else { return }
            let host = $0[read.host].text
            try hold(
                host == url.origin.host || host == "[\(url.origin.host)]"
                    || host + "." == url.origin.host, "Host reads as \(host)")
        }
        guard parts.count == 2, let next = url.resolving(String(parts[1])) else { return }
        try hold(next.target.hasPrefix("/"), "an odd target of a redirect: \(next.target)")
        if parts[1].hasPrefix("/"), !parts[1].hasPrefix("//") {
            try hold(url.origin == next.origin, "a path of \(url) leads to \(next)")
        }
    }

    private static func checkURL(_ text: String) throws {
        guard let url = McpAuthenticationLogic.HTTPURL(text) else { return }
        try hold(
            McpAuthenticationLogic.HTTPURL(url.text) == url,
            "\(url.text) is another URL than \(text)")
        _ = (url.isLoopback, url.isPrivateLiteral, url.isHTTPSOrLoopback)
    }

    private static func checkOrigin(_ input: UnsafeRawBufferPointer, _ text: String) throws {
        if let origin = Origin(serialized: input) {
            try hold(origin.text.utf8.elementsEqual(input), "an origin is written otherwise")
        }
        if let written = Origin(written: text) {
            try hold(
                Origin(serialized: Array(written.text.utf8)) == written,
                "\(written.text) is no serialised origin")
        }
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let pattern = OriginPattern(String(parts[0])), parts.count == 2,
            let origin = Origin(serialized: Array(parts[1].utf8)), pattern.matches(origin)
        else { return }
        try hold(origin.scheme == pattern.scheme, "a pattern covers another scheme")
        let end = pattern.host.split(separator: "*", omittingEmptySubsequences: false).last ?? ""
        try hold(origin.host.hasSuffix(end), "\(parts[0]) covers \(origin.text)")
    }

    private static func checkForm(_ input: UnsafeRawBufferPointer) throws {
        guard let form = FormPairs(parsing: input) else { return }
        try hold(
            FormPairs(parsing: Array(form.encoded.utf8)) == form,
            "\(form.encoded) is another form")
        for pair in form.pairs {
            try hold(form.count(of: pair.name) > 0 && form[pair.name] != nil, "a pair is lost")
        }
    }
}
