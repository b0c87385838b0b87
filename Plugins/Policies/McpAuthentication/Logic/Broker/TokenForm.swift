/// A request to the token endpoint of broker delivery, read (RFC 6749 §4.1.3 and §6).
struct TokenForm: Sendable, Equatable {
    enum Grant: Sendable, Equatable {
        case code(String, redirectURI: String?, verifier: String)
        case refresh(String, scope: String?)
    }

    var grant: Grant
    /// `resource` (RFC 8707 §2.2); may be repeated.
    var resources: [String]

    /// Reads the pairs of a form that ``TokenProxy/read(_:contentType:)`` accepted.
    static func read(_ pairs: FormPairs) -> Result<TokenForm, OAuthFailure> {
        for name in ["redirect_uri", "code_verifier", "scope"] where pairs.count(of: name) > 1 {
            return .failure(.request("\(name) is repeated"))
        }
        let resources = pairs.pairs.filter { $0.name == "resource" && !$0.value.isEmpty }
            .map(\.value)
        switch pairs["grant_type"] {
        case "authorization_code":
            guard let code = pairs["code"], !code.isEmpty else {
                return .failure(.request("code is missing"))
            }
            guard let verifier = pairs["code_verifier"], !verifier.isEmpty else {
                return .failure(.request("code_verifier is missing"))
            }
            return .success(
                TokenForm(
                    grant: .code(code, redirectURI: pairs["redirect_uri"], verifier: verifier),
                    resources: resources))
        case "refresh_token":
            guard let token = pairs["refresh_token"], !token.isEmpty else {
                return .failure(.request("refresh_token is missing"))
            }
            return .success(
                TokenForm(grant: .refresh(token, scope: pairs["scope"]), resources: resources))
        default:
            return .failure(
                OAuthFailure("unsupported_grant_type", "only code and refresh are served"))
        }
    }

    /// Whether every resource that is asked for is the granted one, in any spelling (G79).
    func asksOnly(for granted: String) -> Bool {
        resources.allSatisfy { ResourceMatch.isSame($0, granted) }
    }
}
