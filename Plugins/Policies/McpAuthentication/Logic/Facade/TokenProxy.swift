import GatehouseJSON

/// The `/token` of mediated delivery (RFC 6749 §3.2): the request goes on to the provider, its
/// answer comes back in the shape that clients need.
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
        for name in ["grant_type", "client_id", "client_secret", "code", "refresh_token"]
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

    /// Whether the configured secret is to be added: only for the configured client, and only
    /// where the client authenticates in no way of its own (G84).
    static func needsSecret(
        _ pairs: FormPairs, hasAuthorization: Bool, clientID: String?
    ) -> Bool {
        guard let clientID, !hasAuthorization else { return false }
        return pairs["client_id"] == clientID && pairs["client_secret"] == nil
            && pairs["client_assertion"] == nil
    }

    /// The request to the provider's endpoint.
    static func plan(
        _ pairs: FormPairs, to endpoint: String, authorization: String?, reaches: [Reach]
    ) -> FetchPlan {
        var plan = FetchPlan(url: endpoint)
        plan.method = "POST"
        plan.fields.append(("content-type", "application/x-www-form-urlencoded"))
        if let authorization { plan.fields.append(("authorization", authorization)) }
        plan.body = Array(pairs.encoded.utf8)
        plan.reaches = reaches
        plan.maximumBytes = 256 * 1024
        return plan
    }

    /// The provider's answer as RFC 6749 §5 wants it: JSON, `no-store`, errors with 400 or 401,
    /// `token_type`, no nulls (G80, G81, G82).
    static func response(_ answer: FetchedAnswer) -> LocalResponse {
        if answer.failure != nil {
            return .oauthError(
                502, "temporarily_unavailable", "the provider cannot be reached",
                reason: "token endpoint: \(answer.failure ?? "")")
        }
        guard let members = members(of: answer) else {
            return .oauthError(
                502, "server_error", "the provider's answer is not JSON",
                reason: "token endpoint: status \(answer.status), not JSON")
        }
        if let code = members["error"]?.stringValue {
            let status = answer.status == 401 ? 401 : 400
            var failure = LocalResponse.json(
                status, .object(pruned(members)), reason: "token endpoint: \(code)")
            if status == 401, let scheme = answer.field("www-authenticate"),
                scheme.lowercased().hasPrefix("basic")
            {
                failure.fields.append(("www-authenticate", "Basic realm=\"token\""))
            }
            return failure
        }
        guard (200...299).contains(answer.status), members["access_token"]?.stringValue != nil
        else {
            return .oauthError(
                502, "server_error", "the provider gave no token",
                reason: "token endpoint: status \(answer.status) without access_token")
        }
        var result = pruned(members)
        if result["token_type"]?.stringValue?.lowercased() != "dpop" {
            result["token_type"] = "Bearer"
        }
        if let text = result["expires_in"]?.stringValue, let seconds = Int64(text) {
            result["expires_in"] = .number(JSONNumber(seconds))
        }
        return .json(200, .object(result), reason: "token")
    }

    /// The members of a JSON object, or of a form where the provider answers with one.
    private static func members(of answer: FetchedAnswer) -> JSONObject? {
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
