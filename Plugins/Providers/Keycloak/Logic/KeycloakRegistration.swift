import GatehouseJSON

/// Client registration (RFC 7591) as Keycloak takes it, and what it answers put right.
enum KeycloakRegistration {
    /// The members that Keycloak knows; it refuses a registration with any other.
    ///
    /// `scope` is decided by the configuration, `client_id` and `client_secret` are the provider's.
    private static let known: Set<String> = [
        "redirect_uris", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg",
        "grant_types", "response_types", "application_type", "client_name", "client_uri",
        "logo_uri", "contacts", "tos_uri", "policy_uri", "jwks_uri", "jwks", "software_id",
        "software_version", "sector_identifier_uri", "subject_type",
        "id_token_signed_response_alg", "default_max_age", "require_auth_time",
        "default_acr_values", "initiate_login_uri", "post_logout_redirect_uris",
    ]

    static func request(
        metadata: JSONObject, document: JSONObject?, issuer: String,
        _ configuration: KeycloakConfiguration
    ) -> JSONValue {
        guard metadata["redirect_uris"]?.arrayValue?.isEmpty == false else {
            return refusal("invalid_redirect_uri", "redirect_uris is missing or empty")
        }
        var body = JSONObject()
        for (name, value) in metadata where known.contains(name) { body[name] = value }
        if configuration.forwardsScope, let scope = metadata["scope"] { body["scope"] = scope }
        var base = issuer[...]
        while base.hasSuffix("/") { base.removeLast() }
        let fallback = "\(base)/clients-registrations/openid-connect"
        let url =
            (configuration.endpoints["registration_endpoint"]
            ?? document?["registration_endpoint"])?.stringValue ?? fallback
        var plan: JSONObject = [
            "method": "POST", "url": .string(url), "json": .object(body),
            "fields": ["Accept": "application/json"],
        ]
        if let token = configuration.initialAccessToken {
            plan["client_auth"] = ["method": "bearer", "secret": .string(token)]
        }
        return ["request": .object(plan)]
    }

    static func response(
        status: Int64, body: JSONObject?, text: String, metadata: JSONObject
    ) -> JSONValue {
        if (200...299).contains(status), let body {
            return ["status": 201, "body": .object(repaired(body, metadata))]
        }
        return failure(status, body, text)
    }

    /// Before 26.6 Keycloak answers `client_secret_basic` whatever was asked, and gives a public
    /// client a secret that it then believes it has to use.
    private static func repaired(_ body: JSONObject, _ metadata: JSONObject) -> JSONObject {
        var out = body
        out["registration_access_token"] = nil
        out["registration_client_uri"] = nil
        let asked = metadata["token_endpoint_auth_method"]?.stringValue
        switch asked {
        case "none":
            out["token_endpoint_auth_method"] = "none"
            out["client_secret"] = nil
            out["client_secret_expires_at"] = nil
        case "client_secret_post":
            out["token_endpoint_auth_method"] = "client_secret_post"
        default: break
        }
        // RFC 7591 §3.2.1: a secret comes with the time at which it expires.
        if out["client_secret"] != nil, out["client_secret_expires_at"] == nil {
            out["client_secret_expires_at"] = 0
        }
        for name in ["redirect_uris", "client_name"] where out[name] == nil {
            out[name] = metadata[name]
        }
        return out
    }

    private static func failure(_ status: Int64, _ body: JSONObject?, _ text: String) -> JSONValue {
        let description = body?["error_description"]?.stringValue ?? text
        let known = hints.first { description.contains($0.part) }
        let answer: JSONValue = [
            "error": .string(
                status < 500 ? known?.error ?? "invalid_client_metadata" : "server_error"),
            "error_description": .string(
                known?.description ?? "the authorization server refused the registration"),
        ]
        let plain =
            status == 401
            ? "Keycloak asks for a token or refused initialAccessToken: it is missing, expired or"
                + " used up" : "Keycloak answered \(status): \(plain(description))"
        let hint = known?.hint ?? plain
        return [
            "status": .number(JSONNumber(status < 500 ? known?.status ?? 400 : 502)),
            "body": answer, "hint": .string(hint),
        ]
    }

    private struct Hint {
        let part: String
        let status: Int64
        let error: String
        let description: String
        let hint: String
    }

    private static let hints = [
        Hint(
            part: "Trusted Hosts", status: 403, error: "access_denied",
            description: "the authorization server does not take registrations from here",
            hint: "Keycloak's registration policy Trusted Hosts refused the gateway: add the"
                + " gateway's address and the hosts of the clients' redirect URIs to it"),
        Hint(
            part: "Allowed Client Scopes", status: 400, error: "invalid_client_metadata",
            description: "a scope of the registration is not allowed",
            hint: "Keycloak's registration policy Allowed Client Scopes refused a scope: allow it"
                + " there, or leave forwardScope off"),
        Hint(
            part: "Unrecognized field", status: 400, error: "invalid_client_metadata",
            description: "a member of the registration is not known to the authorization server",
            hint: "Keycloak does not know a member that the adapter passed on; please report it"),
    ]

    private static func refusal(_ error: String, _ description: String) -> JSONValue {
        ["error": ["error": .string(error), "error_description": .string(description)]]
    }
}
