import GatehouseJOSE
import GatehouseJSON

/// An authorization server that complies with what MCP asks for and lets everybody in.
///
/// RFC 8414 metadata, RFC 7591 registration, codes with PKCE S256 bound to `resource` (RFC 8707),
/// `iss` in the response (RFC 9207), RS256 access tokens (RFC 9068), rotating refresh tokens.
final class MockAuthorizationServer: Site {
    private let authority: TokenAuthority
    private let showsPage: Bool
    private let clients = BoundedStore<OAuthClient>(capacity: 1000)
    private let codes = BoundedStore<CodeGrant>(capacity: 1000)
    private let refreshTokens = BoundedStore<RefreshGrant>(capacity: 1000)
    private static let scopes = ["read:all", "write:all", "offline_access"]

    init(issuer: String, showsPage: Bool) throws {
        authority = try TokenAuthority(issuer: issuer, keyPrefix: "key-")
        self.showsPage = showsPage
    }

    func reply(to request: DemoRequest) -> Reply {
        let cors = [
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Allow-Headers", "Content-Type, Authorization, mcp-protocol-version"),
        ]
        if request.method == "OPTIONS" {
            return .whole(DemoResponse(status: 204, headers: cors))
        }
        return .whole(response(to: request).adding(cors))
    }

    private func response(to request: DemoRequest) -> DemoResponse {
        switch (request.method, request.path) {
        case ("GET", "/.well-known/oauth-authorization-server"),
            ("GET", "/.well-known/openid-configuration"):
            return .json(metadata)
        case ("GET", "/.well-known/jwks.json"):
            return authority.keySet(headers: [("Cache-Control", "public, max-age=300")])
        case ("POST", "/register"): return register(request)
        case ("GET", "/authorize"), ("POST", "/authorize"): return authorize(request)
        case ("POST", "/token"): return token(request)
        default:
            return authority.control(request)
                ?? .json(["error": "not_found"], status: 404)
        }
    }

