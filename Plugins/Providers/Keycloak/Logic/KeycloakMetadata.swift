import GatehouseJSON

/// Where Keycloak publishes its metadata, and what of it MCP clients stumble over.
enum KeycloakMetadata {
    /// All three forms, merged.
    ///
    /// Every version answers the OpenID Connect form (OpenID Connect Discovery 1.0 §4.1) and the
    /// appended form; the inserted form of RFC 8414 §3.1 is there from 26.4 on.
    static func discovery(issuer: String, _ configuration: KeycloakConfiguration) -> JSONValue {
        var base = issuer[...]
        while base.hasSuffix("/") { base.removeLast() }
        var urls = [
            "\(base)/.well-known/openid-configuration",
            "\(base)/.well-known/oauth-authorization-server",
        ]
        if let (origin, path) = split(String(base)), !path.isEmpty {
            urls.append("\(origin)/.well-known/oauth-authorization-server\(path)")
        }
        var out: JSONObject = [
            "merge": "merge", "requests": .array(urls.map { ["url": .string($0)] }),
        ]
        var members = configuration.endpoints
        // Keycloak promises iss also where every client has it switched off.
        if !configuration.sendsIssuer {
            members["authorization_response_iss_parameter_supported"] = false
        }
        if !members.isEmpty { out["document"] = .object(members) }
        return .object(out)
    }

    /// What the document says to MCP clients.
    ///
    /// The endpoints that the gateway serves replace the realm's, also where
    /// `mtls_endpoint_aliases` repeats them; `none` is added because public clients are what MCP
    /// clients are, although Keycloak lists it from 26.7 on only; `plain` is left out (RFC 9700
    /// §2.1.1); the flag of RFC 9207 is removed because the realm's `iss` is not the gateway's;
    /// endpoints by which a client could go around the gateway are left out.
    static func rewritten(_ document: JSONObject, gateway: JSONObject) -> JSONValue {
        var out = document
        for name in ["issuer"] + endpoints {
            if let value = gateway[name] { out[name] = value }
        }
        for name in dropped { out[name] = nil }
        out["code_challenge_methods_supported"] = ["S256"]
        out["token_endpoint_auth_methods_supported"] = .array(authenticationMethods(document))
        return ["document": .object(out)]
    }

    private static let dropped = [
        "mtls_endpoint_aliases", "authorization_response_iss_parameter_supported",
        "pushed_authorization_request_endpoint", "require_pushed_authorization_requests",
        "device_authorization_endpoint", "backchannel_authentication_endpoint",
        "backchannel_token_delivery_modes_supported", "end_session_endpoint",
        "check_session_iframe", "frontchannel_logout_supported",
        "frontchannel_logout_session_supported", "backchannel_logout_supported",
        "backchannel_logout_session_supported", "require_request_uri_registration",
        "tls_client_certificate_bound_access_tokens",
    ]

    private static let endpoints = [
        "authorization_endpoint", "token_endpoint", "registration_endpoint",
    ]

    /// `none` first, then the provider's, without those of the connection that the gateway ends.
    private static func authenticationMethods(_ document: JSONObject) -> [JSONValue] {
        let listed = document["token_endpoint_auth_methods_supported"]?.arrayValue ?? []
        let hidden: Set<JSONValue> = ["none", "tls_client_auth", "self_signed_tls_client_auth"]
        return ["none"] + listed.filter { !hidden.contains($0) }
    }

    /// Origin and path of an absolute URL.
    private static func split(_ url: String) -> (origin: Substring, path: Substring)? {
        guard let scheme = url.range(of: "://") else { return nil }
        let rest = url[scheme.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        return (url[..<slash], url[slash...])
    }
}

extension String {
    /// The first place where `text` stands.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
