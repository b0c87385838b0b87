import GatehouseJOSE
import GatehouseJSON

/// Dynamic client registration with the policies that Keycloak has for anonymous callers.
extension KeycloakRealm {
    /// The members that Keycloak's representation of an OIDC client has; another is an error.
    private static let knownMembers: Set<String> = [
        "redirect_uris", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg",
        "grant_types", "response_types", "client_id", "client_secret", "client_name",
        "client_uri", "logo_uri", "scope", "contacts", "tos_uri", "policy_uri", "jwks_uri",
        "jwks", "software_id", "software_version", "application_type", "sector_identifier_uri",
        "subject_type", "id_token_signed_response_alg", "id_token_encrypted_response_alg",
        "id_token_encrypted_response_enc", "userinfo_signed_response_alg",
        "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
        "request_object_signing_alg", "request_object_encryption_alg",
        "request_object_encryption_enc", "request_object_required", "default_max_age",
        "require_auth_time", "default_acr_values", "initiate_login_uri", "request_uris",
        "post_logout_redirect_uris", "frontchannel_logout_uri",
        "frontchannel_logout_session_required", "backchannel_logout_uri",
        "backchannel_logout_session_required", "tls_client_certificate_bound_access_tokens",
        "dpop_bound_access_tokens", "tls_client_auth_subject_dn",
        "require_pushed_authorization_requests", "authorization_signed_response_alg",
        "authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
        "backchannel_token_delivery_mode", "backchannel_client_notification_endpoint",
        "backchannel_authentication_request_signing_alg",
    ]

    /// `POST /clients-registrations/openid-connect`.
    func register(_ request: DemoRequest) -> DemoResponse {
        guard let asked = request.json?.objectValue else {
            return .oauthError("invalid_client_metadata", "Cannot parse the JSON")
        }
        if let stranger = asked.keys.first(where: { !Self.knownMembers.contains($0) }) {
            return .json(
                ["error": .string("Unrecognized field \"\(stranger)\"")], status: 400)
        }
        guard let uris = strings(asked["redirect_uris"]), !uris.isEmpty else {
            return .oauthError("invalid_redirect_uri", "A redirect URI is not a valid URI")
        }
        if let refusal = policyRefusal(uris, scope: asked["scope"]?.stringValue) { return refusal }
        let client = makeClient(asked, uris)
        clients.insert(client, for: client.id)
        return created(client, asked)
    }

    private func policyRefusal(_ uris: [String], scope: String?) -> DemoResponse? {
        func refuse(_ policy: String, _ details: String) -> DemoResponse {
            .oauthError(
                "insufficient_scope",
                "Policy '\(policy)' rejected request to client-registration service. "
                    + "Details: \(details)", status: 403)
        }
        let trusted: Set<String> = ["localhost", "127.0.0.1", "[::1]"]
        for uri in uris {
            guard let (scheme, host) = hostOf(uri) else {
                return .oauthError("invalid_redirect_uri", "A redirect URI is not a valid URI")
            }
            let isWeb = scheme == "http" || scheme == "https"
            if isWeb, !trusted.contains(host) {
                return refuse("Trusted Hosts", "Host not trusted.")
            }
        }
        let allowed = Set(Self.defaultScopes + Self.optionalScopes + ["openid"])
        for name in (scope ?? "").split(separator: " ") where !allowed.contains(String(name)) {
            return refuse(
                "Allowed Client Scopes", "Not permitted to use specified clientScope")
        }
        guard clients.count < 200 else {
            return refuse("Max Clients Limit", "It's allowed to have max 200 clients per realm")
        }
        return nil
    }

    /// A client that was registered with `scope` has these scopes and no others: without
    /// `profile` the mapper that adds the audience does not run.
    private func makeClient(_ asked: JSONObject, _ uris: [String]) -> OAuthClient {
        let scopes = asked["scope"]?.stringValue.map { text in
            Set(text.split(separator: " ").map(String.init))
        }
        let isPublic = asked["token_endpoint_auth_method"]?.stringValue == "none"
        return OAuthClient(
            id: Chance.uuid(), secret: Chance.secret(),
            method: isPublic ? "none" : "client_secret_basic", redirectURIs: uris,
            grantTypes: strings(asked["grant_types"]) ?? ["authorization_code", "refresh_token"],
            scopes: scopes.flatMap { $0.isEmpty ? nil : $0 },
            name: asked["client_name"]?.stringValue ?? "")
    }

    /// The answer says `client_secret_basic` and carries a secret whatever was asked for; of a
    /// client that asked for `none` the realm wants none.
    private func created(_ client: OAuthClient, _ asked: JSONObject) -> DemoResponse {
        let location = authority.issuer + "/clients-registrations/openid-connect/" + client.id
        let scopes = client.scopes.map { $0.sorted() } ?? Self.optionalScopes
        var answer: JSONObject = [
            "redirect_uris": .strings(client.redirectURIs),
            "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": .strings(client.grantTypes), "response_types": ["code", "none"],
            "client_id": .string(client.id), "client_secret": .string(client.secret ?? ""),
            "scope": .string(scopes.joined(separator: " ")), "subject_type": "public",
            "request_uris": [], "tls_client_certificate_bound_access_tokens": false,
            "dpop_bound_access_tokens": false, "client_id_issued_at": .int(Chance.now()),
            "client_secret_expires_at": 0, "registration_client_uri": .string(location),
            "registration_access_token": .string(refreshToken(["typ": "RegistrationAccessToken"])),
            "backchannel_logout_session_required": false,
            "require_pushed_authorization_requests": false,
            "frontchannel_logout_session_required": false,
        ]
        if !client.name.isEmpty { answer["client_name"] = .string(client.name) }
        return .json(.object(answer), status: 201, headers: [("Location", location)])
    }
}
