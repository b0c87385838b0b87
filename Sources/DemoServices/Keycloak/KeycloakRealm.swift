import GatehouseJOSE
import GatehouseJSON

/// A realm that behaves as Keycloak's do where an MCP client or an adapter meets them.
///
/// One realm `mcp`, one user (testuser, testpass). What is not convenient is on purpose:
/// registration has no CORS, refuses members it does not know and scopes it does not list, makes
/// every client confidential, and a client registered with `scope` loses the audience; `resource`
/// is ignored and the audience `mcp_proxy` comes from a mapper in the scope `profile`; the
/// metadata goes on advertising the `iss` parameter while emission is off.
final class KeycloakRealm: Site {
    let base: String
    let authority: TokenAuthority
    let emitsIssuer: Bool
    let clients = BoundedStore<OAuthClient>(capacity: 1000)
    let codes = BoundedStore<CodeGrant>(capacity: 1000)
    let logins = BoundedStore<KeycloakLogin>(capacity: 1000)
    let sessions = BoundedStore<KeycloakSession>(capacity: 1000)
    let refreshTokens = BoundedStore<RefreshGrant>(capacity: 1000)
    let refreshKey = Chance.bytes(64)

    /// The path of the realm.
    static let root = "/realms/mcp"
    /// The scopes that every client has unless its registration names others.
    static let defaultScopes = ["basic", "acr", "profile", "email", "roles", "web-origins"]
    /// The scopes that a client may ask for.
    static let optionalScopes = [
        "offline_access", "address", "phone", "microprofile-jwt", "mcp:tools",
    ]
    /// What the audience mapper adds.
    static let audience = "mcp_proxy"
    static let user = (name: "testuser", password: "testpass")
    /// A client that was made by hand, for a gateway: id, secret.
    static let gateway = (id: "gatehouse", secret: "secret-of-the-demo")
    static let userID = "33ed6c6b-c6e0-4928-a161-f2f69c7a03b9"

    /// `redirectURIs`: those of the client `gatehouse`.
    init(base: String, emitsIssuer: Bool, redirectURIs: [String] = []) throws {
        self.base = base
        self.emitsIssuer = emitsIssuer
        // The realm publishes its encryption key beside the signing key, as Keycloak's do.
        var encryption = try SigningKey.generate(.rs256, keyID: Chance.secret()).publicJWK()
        encryption["use"] = "enc"
        encryption["alg"] = "RSA-OAEP"
        authority = try TokenAuthority(
            issuer: base + Self.root, keyPrefix: "realm-key-", extraKeys: [.object(encryption)])
        clients.insert(
            OAuthClient(
                id: Self.gateway.id, secret: Self.gateway.secret, method: "client_secret_basic",
                redirectURIs: redirectURIs, grantTypes: ["authorization_code", "refresh_token"],
                scopes: nil, name: "Gatehouse"), for: Self.gateway.id)
    }

    func reply(to request: DemoRequest) -> Reply { .whole(response(to: request)) }

    private func response(to request: DemoRequest) -> DemoResponse {
        let root = Self.root
        switch (request.method, request.path) {
        case ("GET", root + "/.well-known/openid-configuration"),
            ("GET", root + "/.well-known/oauth-authorization-server"),
            ("GET", "/.well-known/oauth-authorization-server" + root):
            return .json(
                metadata,
                headers: [
                    ("Cache-Control", "no-cache, must-revalidate, no-transform, no-store"),
                    ("Access-Control-Allow-Origin", "*"),
                ])
        case ("GET", root + "/protocol/openid-connect/certs"):
            return authority.keySet(
                headers: [("Cache-Control", "no-cache"), ("Access-Control-Allow-Origin", "*")])
        case ("GET", root + "/protocol/openid-connect/auth"),
            ("POST", root + "/protocol/openid-connect/auth"):
            return authorize(request)
        case ("POST", root + "/login-actions/authenticate"): return authenticate(request)
        case ("POST", root + "/protocol/openid-connect/token"): return token(request)
        case ("POST", root + "/clients-registrations/openid-connect"): return register(request)
        case ("GET", root): return realmInfo
        default: return authority.control(request) ?? unknown(request)
        }
    }

