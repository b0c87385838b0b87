import GatehouseJOSE
import GatehouseJSON

/// The token endpoint.
extension KeycloakRealm {
    /// `/protocol/openid-connect/token`.
    func token(_ request: DemoRequest) -> DemoResponse {
        let form = request.form
        guard let client = ClientCredentials.authenticate(request, in: clients) else {
            let isKnown = ClientCredentials.read(request).flatMap { clients[$0.id] } != nil
            return isKnown
                ? .oauthError(
                    "unauthorized_client", "Invalid client or Invalid client credentials",
                    status: 401)
                : .oauthError(
                    "invalid_client", "Invalid client or Invalid client credentials", status: 401)
        }
        switch form["grant_type"] {
        case "authorization_code": return redeem(form, client)
        case "refresh_token": return refresh(form, client)
        case nil: return .oauthError("invalid_request", "Missing form parameter: grant_type")
        default: return .oauthError("unsupported_grant_type", "Unsupported grant_type")
        }
    }

    private func redeem(_ form: [String: String], _ client: OAuthClient) -> DemoResponse {
        guard let grant = form["code"].flatMap({ codes.remove($0) }),
            grant.expires > Chance.now()
        else { return .oauthError("invalid_grant", "Code not valid") }
        guard grant.clientID == client.id else {
            return .oauthError("invalid_grant", "Auth error")
        }
        guard grant.redirectURI == form["redirect_uri"] else {
            return .oauthError("invalid_grant", "Incorrect redirect_uri")
        }
        guard PKCE.isValid(verifier: form["code_verifier"], for: grant) else {
            let reason =
                form["code_verifier"] == nil
                ? "PKCE code verifier not specified" : "PKCE verification failed: Code mismatch"
            return .oauthError("invalid_grant", reason)
        }
        return issue(
            to: client, scope: grant.scope, sessionID: grant.sessionID, nonce: grant.nonce)
    }

    private func refresh(_ form: [String: String], _ client: OAuthClient) -> DemoResponse {
        guard let text = form["refresh_token"], let grant = refreshTokens[text],
            grant.expires > Chance.now()
        else { return .oauthError("invalid_grant", "Invalid refresh token") }
        guard grant.clientID == client.id else {
            return .oauthError("invalid_grant", "Invalid refresh token. Token client mismatch")
        }
        return issue(
            to: client, scope: grant.scope, sessionID: grant.sessionID, nonce: nil)
    }

    private func issue(
        to client: OAuthClient, scope: String, sessionID: String, nonce: String?
    ) -> DemoResponse {
        let now = Chance.now()
        let asked = scope.split(separator: " ").map(String.init)
        let held = client.scopes.map { $0.sorted() } ?? Self.defaultScopes
        let granted = Set(held + asked)
        let shown = (asked + held.filter { ["profile", "email"].contains($0) })
            .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let claims = accessClaims(client, granted, shown, sessionID: sessionID, now: now)
        guard let token = try? authority.sign(claims, header: ["typ": "JWT"]) else {
            return .oauthError("unknown_error", "cannot sign", status: 500)
        }
        let refresh = refreshToken([
            "exp": .int(now + 1800), "iat": .int(now), "jti": .string(Chance.uuid()),
            "iss": .string(authority.issuer), "aud": .string(authority.issuer),
            "sub": .string(Self.userID), "typ": "Refresh", "azp": .string(client.id),
            "sid": .string(sessionID), "scope": .string(shown.joined(separator: " ")),
        ])
        refreshTokens.insert(
            RefreshGrant(
                clientID: client.id, scope: scope, resource: nil, sessionID: sessionID,
                expires: now + 1800), for: refresh)
        var answer: JSONObject = [
            "access_token": .string(token), "expires_in": 300, "refresh_expires_in": 1800,
            "refresh_token": .string(refresh), "token_type": "Bearer", "not-before-policy": 0,
            "session_state": .string(sessionID),
            "scope": .string(shown.joined(separator: " ")),
        ]
        if asked.contains("openid") {
            answer["id_token"] = idToken(client, sessionID: sessionID, nonce: nonce, now: now)
        }
        return .json(
            .object(answer), headers: [("Cache-Control", "no-store"), ("Pragma", "no-cache")])
    }

    /// `aud` and `sub` come from mappers of scopes: without `profile` the token names no audience
    /// of ours, without `basic` and `profile` no subject.
    private func accessClaims(
        _ client: OAuthClient, _ granted: Set<String>, _ shown: [String], sessionID: String,
        now: Int64
    ) -> JSONObject {
        var claims: JSONObject = [
            "exp": .int(now + 300), "iat": .int(now), "auth_time": .int(now),
            "jti": .string("onrtac:" + Chance.uuid()), "iss": .string(authority.issuer),
        ]
        var audiences: [String] = []
        if granted.contains("profile") { audiences.append(Self.audience) }
        if granted.contains("roles") { audiences.append("account") }
        if audiences.count == 1 {
            claims["aud"] = .string(audiences[0])
        } else if !audiences.isEmpty {
            claims["aud"] = .strings(audiences)
        }
        if !granted.isDisjoint(with: ["basic", "profile"]) {
            claims["sub"] = .string(Self.userID)
        }
        claims["typ"] = "Bearer"
        claims["azp"] = .string(client.id)
        claims["sid"] = .string(sessionID)
        claims["acr"] = "1"
        claims["realm_access"] = [
            "roles": ["offline_access", "uma_authorization", "default-roles-mcp"]
        ]
        claims["scope"] = .string(shown.joined(separator: " "))
        if granted.contains("profile") {
            claims["name"] = "Test User"
            claims["preferred_username"] = .string(Self.user.name)
        }
        return claims
    }

    private func idToken(
        _ client: OAuthClient, sessionID: String, nonce: String?, now: Int64
    ) -> JSONValue? {
        var claims: JSONObject = [
            "exp": .int(now + 300), "iat": .int(now), "auth_time": .int(now),
            "jti": .string(Chance.uuid()), "iss": .string(authority.issuer),
            "aud": .string(client.id), "sub": .string(Self.userID), "typ": "ID",
            "azp": .string(client.id), "sid": .string(sessionID), "at_hash": "demo", "acr": "1",
        ]
        claims["nonce"] = nonce.map { .string($0) }
        return (try? authority.sign(claims, header: ["typ": "JWT"])).map { .string($0) }
    }

    /// A token that only the realm itself reads: HS512, as Keycloak's refresh tokens are.
    func refreshToken(_ claims: JSONObject) -> String {
        let header: JSONObject = ["alg": "HS512", "typ": "JWT", "kid": "realm-hmac"]
        let signed =
            Base64URL.encode(JSONValue.object(header).serializedBytes()) + "."
            + Base64URL.encode(JSONValue.object(claims).serializedBytes())
        return signed + "."
            + Base64URL.encode(hmacSHA512(key: refreshKey, Array(signed.utf8)))
    }
}
