import GatehouseJSON

/// What goes to the authorization and the token endpoint, and what comes back with the browser.
enum KeycloakRequests {
    /// `resource` as the configuration says; in broker delivery with `openid`, because the user is
    /// read from the ID token.
    static func authorization(
        _ parameters: JSONObject, resource: String?, isBroker: Bool,
        _ configuration: KeycloakConfiguration
    ) -> JSONValue {
        var out = parameters
        var scopes = (out["scope"]?.stringValue ?? "").split(separator: " ").map(String.init)
        if isBroker, !scopes.contains("openid") { scopes.insert("openid", at: 0) }
        switch configuration.resource {
        case .pass: break
        case .drop: out["resource"] = nil
        case .scope:
            if let resource = resource ?? out["resource"]?.stringValue {
                guard let scope = configuration.resourceScopes[resource]?.stringValue else {
                    return refusal("invalid_target", "no client scope stands for this resource")
                }
                if !scopes.contains(scope) { scopes.append(scope) }
            }
            out["resource"] = nil
        }
        if !scopes.isEmpty { out["scope"] = .string(scopes.joined(separator: " ")) }
        return ["params": .object(out)]
    }

    /// The form as it came; `resource` is there where it was at the authorization endpoint, because
    /// from 26.6 on the two are compared.
    static func token(
        _ parameters: JSONObject, url: String, client: JSONObject, resource: String?,
        _ configuration: KeycloakConfiguration
    ) -> JSONValue {
        var form = parameters
        if configuration.resource != .pass { form["resource"] = nil }
        var plan: JSONObject = [
            "method": "POST", "url": .string(url), "form": .object(form),
            "fields": ["Accept": "application/json"],
        ]
        if client["is_configured"] == true, client["has_secret"] == true,
            client["authenticates"] != true
        {
            plan["client_auth"] = ["method": "post", "secret": "client"]
        } else {
            plan["client_auth"] = ["method": "none"]
        }
        return ["request": .object(plan)]
    }

    /// What an error at the callback means.
    static func answered(_ parameters: JSONObject) -> JSONValue {
        guard let error = parameters["error"]?.stringValue else { return [:] }
        let description = parameters["error_description"]?.stringValue ?? ""
        let known = hints.first {
            $0.error == error && ($0.part.isEmpty || description.contains($0.part))
        }
        let said: JSONValue = [
            "error": .string(plain(error, max: 64)),
            "error_description": .string(
                known?.description ?? "the authorization server answered \(plain(error, max: 64))"),
        ]
        let hint =
            known?.hint ?? "Keycloak answered \(plain(error, max: 64)): \(plain(description))"
        return ["error": said, "hint": .string(hint)]
    }

    private struct Hint {
        let error: String
        var part = ""
        let description: String
        let hint: String
    }

    private static let hints = [
        Hint(
            error: "invalid_scope", description: "a scope is not allowed for this client",
            hint: "a scope of the request is neither a default nor an optional client scope of the"
                + " client: assign it, or make it a default client scope of the realm before"
                + " clients register"),
        Hint(
            error: "invalid_target", description: "the resource is not known",
            hint: "resource-indicators is on and no client of the realm has this resource as its"
                + " resource_url attribute: set it, or use resource: drop"),
        Hint(
            error: "access_denied", description: "the user or the realm denied the request",
            hint: "the user denied the consent, or a policy of the realm the login"),
        Hint(
            error: "temporarily_unavailable", part: "authentication_expired",
            description: "the login took too long, please try again",
            hint: "the user's login session at Keycloak expired before the login was complete"),
        Hint(
            error: "invalid_request", part: "code_challenge",
            description: "the code challenge was refused",
            hint: "the client's setting Proof Key for Code Exchange must be S256 or empty"),
        Hint(
            error: "unauthorized_client", description: "the client may not use this flow",
            hint: "Standard flow is not enabled for the client"),
    ]

    private static func refusal(_ error: String, _ description: String) -> JSONValue {
        ["error": ["error": .string(error), "error_description": .string(description)]]
    }
}

/// Text of the provider for the log or a client: what RFC 6749 §4.1.2.1 allows, `max` characters.
func plain(_ text: String, max: Int = 300) -> String {
    let scalars = text.unicodeScalars.prefix(4096).filter {
        (0x20...0x7e).contains($0.value) && $0 != "\"" && $0 != "\\"
    }
    return String(String.UnicodeScalarView(scalars.prefix(max)))
}
