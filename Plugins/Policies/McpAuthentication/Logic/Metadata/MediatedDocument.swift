import GatehouseJSON

/// The authorization-server document that the gateway serves as its own (mediated delivery).
///
/// It is built from an allow-list (G55): what the gateway does is stated, what the provider says
/// is taken over member by member, and nothing else passes. It is complete without any provider
/// document, so that it is always served (G53).
struct MediatedDocument: Sendable, Equatable {
    /// The gateway's issuer of the protected path, byte for byte (G40).
    var issuer: String
    /// Where the registration endpoint is published; `nil` leaves it out (G45).
    var registrationURL: String?
    /// The provider's document after its adapter's `rewrite_metadata`; `nil` before any came.
    var provider: JSONValue?
    /// The configured key set URL, for `jwks_uri` where the provider names none.
    var keysURL: String?
    /// The configured scopes; empty takes none over, because Python clients ask for every scope
    /// that the document lists (G56).
    var scopes: [String]

    /// The document.
    var value: JSONValue {
        var members: JSONObject = [
            "issuer": .string(issuer),
            "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"),
        ]
        if let registrationURL { members["registration_endpoint"] = .string(registrationURL) }
        if let keys = absoluteURL("jwks_uri") ?? keysURL { members["jwks_uri"] = .string(keys) }
        members["response_types_supported"] = ["code"]
        members["response_modes_supported"] = ["query"]
        members["grant_types_supported"] = ["authorization_code", "refresh_token"]
        members["token_endpoint_auth_methods_supported"] = [
            "none", "client_secret_post", "client_secret_basic",
        ]
        members["code_challenge_methods_supported"] = ["S256"]
        if !scopes.isEmpty { members["scopes_supported"] = .array(scopes.map { .string($0) }) }
        members["subject_types_supported"] = strings("subject_types_supported") ?? ["public"]
        members["id_token_signing_alg_values_supported"] =
            strings("id_token_signing_alg_values_supported") ?? ["RS256"]
        for name in ["claims_supported", "ui_locales_supported", "acr_values_supported"] {
            members[name] = strings(name)
        }
        for name in ["service_documentation", "op_policy_uri", "op_tos_uri"] {
            members[name] = absoluteURL(name).map { .string($0) }
        }
        if provider?["client_id_metadata_document_supported"] == .bool(true) {
            members["client_id_metadata_document_supported"] = true
        }
        return .object(members)
    }

    /// A member that is a non-empty array of strings, the algorithm `none` left out (G49).
    private func strings(_ name: String) -> JSONValue? {
        let all = (provider?[name]?.arrayValue ?? []).compactMap(\.stringValue)
        let kept = all.filter { !$0.isEmpty && $0 != "none" }
        return kept.isEmpty ? nil : .array(kept.map { .string($0) })
    }

    /// A member that is an absolute http or https URL (G49).
    private func absoluteURL(_ name: String) -> String? {
        guard let text = provider?[name]?.stringValue, HTTPURL(text) != nil else { return nil }
        return text
    }
}
