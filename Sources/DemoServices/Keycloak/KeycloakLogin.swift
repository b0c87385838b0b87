import GatehouseJSON

/// A login that has begun: the request that it will answer, and the codes of its next step.
struct KeycloakLogin: Sendable {
    let clientID: String
    let parameters: [String: String]
    /// The value of AUTH_SESSION_ID: only the browser that began may go on.
    let cookie: String
    var sessionCode: String
    let execution: String
    let tabID: String
    /// Seconds since 1970.
    let expires: Int64
}

/// Who is logged in, by the cookie KEYCLOAK_IDENTITY.
struct KeycloakSession: Sendable {
    let id: String
    let authenticatedAt: Int64
    let expires: Int64
}

/// The browser's part: the authorization request, the login page, the way back.
extension KeycloakRealm {
    /// `/protocol/openid-connect/auth`.
    func authorize(_ request: DemoRequest) -> DemoResponse {
        let parameters = request.method == "POST" ? request.form : request.query
        guard let client = parameters["client_id"].flatMap({ clients[$0] }) else {
            return errorPage("Client not found.")
        }
        guard let redirect = parameters["redirect_uri"], client.redirectURIs.contains(redirect)
        else { return errorPage("Invalid parameter: redirect_uri") }
        if let error = authorizationError(parameters, client) {
            return back(error, parameters, redirect)
        }
        if let session = session(of: request), parameters["prompt"] != "login" {
            return grant(parameters, client, session)
        }
        if parameters["prompt"] == "none" {
            return back([("error", "login_required")], parameters, redirect)
        }
        let login = KeycloakLogin(
            clientID: client.id, parameters: parameters,
            cookie: request.cookie("AUTH_SESSION_ID") ?? Chance.uuid(),
            sessionCode: Chance.secret(), execution: Chance.uuid(), tabID: Chance.secret(),
            expires: Chance.now() + 1800)
        logins.insert(login, for: login.tabID)
        return loginPage(
            login, message: nil,
            headers: [
                ("Set-Cookie", cookie("AUTH_SESSION_ID", login.cookie)),
                ("Set-Cookie", cookie("KC_RESTART", Chance.secret())),
            ])
    }

    private func authorizationError(
        _ parameters: [String: String], _ client: OAuthClient
    ) -> [(String, String)]? {
        guard parameters["response_type"] == "code" else {
            return [
                ("error", "unauthorized_client"),
                ("error_description", "Client is not allowed to initiate browser login"),
            ]
        }
        let method = parameters["code_challenge_method"] ?? "plain"
        guard parameters["code_challenge"] == nil || ["S256", "plain"].contains(method) else {
            return [
                ("error", "invalid_request"),
                ("error_description", "Invalid parameter: code challenge method is not valid"),
            ]
        }
        let allowed = client.scopes ?? Set(Self.defaultScopes + Self.optionalScopes)
        let scopes = (parameters["scope"] ?? "").split(separator: " ").map(String.init)
        guard scopes.allSatisfy({ $0 == "openid" || allowed.contains($0) }) else {
            return [
                ("error", "invalid_scope"),
                ("error_description", "Invalid scopes: \(scopes.joined(separator: " "))"),
            ]
        }
        return nil
    }

    /// `/login-actions/authenticate`: name and password, from the page of this very login.
    func authenticate(_ request: DemoRequest) -> DemoResponse {
        let query = request.query
        guard let tab = query["tab_id"], var login = logins[tab], login.expires > Chance.now(),
            request.cookie("AUTH_SESSION_ID") == login.cookie
        else {
            return errorPage(
                "Restart login cookie not found. It may have expired; it may have been deleted.")
        }
        guard query["session_code"] == login.sessionCode, query["execution"] == login.execution,
            query["client_id"] == login.clientID
        else { return errorPage("Page has expired") }
        let form = request.form
        guard form["username"] == Self.user.name, form["password"] == Self.user.password else {
            // Every page has a code of its own, good once.
            login.sessionCode = Chance.secret()
            logins.insert(login, for: tab)
            return loginPage(login, message: "Invalid username or password.", headers: [])
        }
        _ = logins.remove(tab)
        guard let client = clients[login.clientID] else { return errorPage("Client not found.") }
        let now = Chance.now()
        let identity = Chance.secret()
        let session = KeycloakSession(
            id: Chance.uuid(), authenticatedAt: now, expires: now + 36_000)
        sessions.insert(session, for: identity)
        return grant(login.parameters, client, session).adding([
            ("Set-Cookie", cookie("KEYCLOAK_IDENTITY", identity)),
            ("Set-Cookie", cookie("KEYCLOAK_SESSION", session.id)),
            ("Set-Cookie", cookie("KC_RESTART", "") + "; Max-Age=0"),
        ])
    }

