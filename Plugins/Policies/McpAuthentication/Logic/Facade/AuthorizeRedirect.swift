/// The `/authorize` of mediated delivery: the browser is sent on to the provider.
///
/// The gateway knows no client, so it never redirects an error: what is wrong is answered here
/// (OAuth 2.1 §4.1.2.1, G73).
enum AuthorizeRedirect {
    /// Checks the parameters of a request: each once, a code, and PKCE by S256 (G43).
    static func check(_ query: [UInt8]) -> Result<FormPairs, OAuthFailure> {
        guard let pairs = FormPairs(parsing: query) else {
            return .failure(.request("the query is not a form"))
        }
        for name in ["client_id", "redirect_uri", "response_type", "state", "code_challenge"]
        where pairs.count(of: name) > 1 {
            return .failure(.request("\(name) is repeated"))
        }
        guard pairs["response_type"] == "code" else {
            return .failure(OAuthFailure("unsupported_response_type", "only code is supported"))
        }
        guard pairs["client_id"]?.isEmpty == false else {
            return .failure(.request("client_id is missing"))
        }
        guard let challenge = pairs["code_challenge"], (43...128).contains(challenge.utf8.count),
            pairs["code_challenge_method"] == "S256"
        else { return .failure(.request("PKCE with S256 is required")) }
        return .success(pairs)
    }

    /// 302 to the provider's endpoint with these parameters (RFC 6749 §4.1.1).
    static func redirect(to endpoint: HTTPURL, _ pairs: FormPairs) -> LocalResponse {
        var query = endpoint.query ?? ""
        if !query.isEmpty { query += "&" }
        query += pairs.encoded
        return LocalResponse(
            status: 302,
            fields: [
                ("location", endpoint.origin + endpoint.path + "?" + query),
                ("cache-control", "no-store"), ("referrer-policy", "no-referrer"),
            ], body: [], reason: "authorize")
    }
}

/// An error of an OAuth endpoint.
struct OAuthFailure: Error, Sendable, Equatable {
    let status: Int
    let code: String
    let text: String

    init(_ code: String, _ text: String, status: Int = 400) {
        self.code = code
        self.text = text
        self.status = status
    }

    static func request(_ text: String) -> OAuthFailure { OAuthFailure("invalid_request", text) }

    /// As JSON (RFC 6749 §5.2).
    var response: LocalResponse {
        .oauthError(status, code, text, reason: "\(code): \(text)")
    }
}
