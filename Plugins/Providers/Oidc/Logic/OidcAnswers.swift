import GatehouseJSON

/// What the provider answers at the callback and at the token endpoint.
enum OidcAnswers {
    /// An error goes on to the client; the hint says what it means where that is known.
    static func authorization(_ parameters: JSONObject) -> JSONValue {
        guard let error = parameters["error"]?.stringValue else { return [:] }
        let description = parameters["error_description"]?.stringValue ?? ""
        var said: JSONObject = ["error": .string(plain(error, max: 64))]
        if !description.isEmpty {
            said["error_description"] = .string(plain(description))
        }
        let known = hints.first { $0.error == error && description.hasPrefix($0.part) }
        let hint =
            known?.hint ?? "the provider answered \(plain(error, max: 64)): \(plain(description))"
        return ["error": .object(said), "hint": .string(hint)]
    }

    private static let hints = [
        (
            error: "access_denied", part: "Policy evaluation failed",
            hint: "no access policy of the authorization server has a rule for this client and"
                + " these scopes"
        ),
        (
            error: "access_denied", part: "Service not found",
            hint: "the provider knows no API by this audience: register it, or map the resource by"
                + " authorize.resourceMap"
        ),
        (
            error: "invalid_target", part: "",
            hint: "the provider does not know the resource: register it, or map it by"
                + " authorize.resourceMap"
        ),
        (
            error: "invalid_scope", part: "",
            hint: "the client may not ask for a scope of the request: allow it at the provider, or"
                + " strip it by authorize.scope.strip"
        ),
    ]

    /// RFC 6749 §5: errors have a status of 400, numbers are numbers, scopes are the client's.
    static func token(
        _ status: Int64, _ input: OidcInput, _ profile: OidcProfile
    ) -> JSONValue {
        guard var body = input["body"]?.objectValue else {
            return [
                "status": .number(JSONNumber(status < 400 ? 502 : status)),
                "body": ["error": status == 401 ? "invalid_client" : "server_error"],
                "hint": .string("the token endpoint answered \(status) without JSON"),
            ]
        }
        if let error = body["error"]?.stringValue {
            let description = body["error_description"]?.stringValue ?? ""
            return [
                "status": .number(JSONNumber(status < 400 ? 400 : status)),
                "body": .object(body),
                "hint": .string(
                    "the token endpoint answered \(plain(error, max: 64)): \(plain(description))"),
            ]
        }
        if body["token_type"] == nil, body["access_token"] != nil { body["token_type"] = "Bearer" }
        if let text = body["expires_in"]?.stringValue {
            body["expires_in"] = Int64(text).map { .number(JSONNumber($0)) }
        }
        if let scopes = body["scope"]?.stringValue {
            let shown = scopes.split(separator: " ").map { profile.shown(String($0)) }
            body["scope"] = .string(shown.joined(separator: " "))
        }
        return ["status": .number(JSONNumber(status)), "body": .object(body)]
    }
}

/// Text of the provider for the log or a client: what RFC 6749 §4.1.2.1 allows, `max` characters.
func plain(_ text: String, max: Int = 300) -> String {
    let scalars = text.unicodeScalars.prefix(4096).filter {
        (0x20...0x7e).contains($0.value) && $0 != "\"" && $0 != "\\"
    }
    return String(String.UnicodeScalarView(scalars.prefix(max)))
}
