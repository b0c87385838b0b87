import GatehouseJOSE
import GatehouseJSON

/// The pages that a person sees: plain HTML, without script and without anything from elsewhere.
///
/// Every text is escaped: names and URIs are of the client's choice (§6.17).
enum Pages {
    private static let style =
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;"
        + "color:#1b1b1f;background:#fff}h1{font-size:1.4rem}dt{color:#5c5c66;margin-top:.6rem}"
        + "dd{margin:0;overflow-wrap:anywhere}.warn{border-left:.25rem solid #b45309;"
        + "padding:.2rem .8rem;background:#fff7ed}button{font:inherit;padding:.5rem 1.4rem;"
        + "margin:1rem .6rem 0 0;border:1px solid #5c5c66;border-radius:.3rem;background:#fff}"
        + "button.main{background:#1d4ed8;border-color:#1d4ed8;color:#fff}"

    /// What a consent page shows.
    struct Question: Sendable, Equatable {
        var client: ClientRecord
        var redirectURI: String
        var scopes: [String]
        var resource: String
        /// The path that the form is posted to.
        var action: String
        /// The sealed request, bound to the browser: the CSRF token.
        var token: String
        /// The authorization endpoint that the answer leads to.
        var provider: String
    }

    /// The consent page (G76): who asks, where the answer goes, for what.
    static func consent(_ question: Question) -> LocalResponse {
        let client = question.client
        let target = host(of: question.redirectURI)
        let isLoopback =
            RedirectURIs.isLoopback(question.redirectURI) || HTTPURL(question.redirectURI) == nil
        let name = client.name ?? (client.kind == .document ? client.clientID : "An application")
        var body = "<h1>Allow access?</h1><p><strong>\(escaped(name))</strong> wants to use "
        body += "<strong>\(escaped(question.resource))</strong> in your name.</p><dl>"
        if client.kind == .document {
            body += "<dt>Described by</dt><dd>\(escaped(client.clientID))</dd>"
        }
        body += "<dt>The answer goes to</dt><dd>\(escaped(target))</dd>"
        if !question.scopes.isEmpty {
            let scopes = question.scopes.map { escaped($0) }.joined(separator: ", ")
            body += "<dt>Asked for</dt><dd>\(scopes)</dd>"
        }
        body += "</dl>"
        if isLoopback {
            body +=
                "<p class=\"warn\">The answer goes to a program on this computer. Any program here"
                + " can call itself so: go on only if you have just started it yourself.</p>"
        }
        body += "<p>The name is the application's own; nobody has checked it.</p>"
        body += "<form method=\"post\" action=\"\(escaped(question.action))\">"
        body += "<input type=\"hidden\" name=\"token\" value=\"\(escaped(question.token))\">"
        body += "<button class=\"main\" name=\"decision\" value=\"allow\">Allow</button>"
        body += "<button name=\"decision\" value=\"deny\">Deny</button></form>"
        return page(
            200, title: "Allow access?", body,
            formAction: formAction([question.redirectURI, question.provider]),
            reason: "consent is asked for")
    }

    /// An error for a person, or as JSON for a program (G66).
    ///
    /// - Parameter next: where the application waits for it, of the client's choice.
    static func failure(
        _ failure: OAuthFailure, acceptsHTML: Bool, next: String? = nil
    ) -> LocalResponse {
        guard acceptsHTML else { return failure.response }
        let text = failure.text.isEmpty ? failure.code : failure.text
        var body = "<h1>This cannot go on</h1><p>\(escaped(text)).</p>"
        if let next {
            body +=
                "<p>Go back to <a href=\"\(escaped(next))\">\(escaped(host(of: next)))</a> if you"
                + " know it.</p>"
        } else {
            body += "<p>Go back to the application and begin again.</p>"
        }
        body += "<p><small>\(escaped(failure.code))</small></p>"
        return page(
            failure.status, title: "This cannot go on", body, formAction: "'none'",
            reason: "\(failure.code): \(failure.text)")
    }

    /// Whether a browser asks: `Accept` names HTML.
    static func acceptsHTML(_ accept: String?) -> Bool {
        accept?.lowercased().contains("text/html") ?? false
    }

    private static func page(
        _ status: Int, title: String, _ body: String, formAction: String, reason: String
    ) -> LocalResponse {
        let text =
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
            + "<meta name=\"viewport\" content=\"width=device-width\">"
            + "<title>\(escaped(title))</title><style>\(style)</style></head><body>\(body)</body>"
            + "</html>"
        let hash = Base64Text.encode(Digests.sha256(Array(style.utf8)))
        return LocalResponse(
            status: status,
            fields: [
                ("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"),
                (
                    "content-security-policy",
                    "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; "
                        + "frame-ancestors 'none'; form-action \(formAction)"
                ),
                ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
            ], body: Array(text.utf8), reason: reason)
    }

    /// Where the form may lead. Browsers hold a form to its `form-action` through every redirect
    /// that follows: to the provider, from there to whatever logs people in, back to the callback,
    /// and to the client's own URI. Of those only the schemes are known beforehand.
    private static func formAction(_ uris: [String]) -> String {
        var schemes = ["https:"]
        for uri in uris {
            let scheme = uri.prefix { $0 != ":" }.lowercased() + ":"
            if !schemes.contains(scheme) { schemes.append(scheme) }
        }
        return (["'self'"] + schemes).joined(separator: " ")
    }

    /// The host of a redirect URI; a private-use scheme as it is written.
    private static func host(of uri: String) -> String {
        guard let url = HTTPURL(uri) else { return String(uri.prefix { $0 != ":" }) + ":" }
        return url.scheme == "https" ? url.host : "\(url.host) (this computer)"
    }

    /// `text` as HTML text and as the value of a quoted attribute.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
