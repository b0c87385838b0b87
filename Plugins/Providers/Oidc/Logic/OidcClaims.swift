import GatehouseJSON

/// What the claims of the provider's tokens mean.
enum OidcClaims {
    static func normalized(_ claims: JSONObject, _ profile: OidcProfile) -> JSONValue {
        if let reason = rejection(claims, profile) { return ["reject": .string(reason)] }
        var out = JSONObject()
        if let subject = first(claims, profile.paths("subject", ["sub"])) {
            out["subject"] = .string(subject)
        }
        if let client = first(claims, profile.paths("clientId", ["client_id", "azp"])) {
            out["client_id"] = .string(client)
        }
        let scopes = list(claims, profile.paths("scopes", ["scope", "scp"]), splits: true)
        out["scopes"] = .array(scopes.map { .string(profile.shown($0)) })
        let groups = list(claims, profile.paths("groups", ["groups"]), splits: false)
        out["groups"] = .array(groups.map(JSONValue.string))
        let roles = list(claims, profile.paths("roles", ["roles"]), splits: false)
        out["roles"] = .array(roles.map(JSONValue.string))
        if let tenant = first(claims, profile.paths("tenant", [])) {
            out["tenant"] = .string(tenant)
        }
        return .object(out)
    }

    /// Why it is no access token; nil where it is one.
    ///
    /// Without a rule: claims of OpenID Connect Core 1.0 §2 and §3.3.2.11 that only ID tokens have.
    private static func rejection(_ claims: JSONObject, _ profile: OidcProfile) -> String? {
        let rules = profile["verify"]?["rejectIf"]?.arrayValue ?? ["nonce", "at_hash", "c_hash"]
        for rule in rules {
            if let name = rule.stringValue {
                if claims[name] != nil { return "it has the claim \(name): it is no access token" }
                continue
            }
            let path = OidcProfile.texts(rule["claim"])
            let found = value(claims, path)
            let name = path.joined(separator: ".")
            if let found, rule["is"]?.arrayValue?.contains(found) == true {
                return "its claim \(name) says that it is no access token"
            }
            if let wanted = rule["isNot"]?.arrayValue,
                !(found.map { wanted.contains($0) } ?? false)
            {
                return "its claim \(name) does not say that it is an access token"
            }
        }
        return nil
    }

    /// The first text at one of the ways; of an array its first.
    private static func first(_ claims: JSONObject, _ paths: [[String]]) -> String? {
        for path in paths {
            guard let found = value(claims, path) else { continue }
            if let text = found.stringValue ?? found[0]?.stringValue, !text.isEmpty { return text }
            if let number = found.intValue { return String(number) }
        }
        return nil
    }

    /// The texts at the first way that has any: an array's elements, an object's names, a text.
    private static func list(
        _ claims: JSONObject, _ paths: [[String]], splits: Bool
    ) -> [String] {
        for path in paths {
            guard let found = value(claims, path) else { continue }
            if let text = found.stringValue {
                return splits ? text.split(separator: " ").map(String.init) : [text]
            }
            if let names = found.objectValue?.keys { return names }
            if let elements = found.arrayValue { return elements.compactMap(\.stringValue) }
        }
        return []
    }

    private static func value(_ claims: JSONObject, _ path: [String]) -> JSONValue? {
        var found: JSONValue? = .object(claims)
        for name in path { found = found?[name] }
        return found
    }
}
