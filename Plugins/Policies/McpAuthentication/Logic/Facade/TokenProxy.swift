import GatehouseJSON

/// The `/token` of every delivery with a facade (RFC 6749 §3.2): the request goes on to the
/// provider, its answer comes back in the shape that clients need.
enum TokenProxy {
    /// At most so many bytes of a request.
    static let maximumBytes: UInt64 = 64 * 1024

    /// Reads a request: one form, each parameter that decides once, a grant that is proxied.
    static func read(_ body: [UInt8], contentType: String) -> Result<FormPairs, OAuthFailure> {
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard type == "application/x-www-form-urlencoded" else {
            return .failure(.request("the body must be a form"))
        }
        guard let pairs = FormPairs(parsing: body) else {
            return .failure(.request("the body is not a form"))
        }
        for name in [
            "grant_type", "client_id", "client_secret", "code", "refresh_token", "redirect_uri",
            "code_verifier", "scope", "client_assertion",
        ]
        where pairs.count(of: name) > 1 {
            return .failure(.request("\(name) is repeated"))
        }
        guard let grant = pairs["grant_type"] else {
            return .failure(.request("grant_type is missing"))
        }
        guard grant == "authorization_code" || grant == "refresh_token" else {
            return .failure(
                OAuthFailure("unsupported_grant_type", "only code and refresh are proxied"))
        }
        return .success(pairs)
    }

    /// The answer to a client that gets tokens.
    static func tokens(_ members: JSONObject) -> LocalResponse {
        .json(200, .object(members), reason: "token")
    }

    /// Why a client gets no tokens, as the response that says so.
    struct Refusal: Error, Sendable, Equatable { let response: LocalResponse }

    /// The members that a client gets, or the error, as RFC 6749 §5 wants them: JSON, `no-store`,
    /// errors with 400 or 401, `token_type`, no nulls (G80, G81, G82).
    ///
    /// - Parameter isGateways: whether the gateway asked as its own client. Then a provider that
    ///   does not know that client is nothing that a client can help by registering anew (G66).
    static func read(
        _ answer: FetchedAnswer, isGateways: Bool = false
    ) -> Result<JSONObject, Refusal> {
        func refuse(_ response: LocalResponse) -> Result<JSONObject, Refusal> {
            .failure(Refusal(response: response))
        }
        if answer.failure != nil {
            return refuse(
                .oauthError(
                    502, "temporarily_unavailable", "the provider cannot be reached",
                    reason: "token endpoint: \(answer.failure ?? "")"))
        }
        guard let members = members(of: answer) else {
            return refuse(
                .oauthError(
                    502, "server_error", "the provider's answer is not JSON",
                    reason: "token endpoint: status \(answer.status), not JSON"))
        }
        if let code = members["error"]?.stringValue {
            if isGateways, code == "invalid_client" || code == "unauthorized_client" {
                return refuse(
                    .oauthError(
                        502, "server_error", "the provider does not take the gateway's own client",
                        reason: "token endpoint: \(code) for clientId: see clientId, clientSecret"))
            }
            let status = answer.status == 401 ? 401 : 400
            var failure = LocalResponse.json(
                status, .object(ErrorText.members(members)),
                reason: "token endpoint: \(ErrorText.plain(code, atMost: 64))")
            if status == 401, let scheme = answer.field("www-authenticate"),
                scheme.lowercased().hasPrefix("basic")
            {
                failure.fields.append(("www-authenticate", "Basic realm=\"token\""))
            }
            return refuse(failure)
        }
        guard (200...299).contains(answer.status), members["access_token"]?.stringValue != nil
        else {
            return refuse(
                .oauthError(
                    502, "server_error", "the provider gave no token",
                    reason: "token endpoint: status \(answer.status) without access_token"))
        }
        var result = pruned(members)
        if result["token_type"]?.stringValue?.lowercased() != "dpop" {
            result["token_type"] = "Bearer"
        }
        if let text = result["expires_in"]?.stringValue, let seconds = Int64(text) {
            result["expires_in"] = .number(JSONNumber(seconds))
        }
        return .success(result)
    }

    /// The members of a JSON object, or of a form where the provider answers with one.
    static func members(of answer: FetchedAnswer) -> JSONObject? {
        if let members = (try? JSONValue(parsing: answer.body))?.objectValue { return members }
        let type = answer.field("content-type")?.lowercased() ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded"),
            let pairs = FormPairs(parsing: answer.body)
        else { return nil }
        var members: JSONObject = [:]
        for pair in pairs.pairs where members[pair.name] == nil {
            members[pair.name] = .string(pair.value)
        }
        return members
    }

    /// `members` without nulls and empty texts.
    static func pruned(_ members: JSONObject) -> JSONObject {
        var result: JSONObject = [:]
        for (key, value) in members where !value.isNull && value != "" { result[key] = value }
        return result
    }
}
