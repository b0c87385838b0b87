import GatehouseJSON

/// A client's authorization request (OAuth 2.1 §4.1.1), read but not yet judged.
struct AuthorizationRequest: Sendable, Equatable {
    /// Every parameter, as it came.
    let pairs: FormPairs
    let clientID: String

    /// Parameters that decide, and so may not be repeated (RFC 6749 §3.1).
    private static let once = [
        "response_type", "state", "code_challenge", "code_challenge_method", "scope", "prompt",
        "response_mode", "nonce", "request", "request_uri",
    ]
    /// At most so many bytes of a query.
    static let maximumBytes = 16 * 1024

    /// Reads a query; what is wrong here is answered by a page, never by a redirect (G73).
    static func read(_ query: [UInt8]) -> Result<AuthorizationRequest, OAuthFailure> {
        guard query.count <= maximumBytes, let pairs = FormPairs(parsing: query) else {
            return .failure(.request("the query is not a form, or too long"))
        }
        for name in ["client_id", "redirect_uri"] where pairs.count(of: name) > 1 {
            return .failure(.request("\(name) is repeated"))
        }
        guard let clientID = pairs["client_id"], !clientID.isEmpty else {
            return .failure(.request("client_id is missing"))
        }
        return .success(AuthorizationRequest(pairs: pairs, clientID: clientID))
    }

    var redirectURI: String? { pairs["redirect_uri"] }
    var state: String? { pairs["state"] }
    var challenge: String { pairs["code_challenge"] ?? "" }
    /// All of them: `resource` may be repeated (RFC 8707 §2).
    var resources: [String] { pairs.pairs.filter { $0.name == "resource" }.map(\.value) }
    var scopes: [String] { (pairs["scope"] ?? "").split(separator: " ").map(String.init) }

    /// What is wrong beyond client and redirect URI (G43, G72).
    var flaw: OAuthFailure? {
        for name in Self.once where pairs.count(of: name) > 1 {
            return .request("\(name) is repeated")
        }
        guard pairs["request"] == nil, pairs["request_uri"] == nil else {
            return OAuthFailure("request_not_supported", "request objects are not supported")
        }
        guard pairs["response_type"] != nil else { return .request("response_type is missing") }
        guard pairs["response_type"] == "code" else {
            return OAuthFailure("unsupported_response_type", "only code is supported")
        }
        guard pairs["response_mode"] ?? "query" == "query" else {
            return .request("only response_mode=query is supported")
        }
        guard PKCE.isChallenge(challenge), pairs["code_challenge_method"] == "S256" else {
            return .request("PKCE with S256 is required")
        }
        guard scopes.count <= 100, scopes.allSatisfy(Challenge.isScopeToken) else {
            return OAuthFailure("invalid_scope", "a scope is malformed")
        }
        return nil
    }

    /// The parameters as one value for the provider's adapter; of a repeated one the first.
    var parameters: JSONObject {
        var result: JSONObject = [:]
        for pair in pairs.pairs where result[pair.name] == nil {
            result[pair.name] = .string(pair.value)
        }
        return result
    }
}

/// The resources that a route serves, compared with what clients write (RFC 8707, G78, G79).
enum ResourceMatch {
    /// The served resource that a request is for: the first where it names none; `nil` where it
    /// names another.
    static func resource(of asked: [String], served: [String]) -> String? {
        let wanted = asked.filter { !$0.isEmpty }
        guard let first = served.first else { return nil }
        if wanted.isEmpty { return first }
        guard wanted.allSatisfy({ one in served.contains { isSame(one, $0) } }) else {
            return nil
        }
        return served.first { isSame(wanted[0], $0) }
    }

    /// Whether both name one resource: without regard to a slash at the end, the case of scheme
    /// and host, the scheme's own port, and a query that only the client has.
    static func isSame(_ asked: String, _ served: String) -> Bool {
        if asked.utf8.elementsEqual(served.utf8) { return true }
        guard let left = HTTPURL(asked), let right = HTTPURL(served), left.origin == right.origin,
            right.query == nil || left.query == right.query
        else { return false }
        return WellKnownPaths.trimmed(left.path) == WellKnownPaths.trimmed(right.path)
    }
}
