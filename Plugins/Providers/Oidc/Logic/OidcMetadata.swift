import GatehouseJSON

/// Where the provider publishes its metadata, whose tokens are taken, and what clients get to see.
enum OidcMetadata {
    /// The profile's places, or, where only endpoints are written, every usual one.
    ///
    /// - Throws: `.unknownHook` where neither is written: the caller's default does it.
    static func discovery(_ issuer: String, _ profile: OidcProfile) throws(OidcError) -> JSONValue {
        var members = profile.endpoints
        // Some promise iss and do not send it.
        if profile.emitsIssuer == "never" {
            members["authorization_response_iss_parameter_supported"] = false
        }
        let written = profile["discovery"]?["urls"]?.arrayValue
        if written == nil, members.isEmpty { throw .unknownHook }
        let urls = written?.compactMap(\.stringValue) ?? usual
        let merge = profile.text("discovery", "merge") ?? (written == nil ? "merge" : "first")
        var out: JSONObject = [
            "requests": .array(
                urls.map { ["url": .string(OidcTemplate.url($0, issuer: issuer))] }),
            "merge": .string(merge),
        ]
        if urls.isEmpty { members = complete(members, issuer) }
        if !members.isEmpty { out["document"] = .object(members) }
        return .object(out)
    }

    /// RFC 8414 §3.1, OpenID Connect Discovery 1.0 §4.1, and the form that several providers serve
    /// instead of the first.
    private static let usual = [
        "{origin}/.well-known/oauth-authorization-server{path}",
        "{base}/.well-known/openid-configuration",
        "{base}/.well-known/oauth-authorization-server",
    ]

    /// A document where the provider has none.
    private static func complete(_ members: JSONObject, _ issuer: String) -> JSONObject {
        var out: JSONObject = ["issuer": .string(issuer), "response_types_supported": ["code"]]
        for (name, value) in members { out[name] = value }
        return out
    }

    /// - Throws: `.unknownHook` where the profile says nothing: the caller's default does it.
    static func issuers(_ issuer: String, _ profile: OidcProfile) throws(OidcError) -> JSONValue {
        guard let rules = profile["issuers"] else { throw .unknownHook }
        var out: JSONObject = [:]
        let documents = OidcProfile.texts(rules["document"])
        if !documents.isEmpty {
            out["document"] = .array(
                documents.map { .string(OidcTemplate.url($0, issuer: issuer)) })
        }
        let tokens = rules["tokens"]?.arrayValue ?? [.string(issuer)]
        out["tokens"] = .array(
            tokens.compactMap { token in
                if let text = token.stringValue {
                    return ["issuer": .string(OidcTemplate.url(text, issuer: issuer))]
                }
                guard var rule = token.objectValue else { return nil }
                let text = rule["issuer"]?.stringValue ?? issuer
                rule["issuer"] = .string(OidcTemplate.url(text, issuer: issuer))
                return .object(rule)
            })
        return .object(out)
    }

    /// The profile's `remove`, `set` and `addTo`, then the gateway's endpoints; what leads around
    /// the gateway is left out.
    static func rewritten(
        _ document: JSONObject, gateway: JSONObject, _ profile: OidcProfile
    ) -> JSONValue {
        var out = document
        for name in dropped + profile.texts("metadata", "remove") { out[name] = nil }
        for (name, value) in profile["metadata"]?["set"]?.objectValue ?? [:] { out[name] = value }
        for (name, values) in profile["metadata"]?["addTo"]?.objectValue ?? [:] {
            var list = out[name]?.arrayValue ?? []
            for value in values.arrayValue ?? [] where !list.contains(value) { list.append(value) }
            out[name] = .array(list)
        }
        for (name, value) in gateway { out[name] = value }
        if let scopes = out["scopes_supported"]?.arrayValue {
            out["scopes_supported"] = .array(
                scopes.map { $0.stringValue.map { .string(profile.shown($0)) } ?? $0 })
        }
        return ["document": .object(out)]
    }

    private static let dropped = [
        "mtls_endpoint_aliases", "pushed_authorization_request_endpoint",
        "require_pushed_authorization_requests", "device_authorization_endpoint",
        "backchannel_authentication_endpoint", "end_session_endpoint", "check_session_iframe",
        "authorization_response_iss_parameter_supported",
    ]
}
