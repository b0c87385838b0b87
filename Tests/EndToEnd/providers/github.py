"""GitHub's OAuth apps: form-encoded answers, errors with status 200, opaque tokens, and an API that
tells what a token is. The API stands below /api/v3, as on a GitHub Enterprise Server."""

import secrets

from providers.base import Provider
from providers.server import Answer, as_form, as_html, as_json, redirect
from providers.values import OAuthFailure

ID, SECRET = "Iv1.8a61f9b3a7aba766", "github-secret-of-the-app-0123456789abcdef"
DOCS = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting"


class GitHub(Provider):
    name = "github"
    redirect_uris = ()
    api = "/api/v3"
    is_app = False  # a GitHub App: user tokens expire, refresh, and have no scopes
    api_failure = None  # an answer for every API request instead
    access_lifetime = 28800

    def set_up(self):
        self.issuer = f"{self.url}/login/oauth"
        self.add_client(ID, list(self.redirect_uris), SECRET)
        self.standard_routes("/login/oauth/authorize", "/login/oauth/access_token")
        self.document("/.well-known/oauth-authorization-server/login/oauth", self.metadata)
        self.on("GET", f"{self.api}/user", "user", self.user_of)
        for method, kind in (("POST", "check"), ("DELETE", "revoke")):
            self.on(method, f"{self.api}/applications/{ID}/token", kind, self.application)
        self.on("DELETE", f"{self.api}/applications/{ID}/grant", "revoke", self.application)

    def metadata(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/access_token",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "service_documentation": "https://docs.github.com/apps/creating-github-apps",
            "code_challenge_methods_supported": ["S256"],
        }

    # Authorization.

    def wrong_redirect(self, client, uri, query):
        if not client.redirect_uris:
            return as_html("<p>The redirect_uri is not associated with this application.</p>", 400)
        text = "The redirect_uri MUST match the registered callback URL for this application."
        body = {"error": "redirect_uri_mismatch", "error_description": text}
        state = {"state": query["state"]} if "state" in query else {}
        return redirect(client.redirect_uris[0], {**body, "error_uri": DOCS, **state})

    def redirect_matches(self, client, uri):
        """The registered URL, or something below it."""
        known = client.redirect_uris
        return any(uri == one or uri.startswith(one.rstrip("/") + "/") for one in known)

    def granted_scopes(self, _client, query):
        # Commas and spaces both part scopes here.
        return [name for name in query.get("scope", "").replace(",", " ").split() if name]

    def denial(self):
        text = "The user has denied your application access."
        return OAuthFailure("access_denied", text, error_uri=DOCS + "#access-denied")

    # The token endpoint.

    def check_secret(self, client, secret):
        if client.secret != secret:
            text = "The client_id and/or client_secret passed are incorrect."
            raise OAuthFailure("incorrect_client_credentials", text, error_uri=DOCS)

    def bad_code(self):
        text = "The code passed is incorrect or expired."
        return OAuthFailure("bad_verification_code", text, error_uri=DOCS)

    def bad_redirect(self):
        text = "The redirect_uri MUST match the registered callback URL for this application."
        return OAuthFailure("redirect_uri_mismatch", text, error_uri=DOCS)

    def spoken(self, body, request):
        """JSON only for who asks for it."""
        if "application/json" in request.fields.get("accept", ""):
            return as_json(body)
        return as_form(body)

    def token_answer(self, body, request):
        return self.spoken(body, request)

    def token_error(self, failure, request):
        if failure.error == "invalid_grant":
            failure = self.bad_code()
        # With status 200, whatever it is.
        return self.spoken(failure.body, request)

    def access_token(self, grant):
        return ("ghu_" if self.is_app else "gho_") + secrets.token_hex(18)

    def refresh_token(self, _grant):
        return "ghr_" + secrets.token_hex(38) if self.is_app else None

    def answer_for(self, grant):
        body = super().answer_for(grant)
        body["token_type"] = "bearer"
        if self.is_app:
            return {**body, "refresh_token_expires_in": 15811200, "scope": ""}
        del body["expires_in"]
        return {**body, "scope": ",".join(grant.scopes)}

    # The API.

    def known(self, token):
        grant = self.access_tokens.get(token)
        return grant if grant and grant.family not in self.revoked else None

    def refuse(self, request):
        if self.api_failure is not None:
            return self.api_failure
        if "user-agent" not in request.fields:
            return Answer(403, b"Request forbidden by administrative rules.")
        return None

    def user_of(self, request):
        refused = self.refuse(request)
        if refused:
            return refused
        grant = self.known(request.bearer)
        if grant is None:
            return as_json({"message": "Bad credentials", "status": "401"}, 401)
        answer = as_json(
            {"login": "octocat", "id": 583231, "type": "User", "name": None, "email": None}
        )
        answer.fields["X-RateLimit-Remaining"] = "4999"
        if not self.is_app:
            answer.fields["X-OAuth-Scopes"] = ", ".join(grant.scopes)
            answer.fields["X-OAuth-Client-Id"] = ID
        return answer

    def application(self, request):
        refused = self.refuse(request)
        if refused:
            return refused
        missing = as_json({"message": "Not Found", "status": "404"}, 404)
        if request.basic != (ID, SECRET):
            return missing
        token = request.json.get("access_token", "")
        grant = self.known(token)
        if grant is None:
            return missing
        if request.method == "DELETE":
            self.revoked.add(grant.family)
            return Answer(204)
        return as_json(
            {
                "id": 1,
                "url": f"{self.url}{self.api}/authorizations/1",
                "scopes": None if self.is_app else grant.scopes,
                "token": "",
                "token_last_eight": token[-8:],
                "hashed_token": "25f94a2a5c7fbaf499c665bc73d67c1c87e496da8985131633ee0a95819db2e8",
                "app": {"url": "http://app.test", "name": "app", "client_id": ID},
                "note": None,
                "created_at": "2011-09-06T17:26:27Z",
                "updated_at": "2011-09-06T20:39:23Z",
                "fingerprint": None,
                "expires_at": None,
                "user": {"login": "octocat", "id": 583231, "type": "User"},
            }
        )