    private var realmInfo: DemoResponse {
        .json([
            "realm": "mcp",
            "token-service": .string(authority.issuer + "/protocol/openid-connect"),
            "account-service": .string(authority.issuer + "/account"), "tokens-not-before": 0,
        ])
    }

    private func unknown(_ request: DemoRequest) -> DemoResponse {
        // A path that is served for another method is 405, and so is every preflight of
        // registration: it has no CORS.
        let known = ["/clients-registrations/openid-connect", "/protocol/openid-connect/token"]
        if known.contains(where: { request.path == Self.root + $0 }) {
            return .json(
                ["error": "HTTP 405 Method Not Allowed"], status: 405)
        }
        return .json(
            [
                "error": "Unable to find matching target resource method",
                "error_description": "For more on this error consult the server log.",
            ], status: 404)
    }

    private var metadata: JSONValue {
        let issuer = authority.issuer
        let connect = issuer + "/protocol/openid-connect"
        var members: JSONObject = [
            "issuer": .string(issuer),
            "authorization_endpoint": .string(connect + "/auth"),
            "token_endpoint": .string(connect + "/token"),
            "introspection_endpoint": .string(connect + "/token/introspect"),
            "userinfo_endpoint": .string(connect + "/userinfo"),
            "end_session_endpoint": .string(connect + "/logout"),
            "jwks_uri": .string(connect + "/certs"),
            "check_session_iframe": .string(connect + "/login-status-iframe.html"),
            "registration_endpoint": .string(issuer + "/clients-registrations/openid-connect"),
            "revocation_endpoint": .string(connect + "/revoke"),
            "device_authorization_endpoint": .string(connect + "/auth/device"),
            "pushed_authorization_request_endpoint": .string(connect + "/ext/par/request"),
            "backchannel_authentication_endpoint": .string(connect + "/ext/ciba/auth"),
            "mtls_endpoint_aliases": [
                "token_endpoint": .string(connect + "/token"),
                "registration_endpoint": .string(issuer + "/clients-registrations/openid-connect"),
            ],
        ]
        for member in Self.constantMetadata { members[member.key] = member.value }
        return .object(members)
    }

    private static let constantMetadata: JSONObject = {
        let algorithms: JSONValue = [
            "PS384", "RS384", "EdDSA", "ES384", "HS256", "HS512", "ES256", "RS256", "HS384",
            "ES512", "PS256", "PS512", "RS512",
        ]
        let methods: JSONValue = [
            "private_key_jwt", "client_secret_basic", "client_secret_post", "tls_client_auth",
            "client_secret_jwt",
        ]
        return [
            "frontchannel_logout_session_supported": true,
            "frontchannel_logout_supported": true, "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "grant_types_supported": [
                "authorization_code", "implicit", "refresh_token", "password",
                "client_credentials", "urn:openid:params:grant-type:ciba",
                "urn:ietf:params:oauth:grant-type:device_code",
            ],
            "acr_values_supported": ["0", "1"],
            "response_types_supported": [
                "code", "none", "id_token", "token", "id_token token", "code id_token",
                "code token", "code id_token token",
            ],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": algorithms,
            "response_modes_supported": [
                "query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt",
                "jwt",
            ],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "claims_supported": [
                "aud", "sub", "iss", "auth_time", "name", "given_name", "family_name",
                "preferred_username", "email", "acr",
            ],
            "claim_types_supported": ["normal"], "claims_parameter_supported": true,
            "scopes_supported": .strings(["openid"] + optionalScopes + defaultScopes),
            "request_parameter_supported": true, "request_uri_parameter_supported": true,
            "require_request_uri_registration": true,
            "code_challenge_methods_supported": ["plain", "S256"],
            "tls_client_certificate_bound_access_tokens": true,
            "backchannel_token_delivery_modes_supported": ["poll", "ping"],
            "require_pushed_authorization_requests": false,
            "authorization_response_iss_parameter_supported": true,
        ]
    }()
}
