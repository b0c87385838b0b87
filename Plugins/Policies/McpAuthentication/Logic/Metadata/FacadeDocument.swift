import GatehouseJSON

/// The authorization-server document that the gateway serves as its own: mediated, relay and
/// broker delivery.
///
/// It is built from an allow-list (G55): what the gateway does is stated, what the provider says
/// is taken over member by member, and nothing else passes. It is complete without any provider
/// document, so that it is always served (G53).
struct FacadeDocument: Sendable, Equatable {
    /// What a delivery mode has in its document.
    struct Mode: Sendable, Equatable {
        /// Whether every answer to the client carries the gateway's `iss` (RFC 9207, G52).
        var announcesIssuer = false
        /// How clients may authenticate at `/token`; holds `none` (G44).
        var authentication = ["none", "client_secret_post", "client_secret_basic"]
        /// Whether the gateway takes Client ID Metadata Documents itself (G46).
        var takesDocuments = false
        /// Whether the tokens are the gateway's own: `jwks_uri` and `revocation_endpoint` are its.
        var issuesTokens = false

        static let mediated = Mode()
    }

    /// The gateway's issuer, byte for byte (G40).
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
    var mode = Mode.mediated

    /// The document.
    var value: JSONValue {
        var members: JSONObject = [
            "issuer": .string(issuer),
            "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"),
        ]
        if let registrationURL { members["registration_endpoint"] = .string(registrationURL) }
        if mode.issuesTokens {
            members["jwks_uri"] = .string(issuer + "/jwks.json")
            members["revocation_endpoint"] = .string(issuer + "/revoke")
            members["revocation_endpoint_auth_methods_supported"] = strings(mode.authentication)
        } else if let keys = absoluteURL("jwks_uri") ?? keysURL {
            members["jwks_uri"] = .string(keys)
        }
        members["response_types_supported"] = ["code"]
        members["response_modes_supported"] = ["query"]
        members["grant_types_supported"] = ["authorization_code", "refresh_token"]
        members["token_endpoint_auth_methods_supported"] = strings(mode.authentication)
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
        if mode.announcesIssuer { members["authorization_response_iss_parameter_supported"] = true }
        let isTakenThere =
            !mode.announcesIssuer
            && provider?["client_id_metadata_document_supported"] == .bool(true)
        if mode.takesDocuments || isTakenThere {
            members["client_id_metadata_document_supported"] = true
        }
        return .object(members)
    }

    private func strings(_ list: [String]) -> JSONValue { .array(list.map { .string($0) }) }

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
