import GatehouseJSON

/// Whose tokens are taken, and what binds them to this gateway.
enum KeycloakTokens {
    /// The configured issuer, and those by which browsers know the realm.
    static func issuers(_ issuer: String, _ configuration: KeycloakConfiguration) -> JSONValue {
        var all = [issuer]
        for other in configuration.tokenIssuers where !all.contains(other) { all.append(other) }
        return [
            "document": .array(all.map(JSONValue.string)),
            "tokens": .array(all.map { ["issuer": .string($0)] }),
        ]
    }

    /// Access tokens are JWTs of a realm key; `at+jwt` where a client policy asks for RFC 9068.
    ///
    /// Never HMAC: that is how the realm signs refresh tokens, for itself. In broker delivery the
    /// user stands in the ID token, because an access token may be a lightweight one.
    static let verification: JSONValue = [
        "kinds": ["jwt"], "types": ["JWT", "at+jwt", "application/at+jwt"],
        "algorithms": [
            "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
            "EdDSA",
        ], "identity": "id_token",
    ]

    /// `aud` first; what the configuration allows beside it after that, never nothing.
    static func audience(
        _ input: JSONValue, _ configuration: KeycloakConfiguration
    ) throws(KeycloakError) -> JSONValue {
        var out: [JSONValue] = []
        if let audiences = input["audiences"]?.arrayValue, !audiences.isEmpty {
            out.append(["claim": ["aud"], "any_of": .array(audiences)])
        }
        if let client = configuration.resourceAccess {
            out.append(["claim": ["resource_access"], "any_of": [.string(client)]])
        }
        if let listed = configuration.authorizedParties {
            let clients = listed.isEmpty ? [input["client_id"]?.stringValue].compact : listed
            guard !clients.isEmpty else { throw .missing("client_id") }
            out.append(["claim": ["azp"], "any_of": .array(clients.map(JSONValue.string))])
        }
        guard !out.isEmpty else { throw .missing("audiences") }
        return [
            "bound": .bool(configuration.authorizedParties == nil), "alternatives": .array(out),
        ]
    }
}

extension [String?] {
    /// Those that are there.
    fileprivate var compact: [String] { compactMap { $0 } }
}
