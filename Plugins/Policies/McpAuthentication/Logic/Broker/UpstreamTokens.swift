import GatehouseJSON

/// What the provider's token endpoint gave (RFC 6749 §5.1).
struct UpstreamTokens: Sendable, Equatable {
    var accessToken: String
    var refreshToken: String?
    var idToken: String?
    /// Seconds; `nil`: it said nothing.
    var expiresIn: Int64?

    /// When the access token expires, in seconds since 1970; `nil`: never, as far as is known.
    func expiry(now: Int64) -> Int64? { expiresIn.map { now.addingClamped($0) } }
}

extension Int64 {
    /// The sum, or the largest number.
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// The provider's answer to a token request, by what it means for the gateway's client.
enum UpstreamAnswer: Sendable, Equatable {
    case tokens(UpstreamTokens)
    /// It refuses the grant itself (`invalid_grant`): the user has to log in again.
    case denied(String)
    /// Nothing can be said now.
    case unavailable(String)
    /// It refuses the gateway, or what it says cannot be used.
    case broken(String)

    /// Reads an answer, through the adapter's `token_response/0` where there is one.
    ///
    /// - Parameter hook: the adapter's answer to an input; `nil` where the default applies.
    /// - Returns: the meaning, and the adapter's hint for the operator.
    static func read(
        _ answer: FetchedAnswer, grant: String, scopes: [String],
        hook: (JSONValue) -> JSONValue?
    ) -> (answer: UpstreamAnswer, hint: String?) {
        if let failure = answer.failure { return (.unavailable(failure), nil) }
        var answer = answer
        var hint: String?
        let hidden = HiddenTokenAnswer(
            answer, grantType: grant, scopes: scopes, delivery: .broker)
        if let output = hook(hidden.input) {
            guard let mapped = hidden.answer(output) else {
                return (.broken("token_response/0 gave an answer that is none"), nil)
            }
            answer = mapped.answer
            hint = mapped.hint
        }
        return (meaning(of: answer.status, TokenProxy.members(of: answer)), hint)
    }

    private static func meaning(of status: Int, _ members: JSONObject?) -> UpstreamAnswer {
        if let code = members?["error"]?.stringValue {
            switch code {
            case "invalid_grant": return .denied(code)
            case "temporarily_unavailable", "slow_down": return .unavailable(code)
            default: return status >= 500 ? .unavailable(code) : .broken("it answers \(code)")
            }
        }
        if status == 429 || status >= 500 { return .unavailable("status \(status)") }
        guard (200...299).contains(status), let members,
            let token = members["access_token"]?.stringValue, !token.isEmpty
        else { return .broken("status \(status) without access_token") }
        var tokens = UpstreamTokens(accessToken: token)
        tokens.refreshToken = members["refresh_token"]?.stringValue.flatMap(nonEmpty)
        tokens.idToken = members["id_token"]?.stringValue.flatMap(nonEmpty)
        let lifetime = members["expires_in"]
        let seconds = lifetime?.intValue ?? lifetime?.stringValue.flatMap { Int64($0) }
        // Some providers write 0 for a token without an end.
        tokens.expiresIn = seconds.flatMap { $0 > 0 ? $0 : nil }
        return .tokens(tokens)
    }

    private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }
}