    private func session(of request: DemoRequest) -> KeycloakSession? {
        guard let identity = request.cookie("KEYCLOAK_IDENTITY"), let session = sessions[identity],
            session.expires > Chance.now()
        else { return nil }
        return session
    }

    private func cookie(_ name: String, _ value: String) -> String {
        "\(name)=\(value); Path=\(Self.root)/; HttpOnly; SameSite=Lax"
    }

    private func grant(
        _ parameters: [String: String], _ client: OAuthClient, _ session: KeycloakSession
    ) -> DemoResponse {
        let redirect = parameters["redirect_uri"] ?? ""
        let code = "\(Chance.uuid()).\(session.id).\(Chance.uuid())"
        codes.insert(
            CodeGrant(
                clientID: client.id, redirectURI: redirect,
                challenge: parameters["code_challenge"],
                challengeMethod: parameters["code_challenge_method"] ?? "plain",
                scope: parameters["scope"] ?? "", resource: nil, sessionID: session.id,
                nonce: parameters["nonce"], expires: Chance.now() + 60), for: code)
        return back(
            [("session_state", session.id)], parameters, redirect, last: [("code", code)])
    }

    /// In Keycloak's order: state, session_state, iss where it is emitted, code.
    private func back(
        _ more: [(String, String)], _ parameters: [String: String], _ redirect: String,
        last: [(String, String)] = []
    ) -> DemoResponse {
        let state = parameters["state"].map { [("state", $0)] } ?? []
        let issuer = emitsIssuer ? [("iss", authority.issuer)] : []
        return .redirect(
            to: FormEncoding.adding(state + more + issuer + last, to: redirect),
            headers: [("Referrer-Policy", "no-referrer")])
    }

    // MARK: Pages

    private func loginPage(
        _ login: KeycloakLogin, message: String?, headers: [(String, String)]
    ) -> DemoResponse {
        let action = FormEncoding.adding(
            [
                ("session_code", login.sessionCode), ("execution", login.execution),
                ("client_id", login.clientID), ("tab_id", login.tabID),
            ], to: authority.issuer + "/login-actions/authenticate")
        let error =
            message.map {
                "<span id=\"input-error\" aria-live=\"polite\">\(escapedHTML($0))</span>"
            } ?? ""
        return .html(
            """
            <!DOCTYPE html>
            <html lang="en"><head><title>Sign in to mcp</title></head><body>
            <h1 id="kc-page-title">Sign in to your account</h1>
            \(error)
            <form id="kc-form-login" action="\(escapedHTML(action))" method="post">
            <label for="username">Username or email</label>
            <input id="username" name="username" value="" type="text" autocomplete="username">
            <label for="password">Password</label>
            <input id="password" name="password" type="password">
            <input type="hidden" id="id-hidden-input" name="credentialId">
            <button name="login" id="kc-login" type="submit">Sign In</button>
            </form></body></html>
            """, headers: headers)
    }

    private func errorPage(_ message: String) -> DemoResponse {
        .html(
            """
            <!DOCTYPE html>
            <html lang="en"><head><title>Sign in to mcp</title></head><body>
            <h1 id="kc-page-title">We are sorry...</h1>
            <p class="instruction">\(escapedHTML(message))</p></body></html>
            """, status: 400)
    }
}
