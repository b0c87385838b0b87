import GatehouseJSON

/// What the claims of Keycloak's tokens mean.
enum KeycloakClaims {
    /// Keycloak signs ID and logout tokens with the key of access tokens and says in the claim
    /// `typ` which is which; an access token says `Bearer` (or `DPoP`).
    static func normalized(
        _ claims: JSONObject, _ configuration: KeycloakConfiguration
    ) -> JSONValue {
        if let kind = claims["typ"]?.stringValue, !["Bearer", "DPoP"].contains(kind) {
            return ["reject": .string("its typ claim says \(kind.prefix(32)), not Bearer")]
        }
        if claims["at_hash"] != nil || claims["c_hash"] != nil {
            return ["reject": "it is an ID token"]
        }
        var out = JSONObject()
        if let subject = claims["sub"]?.stringValue { out["subject"] = .string(subject) }
        if let client = (claims["client_id"] ?? claims["azp"])?.stringValue {
            out["client_id"] = .string(client)
        }
        let scopes = claims["scope"]?.stringValue?.split(separator: " ") ?? []
        out["scopes"] = .array(scopes.map { .string(String($0)) })
        out["groups"] = .array(
            claims[configuration.groupsClaim]?.arrayValue?.filter { $0.stringValue != nil } ?? [])
        out["roles"] = .array(roles(claims))
        if let realm = realm(claims["iss"]?.stringValue ?? "") { out["tenant"] = .string(realm) }
        return .object(out)
    }

    /// The realm: the last part of the issuer, behind `realms`.
    private static func realm(_ issuer: String) -> String? {
        let parts = issuer.split(separator: "/")
        guard parts.count > 2, parts[parts.count - 2] == "realms" else { return nil }
        return parts.last.map(String.init)
    }

    /// The realm's roles, then each client's as `client:role`.
    private static func roles(_ claims: JSONObject) -> [JSONValue] {
        var out =
            claims["realm_access"]?["roles"]?.arrayValue?.filter { $0.stringValue != nil } ?? []
        for (client, access) in claims["resource_access"]?.objectValue ?? JSONObject() {
            for role in access["roles"]?.arrayValue ?? [] {
                guard let role = role.stringValue else { continue }
                out.append(.string("\(client):\(role)"))
            }
        }
        return out
    }
}
