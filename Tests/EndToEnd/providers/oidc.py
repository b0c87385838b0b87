"""An OpenID Provider and OAuth server of no vendor, whose switches make it what a test needs."""

import secrets

from providers.base import Provider
from providers.server import Answer, as_json
from providers.values import OAuthFailure


class Oidc(Provider):
    name = "oidc"
    path = ""  # of the issuer
    emits_iss = False
    advertises_iss = None  # None: as emits_iss
    wrong_iss = None  # another `iss` at the callback: a mix-up
    registers = True
    tokens = "jwt"  # or opaque
    audience = "resource"  # resource, client, or a text
    resource = "native"  # native, ignored, rejected
    introspects = True
    introspection_failure = None
    introspection_client = ("introspector", "introspection-secret")
    documents = ("oauth-authorization-server", "openid-configuration")
    typ = "at+jwt"
    scopes = ("openid", "profile", "mcp:read", "mcp:write", "offline_access")
    refreshes = True
    withheld_at_first = ()  # scopes that a client's first authorization does not get
    metadata_changes = None  # members that replace those of the documents

    def set_up(self):
        self.issuer = self.url + self.path
        self.standard_routes(f"{self.path}/authorize", f"{self.path}/token", f"{self.path}/jwks")
        for name in self.documents:
            self.document(f"/.well-known/{name}{self.path}", self.metadata)
            if self.path and name == "openid-configuration":
                self.document(f"{self.path}/.well-known/{name}", self.metadata)
        self.on("POST", f"{self.path}/register", "register", self.register)
        self.on("POST", f"{self.path}/introspect", "introspect", self.introspect)
        self.on("POST", f"{self.path}/revoke", "revoke", self.revoke)
        self.on("GET", f"{self.path}/userinfo", "userinfo", self.userinfo)

    def metadata(self):
        advertises = self.emits_iss if self.advertises_iss is None else self.advertises_iss
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [
                "none",
                "client_secret_basic",
                "client_secret_post",
            ],
            "scopes_supported": list(self.scopes),
        }
        if self.registers:
            document["registration_endpoint"] = f"{self.issuer}/register"
        if self.introspects:
            document["introspection_endpoint"] = f"{self.issuer}/introspect"
        if advertises:
            document["authorization_response_iss_parameter_supported"] = True
        return {**document, **(self.metadata_changes or {})}

    def register(self, request):
        if not self.registers:
            return as_json({"error": "access_denied"}, 403)
        metadata = request.json
        method = metadata.get("token_endpoint_auth_method", "client_secret_basic")
        client = self.add_client(
            "c-" + secrets.token_hex(8),
            metadata.get("redirect_uris", []),
            None if method == "none" else secrets.token_urlsafe(24),
            scope=metadata.get("scope", ""),
            method=method,
            is_dynamic=True,
        )
        answer = {
            **metadata,
            "client_id": client.id,
            "client_id_issued_at": 1755540817,
            "token_endpoint_auth_method": method,
        }
        if client.secret:
            answer |= {"client_secret": client.secret, "client_secret_expires_at": 0}
        return as_json(answer, 201)

    def granted_scopes(self, client, query):
        scopes = super().granted_scopes(client, query)
        is_first = not client.extra.get("was here")
        client.extra["was here"] = True
        return [one for one in scopes if not (is_first and one in self.withheld_at_first)]

    def callback_extras(self, grant):
        if self.wrong_iss is not None:
            return {"iss": self.wrong_iss}
        return super().callback_extras(grant)

    def check_authorize(self, client, query, request):
        super().check_authorize(client, query, request)
        if self.resource == "rejected" and "resource" in query:
            raise OAuthFailure("invalid_target", "resource is not known here")

    def check_token(self, client, grant, form):
        if self.resource == "rejected" and "resource" in form:
            raise OAuthFailure("invalid_target", "resource is not known here")
        if self.resource == "native" and form.get("resource", grant.resource) != grant.resource:
            raise OAuthFailure("invalid_target", "resource is not the one of the authorization")

    def refresh_token(self, grant):
        return super().refresh_token(grant) if self.refreshes else None

    # Tokens.

    def audience_of(self, grant):
        if self.audience == "resource":
            return grant.resource if self.resource == "native" else None
        return grant.client if self.audience == "client" else self.audience

    def claims(self, grant):
        return {
            **self.times(),
            "iss": self.issuer,
            "aud": self.audience_of(grant),
            "sub": self.subject,
            "client_id": grant.client,
            "scope": " ".join(grant.scopes),
            "jti": secrets.token_hex(8),
        }

    def access_token(self, grant):
        if self.tokens == "opaque":
            return "opaque_" + secrets.token_urlsafe(24)
        return self.sign(self.claims(grant), typ=self.typ)

    def answer_extras(self, grant):
        more = {"scope": " ".join(grant.scopes)}
        if "openid" in grant.scopes:
            claims = {**self.times(), "iss": self.issuer, "aud": grant.client, "sub": self.subject}
            claims |= {"nonce": grant.nonce, "at_hash": "x", "preferred_username": grant.user}
            more["id_token"] = self.sign(claims)
        return more

    def introspect(self, request):
        if self.introspection_failure is not None:
            return self.introspection_failure
        name, secret = request.basic or (
            request.form.get("client_id"),
            request.form.get("client_secret"),
        )
        client = self.clients.get(name)
        known = (name, secret) == self.introspection_client or (
            client is not None and client.secret is not None and client.secret == secret
        )
        if not known:
            return as_json({"error": "invalid_client"}, 401)
        grant = self.access_tokens.get(request.form.get("token"))
        if grant is None or grant.family in self.revoked:
            return as_json({"active": False})
        return as_json({"active": True, "token_type": "Bearer", **self.plain(grant)})

    def plain(self, grant):
        return {name: value for name, value in self.claims(grant).items() if value is not None}

    def revoke(self, request):
        token = request.form.get("token")
        grant = self.refresh_tokens.get(token) or self.access_tokens.get(token)
        if grant:
            self.revoked.add(grant.family)
        return Answer(200)

    def userinfo(self, request):
        grant = self.access_tokens.get(request.bearer)
        if grant is None or grant.family in self.revoked:
            return Answer(401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return as_json({"sub": self.subject, "preferred_username": grant.user})
