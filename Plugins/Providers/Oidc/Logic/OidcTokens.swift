import GatehouseJSON

/// How a token of the provider is verified, and what binds it to this gateway.
enum OidcTokens {
    static func verification(_ input: OidcInput, _ profile: OidcProfile) -> JSONValue {
        var out: JSONObject = ["kinds": .array(profile.kinds.map(JSONValue.string))]
        for name in ["types", "algorithms"] { out[name] = profile["verify"]?[name] }
        // Written rules are the only ones: what the caller takes for an ID token may be none here.
        if profile["verify"]?["rejectIf"] != nil { out["id_token_shape"] = true }
        out["identity"] =
            [
                "accessToken": "access_token", "userinfo": "probe",
            ][profile.text("verify", "identity") ?? ""] ?? "id_token"
        if let plan = introspection(input, profile) { out["introspection"] = plan }
        if profile.kinds.contains("probe") || out["identity"] == "probe",
            let url =
                (profile.endpoints["userinfo_endpoint"]
                    ?? input["document"]?["userinfo_endpoint"])
        {
            out["probe"] = [
                [
                    "url": url, "fields": ["Accept": "application/json"],
                    "client_auth": ["method": "bearer", "secret": "token"],
                ]
            ]
        }
        return .object(out)
    }

    /// Nil where the caller's default is right: the document's endpoint, the policy's client.
    private static func introspection(_ input: OidcInput, _ profile: OidcProfile) -> JSONValue? {
        guard profile.kinds.contains("introspection"), let rules = profile["introspection"],
            let url = rules["url"] ?? profile.endpoints["introspection_endpoint"]
                ?? input["document"]?["introspection_endpoint"]
        else { return nil }
        let method = rules["clientAuth"]?.stringValue ?? "basic"
        var authentication: JSONObject = ["method": .string(method)]
        if method != "none" { authentication["secret"] = rules["clientSecret"] ?? "client" }
        if method == "basic" || method == "post" { authentication["client_id"] = rules["clientId"] }
        return [
            "method": "POST", "url": url, "form": [:],
            "fields": ["Accept": "application/json"], "client_auth": .object(authentication),
        ]
    }

    /// What userinfo said (OpenID Connect Core 1.0 §5.3); a limit or a fault says nothing of the
    /// token.
    static func probed(_ input: OidcInput) throws(OidcError) -> JSONValue {
        guard let response = input["responses"]?[0], let status = response["status"]?.intValue
        else { throw .missing("responses") }
        if status == 200, let claims = response["body"]?.objectValue, !claims.isEmpty {
            return ["claims": .object(claims)]
        }
        if [400, 401, 403].contains(status) {
            return ["reject": .string("userinfo answered \(status)")]
        }
        return ["unavailable": .string("userinfo answered \(status)")]
    }

    /// The profile's alternatives with the names in braces filled in; `aud` names a configured
    /// audience where none are written.
    ///
    /// - Throws: where nothing is left: a token is never taken without one.
    static func audience(
        _ input: OidcInput, _ profile: OidcProfile
    ) throws(OidcError) -> JSONValue {
        let (alternatives, isBound) = audiences(input, profile)
        guard !alternatives.isEmpty else {
            throw .missing(input["client_id"]?.stringValue == nil ? "client_id" : "audiences")
        }
        return ["alternatives": .array(alternatives), "bound": .bool(isBound)]
    }

    /// The alternatives that have a value, and whether all bind to this gateway.
    static func audiences(
        _ input: OidcInput, _ profile: OidcProfile
    ) -> (alternatives: [JSONValue], isBound: Bool) {
        var values: [String: String] = [:]
        values["config.clientId"] = input["client_id"]?.stringValue
        values["resource"] = input["resource"]?.stringValue
        let configured = OidcProfile.texts(input["audiences"])
        var out: [JSONValue] = []
        var isBound = true
        for rule in profile["audience"]?.arrayValue ?? [["claim": "aud"]] {
            let templates = rule["anyOf"].map { OidcProfile.texts($0) } ?? ["{audiences}"]
            var wanted: [String] = []
            for template in templates {
                let filled =
                    template == "{audiences}"
                    ? configured : [OidcTemplate.filled(template, values)]
                wanted += filled.filter { !$0.utf8.contains(UInt8(ascii: "{")) }
            }
            guard !wanted.isEmpty else { continue }
            let usesClient = templates.allSatisfy { $0 == "{config.clientId}" }
            isBound = isBound && (rule["bound"]?.boolValue ?? !usesClient)
            out.append([
                "claim": .array(OidcProfile.texts(rule["claim"]).map(JSONValue.string)),
                "any_of": .array(wanted.map(JSONValue.string)),
            ])
        }
        return (out, isBound)
    }
}
