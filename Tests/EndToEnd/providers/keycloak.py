"""Keycloak's realm `mcp`, with what it is known for: `iss` and `session_state` at the callback,
registration policies, an audience that comes from a mapper and never from `resource`."""

import secrets

from providers.base import Provider
from providers.server import Answer, as_json, redirect
from providers.values import Grant, OAuthFailure

MEMBERS = {
    "redirect_uris", "token_endpoint_auth_method", "grant_types", "response_types", "client_name",
    "client_uri", "logo_uri", "scope", "contacts", "tos_uri", "policy_uri", "jwks_uri", "jwks",
    "software_id", "software_version", "application_type", "subject_type",
}  # fmt: skip


class Keycloak(Provider):
    name = "keycloak"
    emits_iss = True  # unless the client has the attribute exclude.issuer.from.auth.response
    version = (26, 5)
    trusts_hosts = True
    allowed_scopes = ("openid", "profile", "email", "roles", "mcp:tools", "offline_access")
    audience = "mcp_proxy"  # of the mapper; None where the realm has none
    lacks_subject = False
    access_lifetime = 300
    resource_feature = False  # 26.6: resource is looked at

    def set_up(self):
        self.issuer = f"{self.url}/realms/mcp"
        base = "/realms/mcp/protocol/openid-connect"
        self.standard_routes(f"{base}/auth", f"{base}/token", f"{base}/certs")
        names = ("openid-configuration", "oauth-authorization-server")
        for name in names:
            self.document(f"/realms/mcp/.well-known/{name}", self.metadata)
        if self.version >= (26, 4):
            self.document("/.well-known/oauth-authorization-server/realms/mcp", self.metadata)
        register = "/realms/mcp/clients-registrations/openid-connect"
        self.on("POST", register, "register", self.register)
        self.on("POST", f"{base}/token/introspect", "introspect", self.introspect)
        self.on("POST", f"{base}/revoke", "revoke", self.revoke)

    def metadata(self):
        base = f"{self.issuer}/protocol/openid-connect"
        methods = ["private_key_jwt", "client_secret_basic", "client_secret_post"]
        if self.version >= (26, 7):
            methods.append("none")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/auth",
            "token_endpoint": f"{base}/token",
            "introspection_endpoint": f"{base}/token/introspect",
            "userinfo_endpoint": f"{base}/userinfo",
            "end_session_endpoint": f"{base}/logout",
            "jwks_uri": f"{base}/certs",
            "check_session_iframe": f"{base}/login-status-iframe.html",
            "grant_types_supported": ["authorization_code", "implicit", "refresh_token"],
            "response_types_supported": ["code", "none", "id_token", "token", "code id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["PS384", "RS256", "HS256", "ES256"],
            "response_modes_supported": ["query", "fragment", "form_post", "jwt"],
            "registration_endpoint": f"{self.issuer}/clients-registrations/openid-connect",
            "token_endpoint_auth_methods_supported": methods,
            "claims_supported": ["aud", "sub", "iss", "auth_time", "name"],
            "scopes_supported": list(self.allowed_scopes),
            "request_parameter_supported": True,
            "code_challenge_methods_supported": ["plain", "S256"],
            "tls_client_certificate_bound_access_tokens": True,
            "revocation_endpoint": f"{base}/revoke",
            "device_authorization_endpoint": f"{base}/auth/device",
            "require_pushed_authorization_requests": False,
            "pushed_authorization_request_endpoint": f"{base}/ext/par/request",
            "mtls_endpoint_aliases": {
                "token_endpoint": f"{base}/token",
                "registration_endpoint": f"{self.issuer}/clients-registrations/openid-connect",
            },
            # Also where a client is excluded from it (keycloak #25419).
            "authorization_response_iss_parameter_supported": True,
        }

    # Registration.

    def refuse_registration(self, policy, details):
        text = f"Policy '{policy}' rejected request to client-registration service."
        body = {
            "error": "insufficient_scope",
            "error_description": f"{text} Details: {details}",
        }
        return as_json(body, 403)

    def register(self, request):
        metadata = request.json
        if not self.trusts_hosts:
            return self.refuse_registration("Trusted Hosts", "Host not trusted.")
        for name in metadata:
            if name not in MEMBERS:
                # Jackson's own answer, which is no OAuth error.
                text = f'Unrecognized field "{name}" (class OIDCClientRepresentation)'
                return as_json({"error": text}, 400)
        scopes = metadata.get("scope", "").split()
        if any(scope not in self.allowed_scopes for scope in scopes):
            return self.refuse_registration(
                "Allowed Client Scopes", "Not permitted to use specified clientScope"
            )
        method = metadata.get("token_endpoint_auth_method", "client_secret_basic")
        client = self.add_client(
            secrets.token_hex(16),
            metadata.get("redirect_uris", []),
            None if method == "none" else secrets.token_urlsafe(24),
            scope=metadata.get("scope", ""),
            method=method,
            is_dynamic=True,
        )
        # Before 26.6 the answer says client_secret_basic whatever was asked (#44403), and a
        # public client gets a secret that it may not send.
        lies = self.version < (26, 6)
        told = "client_secret_basic" if lies else method
        answer = {
            **metadata,
            "client_id": client.id,
            "client_id_issued_at": 1755540817,
            "token_endpoint_auth_method": told,
            "registration_access_token": "registration-" + secrets.token_urlsafe(12),
            "registration_client_uri": f"{self.url}{request.path}/{client.id}",
            "subject_type": "public",
            "frontchannel_logout_session_required": False,
        }
        if client.secret or lies:
            answer |= {"client_secret": client.secret or "unused", "client_secret_expires_at": 0}
        return as_json(answer, 201)

    # Authorization.

    def exclude_issuer(self, client_id):
        self.clients[client_id].extra["exclude.issuer.from.auth.response"] = True

    def callback_extras(self, grant):
        more = {"session_state": "d4a1c1e0-5a2b-4f3c-9f57-9a4f5a1f0001"}
        excluded = self.clients[grant.client].extra.get("exclude.issuer.from.auth.response")
        return more if excluded or not self.emits_iss else {**more, "iss": self.issuer}

    def authorize_error(self, uri, query, failure):
        state = {"state": query["state"]} if "state" in query else {}
        client = self.clients.get(query.get("client_id"))
        excluded = client and client.extra.get("exclude.issuer.from.auth.response")
        more = {} if excluded or not self.emits_iss else {"iss": self.issuer}
        return redirect(uri, {**failure.body, **state, **more})

    def check_authorize(self, client, query, request):
        super().check_authorize(client, query, request)
        unknown = [s for s in query.get("scope", "").split() if s not in self.allowed_scopes]
        if unknown:
            raise OAuthFailure("invalid_scope", f"Invalid scopes: {query['scope']}")

    def check_token(self, client, grant, form):
        if self.resource_feature and grant.resource != form.get("resource", grant.resource):
            raise OAuthFailure("invalid_target", "resource does not match")

    def check_secret(self, client, secret):
        # A public client's secret is not looked at.
        if client.secret is not None and client.secret != secret:
            text = "Invalid client or Invalid client credentials"
            raise OAuthFailure("unauthorized_client", text, 401)

    # Tokens.

    def audiences(self, grant: Grant):
        if self.resource_feature and grant.resource:
            return grant.resource
        client = self.clients[grant.client]
        # A registration with `scope` loses the realm's default scopes, and the mapper with them.
        if self.audience is None or (client.is_dynamic and client.scope and self.version < (26, 8)):
            return "account"
        return ["account", self.audience]

    def access_token(self, grant):
        return self.sign(
            {
                **self.times(),
                "jti": "onrtac:" + secrets.token_hex(16),
                "iss": self.issuer,
                "aud": self.audiences(grant),
                "sub": None if self.lacks_subject else self.subject,
                "typ": "Bearer",
                "azp": grant.client,
                "sid": "8f7ec276-358f-4ccc-b313-db08290f376f",
                "acr": "1",
                "realm_access": {"roles": ["offline_access", "default-roles-mcp"]},
                "resource_access": {"account": {"roles": ["view-profile"]}},
                "scope": " ".join(grant.scopes),
                "preferred_username": grant.user,
            }
        )

    def answer_extras(self, grant):
        more = {
            "scope": " ".join(grant.scopes),
            "not-before-policy": 0,
            "session_state": "d4a1c1e0-5a2b-4f3c-9f57-9a4f5a1f0001",
            "refresh_expires_in": 1800,
        }
        if "openid" in grant.scopes:
            more["id_token"] = self.id_token(grant)
        return more

    def id_token(self, grant):
        claims = {
            **self.times(),
            "iss": self.issuer,
            "aud": grant.client,
            "sub": self.subject,
            "typ": "ID",
            "azp": grant.client,
            "nonce": grant.nonce,
            "at_hash": "x",
            "preferred_username": grant.user,
        }
        return self.sign(claims)

    def introspect(self, request):
        name, secret = request.basic or ("", None)
        client = self.clients.get(name)
        if client is None or client.secret != secret:
            return as_json({"error": "invalid_request"}, 401)
        grant = self.access_tokens.get(request.form.get("token"))
        return as_json({"active": grant is not None and grant.family not in self.revoked})

    def revoke(self, request):
        token = request.form.get("token")
        grant = self.refresh_tokens.get(token) or self.access_tokens.get(token)
        if grant:
            self.revoked.add(grant.family)
        return Answer(200)