    private var metadata: JSONValue {
        let issuer = authority.issuer
        return [
            "issuer": .string(issuer),
            "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"),
            "registration_endpoint": .string(issuer + "/register"),
            "jwks_uri": .string(issuer + "/.well-known/jwks.json"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic", "client_secret_post", "none",
            ],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": .strings(Self.scopes),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": true,
        ]
    }

    // MARK: Registration (RFC 7591)

    private func register(_ request: DemoRequest) -> DemoResponse {
        guard let asked = request.json?.objectValue else {
            return .oauthError("invalid_client_metadata", "the body is not a JSON object")
        }
        guard let uris = strings(asked["redirect_uris"]), !uris.isEmpty, uris.count <= 16,
            uris.allSatisfy({ hostOf($0) != nil && !$0.contains("#") })
        else { return .oauthError("invalid_redirect_uri", "redirect_uris must be absolute URIs") }
        let methods = ["client_secret_basic", "client_secret_post", "none"]
        let method = asked["token_endpoint_auth_method"]?.stringValue ?? "client_secret_basic"
        guard methods.contains(method) else {
            return .oauthError("invalid_client_metadata", "the authentication method is unknown")
        }
        let grants = strings(asked["grant_types"]) ?? ["authorization_code"]
        let client = OAuthClient(
            id: Chance.uuid(), secret: method == "none" ? nil : Chance.secret(), method: method,
            redirectURIs: uris, grantTypes: grants, scopes: nil,
            name: asked["client_name"]?.stringValue ?? "a client")
        clients.insert(client, for: client.id)
        var answer = asked
        answer["client_id"] = .string(client.id)
        answer["client_id_issued_at"] = .int(Chance.now())
        if let secret = client.secret {
            answer["client_secret"] = .string(secret)
            answer["client_secret_expires_at"] = 0
        }
        answer["token_endpoint_auth_method"] = .string(method)
        answer["grant_types"] = .strings(grants)
        answer["response_types"] = ["code"]
        return .json(.object(answer), status: 201, headers: [("Cache-Control", "no-store")])
    }

    // MARK: Authorization

    private func authorize(_ request: DemoRequest) -> DemoResponse {
        let parameters = request.method == "POST" ? request.form : request.query
        guard let client = parameters["client_id"].flatMap({ clients[$0] }),
            let redirect = parameters["redirect_uri"], client.redirectURIs.contains(redirect)
        else { return .html("<h1>Unknown client or redirect URI</h1>", status: 400) }
        func back(_ more: [(String, String)]) -> DemoResponse {
            let state = parameters["state"].map { [("state", $0)] } ?? []
            let issuer = [("iss", authority.issuer)]
            return .redirect(to: FormEncoding.adding(more + state + issuer, to: redirect))
        }
        guard parameters["response_type"] == "code" else {
            return back([("error", "unsupported_response_type")])
        }
        guard let challenge = parameters["code_challenge"],
            parameters["code_challenge_method"] == "S256"
        else {
            return back([
                ("error", "invalid_request"), ("error_description", "PKCE with S256 is required"),
            ])
        }
        let scope = parameters["scope"] ?? ""
        guard scope.split(separator: " ").allSatisfy({ Self.scopes.contains(String($0)) }) else {
            return back([("error", "invalid_scope")])
        }
        if showsPage, request.method == "GET" { return page(parameters, client) }
        let code = Chance.secret()
        codes.insert(
            CodeGrant(
                clientID: client.id, redirectURI: redirect, challenge: challenge,
                challengeMethod: "S256", scope: scope, resource: parameters["resource"],
                sessionID: Chance.uuid(), nonce: nil, expires: Chance.now() + 60), for: code)
        return back([("code", code)])
    }

    private func page(_ parameters: [String: String], _ client: OAuthClient) -> DemoResponse {
        let fields = parameters.sorted { $0.key < $1.key }.map {
            "<input type=\"hidden\" name=\"\(escapedHTML($0.key))\" "
                + "value=\"\(escapedHTML($0.value))\">"
        }.joined(separator: "\n")
        return .html(
            """
            <!doctype html><title>Mock authorization server</title>
            <h1>Mock authorization server</h1>
            <p>\(escapedHTML(client.name)) asks for access.</p>
            <form method="post" action="/authorize">
            \(fields)
            <button type="submit" name="approve" value="yes">Approve</button>
            </form>
            """)
    }

    // MARK: Tokens

    private func token(_ request: DemoRequest) -> DemoResponse {
        guard let client = ClientCredentials.authenticate(request, in: clients) else {
            return .oauthError(
                "invalid_client", "the client is unknown or its secret is wrong", status: 401,
                headers: [("WWW-Authenticate", "Basic realm=\"mock\"")])
        }
        let form = request.form
        switch form["grant_type"] {
        case "authorization_code":
            guard let grant = form["code"].flatMap({ codes.remove($0) }),
                grant.clientID == client.id, grant.redirectURI == form["redirect_uri"],
                grant.expires > Chance.now(),
                PKCE.isValid(verifier: form["code_verifier"], for: grant)
            else { return .oauthError("invalid_grant", "the code is not valid") }
            guard form["resource"] == nil || form["resource"] == grant.resource else {
                return .oauthError("invalid_target", "the code is for another resource")
            }
            return issue(
                to: client, scope: grant.scope, resource: grant.resource,
                sessionID: grant.sessionID)
        case "refresh_token":
            guard let grant = form["refresh_token"].flatMap({ refreshTokens.remove($0) }),
                grant.clientID == client.id, grant.expires > Chance.now()
            else { return .oauthError("invalid_grant", "the refresh token is not valid") }
            return issue(
                to: client, scope: grant.scope, resource: grant.resource,
                sessionID: grant.sessionID)
        default: return .oauthError("unsupported_grant_type", "code and refresh token only")
        }
    }

    private func issue(
        to client: OAuthClient, scope: String, resource: String?, sessionID: String
    ) -> DemoResponse {
        let now = Chance.now()
        let claims: JSONObject = [
            "iss": .string(authority.issuer), "sub": "9026451",
            "aud": .string(resource ?? client.id),
            "client_id": .string(client.id), "scope": .string(scope), "iat": .int(now),
            "exp": .int(now + 3600), "jti": .string(Chance.uuid()),
        ]
        guard let token = try? authority.sign(claims, header: ["typ": "at+jwt"]) else {
            return .oauthError("server_error", "cannot sign", status: 500)
        }
        var answer: JSONObject = [
            "access_token": .string(token), "token_type": "Bearer", "expires_in": 3600,
            "scope": .string(scope),
        ]
        if client.grantTypes.contains("refresh_token") {
            let refresh = Chance.secret()
            refreshTokens.insert(
                RefreshGrant(
                    clientID: client.id, scope: scope, resource: resource, sessionID: sessionID,
                    expires: now + 30 * 86_400), for: refresh)
            answer["refresh_token"] = .string(refresh)
        }
        return .json(.object(answer), headers: [("Cache-Control", "no-store")])
    }
}
