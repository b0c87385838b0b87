/// The way back to the client (OAuth 2.1 §4.1.2, RFC 9207).
enum ClientRedirect {
    /// The client's redirect URI with the code (G74, G75).
    static func success(
        _ redirectURI: String, code: String, state: String?, issuer: String?
    ) -> String {
        var pairs = [(name: "code", value: code)]
        if let state { pairs.append(("state", state)) }
        if let issuer { pairs.append(("iss", issuer)) }
        return append(pairs, to: redirectURI)
    }

    /// The client's redirect URI with an error (OAuth 2.1 §4.1.2.1).
    static func failure(
        _ redirectURI: String, _ failure: OAuthFailure, state: String?, issuer: String?
    ) -> String {
        var pairs = [(name: "error", value: failure.code)]
        if !failure.text.isEmpty { pairs.append(("error_description", failure.text)) }
        if let state { pairs.append(("state", state)) }
        if let issuer { pairs.append(("iss", issuer)) }
        return append(pairs, to: redirectURI)
    }

    /// A redirect that nobody keeps: 302, or 303 as the answer to a form.
    static func response(to location: String, status: Int = 302, reason: String) -> LocalResponse {
        LocalResponse(
            status: status,
            fields: [
                ("location", location), ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
            ], body: [], reason: reason)
    }

    private static func append(_ pairs: [(name: String, value: String)], to uri: String) -> String {
        // %20 and not +: a private-use scheme is decoded by whatever the application has.
        let query = FormPairs(pairs).encoded.split(separator: "+", omittingEmptySubsequences: false)
            .joined(separator: "%20")
        guard let mark = uri.firstIndex(of: "?") else { return uri + "?" + query }
        let isOpen = uri.index(after: mark) == uri.endIndex || uri.hasSuffix("&")
        return uri + (isOpen ? "" : "&") + query
    }
}
