import GatehouseJSON

/// What Entra's metadata say to MCP clients.
enum EntraMetadata {
    /// What stays of the provider's document; its other members name Graph, Kerberos, device and
    /// logout endpoints, by which a client would go past the gateway, or say nothing to a client.
    private static let kept = [
        "jwks_uri", "scopes_supported", "subject_types_supported",
        "id_token_signing_alg_values_supported", "claims_supported",
    ]

    /// Entra does S256 and public clients, and says neither: both are added, and what MCP clients
    /// need to know beside them (RFC 8414 §2).
    static func rewritten(
        _ document: JSONObject, gateway: JSONObject, delivery: String
    ) -> JSONValue {
        var out = JSONObject()
        for name in ["issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint"]
        {
            out[name] = gateway[name]
        }
        for name in kept { out[name] = document[name] }
        out["response_types_supported"] = ["code"]
        out["response_modes_supported"] = ["query"]
        out["grant_types_supported"] = ["authorization_code", "refresh_token"]
        out["code_challenge_methods_supported"] = ["S256"]
        out["token_endpoint_auth_methods_supported"] = .array(methods(document, delivery))
        return ["document": .object(out)]
    }

    /// `none` first, then the secrets that a client of its own may send through the gateway.
    ///
    /// An assertion is left out: its audience would be the gateway's endpoint, not Entra's.
    private static func methods(_ document: JSONObject, _ delivery: String) -> [JSONValue] {
        guard delivery != "broker" else { return ["none"] }
        let listed = document["token_endpoint_auth_methods_supported"]?.arrayValue ?? []
        return ["none"]
            + listed.filter { ["client_secret_post", "client_secret_basic"].contains($0) }
    }
}
