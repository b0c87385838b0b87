import GatehouseJSON

/// What goes to the authorization and the token endpoint.
enum OidcRequests {
    static func authorization(
        _ parameters: JSONObject, _ input: OidcInput, _ profile: OidcProfile
    ) -> JSONValue {
        let resource = (input["resource"] ?? parameters["resource"])?.stringValue
        var out = parameters
        let asked = out["scope"]?.stringValue.map(words) ?? OidcProfile.texts(input["scopes"])
        var scopes = profile.requested(asked)
        if input["delivery"] == "broker", profile.readsIdentityToken, !scopes.contains("openid") {
            scopes.append("openid")
        }
        out["resource"] = nil
        if let resource {
            switch profile.resourceRule {
            case "audience": out["audience"] = .string(profile.provided(resource))
            case "scope":
                guard let scope = profile["authorize"]?["resourceMap"]?[resource]?.stringValue
                else { return refusal("invalid_target", "no scope stands for this resource") }
                if !scopes.contains(scope) { scopes.append(scope) }
            case "drop": break
            default: out["resource"] = .string(profile.provided(resource))
            }
        }
        out["scope"] = scopes.isEmpty ? nil : .string(scopes.joined(separator: " "))
        for name in profile.texts("authorize", "drop") { out[name] = nil }
        renamed(&out, profile)
        for (name, value) in profile["authorize"]?["set"]?.objectValue ?? [:] { out[name] = value }
        return ["params": .object(out)]
    }

    /// - Throws: where the document has no token endpoint.
    static func token(
        _ parameters: JSONObject, _ input: OidcInput, _ profile: OidcProfile
    ) throws(OidcError) -> JSONValue {
        guard let url = input["document"]?["token_endpoint"]?.stringValue else {
            throw .missing("document")
        }
        let rules = profile["token"]
        var form = parameters
        if rules?["same"] != false { treatResource(&form, input, profile) }
        for name in profile.texts("token", "drop") { form[name] = nil }
        let isCode = input["grant_type"] == "authorization_code"
        let flag = rules?[isCode ? "scopeOnCode" : "scopeOnRefresh"] ?? false
        let scopes = form["scope"]?.stringValue.map(words) ?? OidcProfile.texts(input["scopes"])
        if form["scope"] != nil || flag == true, !scopes.isEmpty {
            form["scope"] = .string(profile.requested(scopes).joined(separator: " "))
        }
        for (name, value) in rules?["set"]?.objectValue ?? [:] { form[name] = value }
        let plan: JSONObject = [
            "method": "POST", "url": .string(url), "form": .object(form),
            "fields": ["Accept": rules?["accept"] ?? "application/json"],
            "client_auth": authentication(input, profile),
        ]
        return ["request": .object(plan)]
    }

    /// `resource` is at the token endpoint what it was at the authorization endpoint: several
    /// providers compare the two.
    private static func treatResource(
        _ form: inout JSONObject, _ input: OidcInput, _ profile: OidcProfile
    ) {
        let repeats = profile["token"]?["repeatResource"] == true
        let asked = form["resource"] ?? (repeats ? input["resource"] : nil)
        form["resource"] = nil
        if let resource = asked?.stringValue {
            switch profile.resourceRule {
            case "audience": form["audience"] = .string(profile.provided(resource))
            case "scope", "drop": break
            default: form["resource"] = .string(profile.provided(resource))
            }
        }
        for name in profile.texts("authorize", "drop") { form[name] = nil }
        renamed(&form, profile)
    }

    private static func renamed(_ parameters: inout JSONObject, _ profile: OidcProfile) {
        for (old, new) in profile["authorize"]?["rename"]?.objectValue ?? [:] {
            guard let value = parameters[old], let new = new.stringValue else { continue }
            parameters[old] = nil
            parameters[new] = value
        }
    }

    /// The policy's secret is for the policy's client alone (G84).
    private static func authentication(_ input: OidcInput, _ profile: OidcProfile) -> JSONValue {
        let client = input["client"]
        guard client?["is_configured"] == true, client?["authenticates"] != true else {
            return ["method": "none"]
        }
        switch profile.text("token", "clientAuth") {
        case "privateKeyJwt": return ["method": "private_key_jwt"]
        case "none": return ["method": "none"]
        case let method where client?["has_secret"] == true:
            return ["method": .string(method ?? listed(input)), "secret": "client"]
        default: return ["method": "none"]
        }
    }

    /// `post` where the provider lists it, `basic` where it lists other methods (RFC 8414 §2).
    private static func listed(_ input: OidcInput) -> String {
        guard
            let methods = input["document"]?["token_endpoint_auth_methods_supported"]?.arrayValue,
            !methods.isEmpty
        else { return "basic" }
        return methods.contains("client_secret_post") ? "post" : "basic"
    }

    private static func words(_ text: String) -> [String] {
        text.split(separator: " ").map(String.init)
    }

    private static func refusal(_ error: String, _ description: String) -> JSONValue {
        ["error": ["error": .string(error), "error_description": .string(description)]]
    }
}
