"""What every scripted provider shares: login, consent, codes, PKCE, tokens, keys.

A provider overrides what is peculiar to it, and is steered by switches: attributes that a test may
change while it runs. It keeps every request (`seen("token")`), so that a test can say what must
have reached it and what never may.
"""

import html
import json
import secrets
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from providers.server import Server, as_html, as_json, redirect
from providers.values import Client, Grant, OAuthFailure, loopback, pkce


class Provider(Server):
    name = "provider"
    user, password = "testuser", "testpass"
    subject = "33ed6c6b-c6e0-4928-a161-f2f69c7a03b9"
    # Switches that every provider has.
    emits_iss = False
    asks_consent = True
    access_lifetime = 300
    rotates_refresh = True
    pkce_required = False
    token_failure = None  # an answer for every token request instead
    authorize_failure = None  # an OAuth error for every authorization instead

    def __init__(self, **switches):
        super().__init__()
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = secrets.token_urlsafe(8)
        self.clients, self.codes, self.refresh_tokens = {}, {}, {}
        self.transactions, self.sessions, self.access_tokens = {}, {}, {}
        self.used_codes, self.revoked = set(), set()
        for name, value in switches.items():
            assert hasattr(type(self), name), f"{self.name} has no switch {name}"
            setattr(self, name, value)
        self.set_up()

    # What a provider says of itself.

    issuer = ""

    def set_up(self):
        raise NotImplementedError

    def callback_extras(self, _grant):
        """Parameters beside code and state."""
        return {"iss": self.issuer} if self.emits_iss else {}

    def access_token(self, grant):
        raise NotImplementedError

    def token_answer(self, body, _request):
        return as_json(body)

    def token_error(self, failure, _request):
        return as_json(failure.body, failure.status)

    # Clients.

    def add_client(self, client_id, redirect_uris, secret=None, **more):
        method = more.pop("method", "client_secret_post" if secret else "none")
        self.clients[client_id] = Client(client_id, redirect_uris, secret, method=method, **more)
        return self.clients[client_id]

    def redirect_matches(self, client, uri):
        return any(loopback(uri) == loopback(known) for known in client.redirect_uris)

    # The authorization endpoint.

    def authorize(self, request):
        query = request.query
        client = self.clients.get(query.get("client_id", ""))
        uri = query.get("redirect_uri") or (client.redirect_uris[0] if client else None)
        if client is None:
            return self.authorize_page_error("unknown client", query)
        if not self.redirect_matches(client, uri):
            return self.wrong_redirect(client, uri, query)
        try:
            self.check_authorize(client, query, request)
        except OAuthFailure as failure:
            return self.authorize_error(uri, query, failure)
        name = secrets.token_urlsafe(12)
        self.transactions[name] = (client, uri, query)
        return self.proceed(name, self.sessions.get(request.cookies.get(self.cookie)))

    def check_authorize(self, client, query, _request):
        if self.authorize_failure:
            raise OAuthFailure(*self.authorize_failure)
        if query.get("response_type") != "code":
            raise OAuthFailure("unsupported_response_type")
        if self.pkce_required and query.get("code_challenge_method") != "S256":
            raise OAuthFailure("invalid_request", "Missing parameter: code_challenge_method")

    def authorize_page_error(self, text, _query):
        return as_html(f"<p>{html.escape(text)}</p>", 400)

    def wrong_redirect(self, _client, _uri, query):
        return self.authorize_page_error("Invalid parameter: redirect_uri", query)

    def authorize_error(self, uri, query, failure):
        state = {"state": query["state"]} if "state" in query else {}
        more = {"iss": self.issuer} if self.emits_iss else {}
        return redirect(uri, {**failure.body, **state, **more})

    @property
    def cookie(self):
        return f"{self.name}_{self.port}_session"

    def proceed(self, name, session):
        """The next page of a transaction: login, consent, or the way back."""
        client, _, _ = self.transactions[name]
        hidden = f'<input type="hidden" name="transaction" value="{name}">'
        form = f'<form method="post" action="{self.url}/session/'
        if session is None:
            return as_html(
                f'{form}login">{hidden}<input type="text" name="username">'
                '<input type="password" name="password"><button name="login" value="login">'
                "Sign in</button></form>"
            )
        if self.asks_consent and client.id not in session["consents"]:
            return as_html(
                f'{form}consent">{hidden}<p>{html.escape(client.id)}</p>'
                '<button name="decision" value="deny">Deny</button>'
                '<button name="decision" value="allow">Allow</button></form>'
            )
        return self.finish(name, session)

    def login(self, request):
        form = request.form
        if (form.get("username"), form.get("password")) != (self.user, self.password):
            return as_html("<p>Invalid username or password.</p>", 401)
        key = secrets.token_urlsafe(16)
        self.sessions[key] = {"user": self.user, "consents": set()}
        answer = self.proceed(form["transaction"], self.sessions[key])
        answer.fields["Set-Cookie"] = f"{self.cookie}={key}; Path=/; HttpOnly; SameSite=Lax"
        return answer

    def consent(self, request):
        session = self.sessions.get(request.cookies.get(self.cookie))
        name = request.form["transaction"]
        if session is None:
            return as_html("<p>no session</p>", 400)
        client, uri, query = self.transactions[name]
        if request.form.get("decision") != "allow":
            return self.authorize_error(uri, query, self.denial())
        session["consents"].add(client.id)
        return self.proceed(name, session)

    def denial(self):
        return OAuthFailure("access_denied")

    def finish(self, name, session):
        client, uri, query = self.transactions.pop(name)
        code = self.new_code()
        grant = Grant(
            client.id,
            session["user"],
            self.granted_scopes(client, query),
            query.get("resource"),
            uri,
            query.get("code_challenge"),
            query.get("nonce"),
            time.time() + 60,
            secrets.token_urlsafe(8),
        )
        self.codes[code] = grant
        state = {"state": query["state"]} if "state" in query else {}
        return redirect(uri, {"code": code, **state, **self.callback_extras(grant)})

    def new_code(self):
        return "code-" + secrets.token_urlsafe(24)

    def granted_scopes(self, _client, query):
        return query.get("scope", "").split()

    # The token endpoint.

    def token(self, request):
        if self.token_failure is not None:
            failure = self.token_failure
            return failure(request) if callable(failure) else failure
        try:
            client = self.authenticate(request)
            kind = request.form.get("grant_type", "authorization_code")
            if kind == "authorization_code":
                return self.token_answer(self.redeem(client, request.form), request)
            if kind == "refresh_token":
                return self.token_answer(self.refresh(client, request.form), request)
            raise OAuthFailure("unsupported_grant_type")
        except OAuthFailure as failure:
            return self.token_error(failure, request)

    def authenticate(self, request):
        """By Basic, by the form, or a public client (RFC 6749 §2.3)."""
        name, secret = request.basic or (
            request.form.get("client_id"),
            request.form.get("client_secret"),
        )
        client = self.clients.get(name)
        if client is None:
            raise OAuthFailure("invalid_client", "Invalid client", 401)
        self.check_secret(client, secret)
        return client

    def check_secret(self, client, secret):
        if client.secret != secret:
            raise OAuthFailure("invalid_client", "Invalid client credentials", 401)

    def redeem(self, client, form):
        code = form.get("code", "")
        grant = self.codes.pop(code, None)
        if grant is None or grant.client != client.id or grant.expires < time.time():
            raise self.bad_code()
        if grant.redirect_uri != form.get("redirect_uri"):
            raise self.bad_redirect()
        if grant.challenge and grant.challenge != pkce(form.get("code_verifier", "")):
            raise OAuthFailure("invalid_grant", "PKCE verification failed")
        if not grant.challenge and "code_verifier" in form:
            raise OAuthFailure("invalid_grant", "PKCE not requested")
        self.check_token(client, grant, form)
        return self.answer_for(grant)

    def bad_code(self):
        return OAuthFailure("invalid_grant", "Code not valid")

    def bad_redirect(self):
        return OAuthFailure("invalid_grant", "Incorrect redirect_uri")

    def check_token(self, client, grant, form):
        """Refuses by OAuthFailure; it may change the grant."""

    def refresh(self, client, form):
        token = form.get("refresh_token", "")
        grant = self.refresh_tokens.get(token)
        if grant is None or grant.client != client.id or grant.family in self.revoked:
            raise OAuthFailure("invalid_grant", "Token is not active")
        if self.rotates_refresh:
            del self.refresh_tokens[token]
        self.check_token(client, grant, form)
        return self.answer_for(grant)

    def answer_for(self, grant):
        token = self.access_token(grant)
        self.access_tokens[token] = grant
        body = {"access_token": token, "token_type": "Bearer", "expires_in": self.access_lifetime}
        refresh = self.refresh_token(grant)
        if refresh:
            self.refresh_tokens[refresh] = grant
            body["refresh_token"] = refresh
        return {**body, **self.answer_extras(grant)}

    def refresh_token(self, _grant):
        return "refresh-" + secrets.token_urlsafe(24)

    def answer_extras(self, grant):
        return {"scope": " ".join(grant.scopes)}

    # Keys.

    def key_set(self):
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**key, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def sign(self, claims, **header):
        """A JWT; a member of `header` that is None is left out."""
        head = {"alg": "RS256", "kid": self.kid, "typ": "JWT", **header}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.key, "RS256", head)

    def times(self):
        now = int(time.time())
        return {"iat": now, "exp": now + self.access_lifetime}

    def standard_routes(self, authorize, token, jwks=None):
        self.on("GET", authorize, "authorize", self.authorize)
        self.on("POST", token, "token", self.token)
        self.on("POST", "/session/login", "login", self.login)
        self.on("POST", "/session/consent", "consent", self.consent)
        if jwks:
            self.on("GET", jwks, "jwks", lambda _: as_json(self.key_set()))

    def secrets_seen(self):
        """Every client secret that came with a token request, and for which client."""
        found = []
        for request in self.seen("token"):
            if request.basic:
                found.append(request.basic)
            elif "client_secret" in request.form:
                found.append((request.form.get("client_id"), request.form["client_secret"]))
        return found
