import GatehouseJSON

/// What the claims of Entra's tokens mean.
enum EntraClaims {
    /// A v2 token has the API's client id as its audience, a v1 token the URI that was asked for.
    static func audience(_ input: HookInput, _ configuration: EntraConfiguration) -> JSONValue {
        var values: [String] = []
        func add(_ value: String) { if !values.contains(value) { values.append(value) } }
        if let client = input.value["client_id"]?.stringValue {
            add(client)
            var uri = EntraScopes(configuration).prefix(client)
            if uri.hasSuffix("/") { uri.removeLast() }
            add(uri)
        }
        for value in input.texts("audiences") { add(value) }
        return [
            "bound": true,
            "alternatives": [
                ["claim": ["aud"], "any_of": .array(values.map(JSONValue.string))]
            ],
        ]
    }

    /// The claims of an access token, or why it is none that may enter.
    ///
    /// An ID token has the same issuer, keys and, where the API is the client, audience: it is
    /// known by its hashes and its nonce, and by the client that it does not name. Entra gives a
    /// token without scopes and roles to every application of the tenant: it proves nothing.
    static func normalized(
        _ claims: JSONObject, _ configuration: EntraConfiguration
    ) -> JSONValue {
        for name in ["nonce", "at_hash", "c_hash"] where claims[name] != nil {
            return ["reject": .string("it is an ID token: it has the claim \(name)")]
        }
        guard let client = (claims["azp"] ?? claims["appid"])?.stringValue else {
            return ["reject": "it is an ID token: it names no client (azp, appid)"]
        }
        let scopes = words(claims["scp"])
        let roles = list(claims["roles"])
        guard !scopes.isEmpty || !roles.isEmpty else {
            return ["reject": "it has neither scp nor roles: any application of the tenant gets it"]
        }
        if claims["idtyp"]?.stringValue == "app", !scopes.isEmpty {
            return ["reject": "it says that it is an application's, and has a user's scopes"]
        }
        let tenant = claims["tid"]?.stringValue
        if let allowed = configuration.tenants,
            !allowed.contains(tenant?.lowercased() ?? "")
        {
            return ["reject": "its tenant is not among the configured tenants"]
        }
        var out = JSONObject()
        out["subject"] = (claims[configuration.subject.rawValue] ?? claims["sub"])
        out["client_id"] = .string(client)
        out["scopes"] = .array(scopes)
        out["groups"] = .array(list(claims["groups"]))
        out["roles"] = .array(roles)
        out["tenant"] = tenant.map(JSONValue.string)
        return .object(out)
    }

    /// `scp` is a text of words; a list is taken too (G98).
    private static func words(_ value: JSONValue?) -> [JSONValue] {
        value?.stringValue?.split(separator: " ").map { .string(String($0)) } ?? list(value)
    }

    private static func list(_ value: JSONValue?) -> [JSONValue] {
        value?.arrayValue?.filter { $0.stringValue != nil } ?? []
    }
}
