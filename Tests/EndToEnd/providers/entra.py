"""Microsoft Entra ID, one tenant and one app registration: no registration, no `iss`, no word of
PKCE in its metadata, scopes with a prefix, and a refusal of `resource`."""

import secrets

from providers.base import Provider
from providers.server import as_html, as_json
from providers.values import OAuthFailure

TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
APP = "6e74172b-be56-4843-9ff4-e66a39bb12e3"
OIDC = ("openid", "profile", "email", "offline_access")


def failure(number, text, error="invalid_request", status=400):
    """An error with Entra's members; the description always ends with its trace."""
    trace, correlation = "0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-2"
    when = "2026-11-29 12:00:00Z"
    description = (
        f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {when}"
    )
    return OAuthFailure(
        error,
        description,
        status,
        error_codes=[number],
        timestamp=when,
        trace_id=trace,
        correlation_id=correlation,
        error_uri=f"https://login.microsoftonline.com/error?code={number}",
    )


class Entra(Provider):
    name = "entra"
    asks_consent = False
    secret = None  # a text makes the app registration a confidential client
    tenant_in_path = TENANT  # or common, organizations
    version = 2  # of the access tokens
    exposed = ("access_as_user", "mcp.read", "mcp.write")
    redirect_uris = ("http://localhost/callback", "http://127.0.0.1/callback")
    rotates_refresh = False
    access_lifetime = 3900

    def set_up(self):
        base = f"/{self.tenant_in_path}"
        self.authority = self.url + base
        self.issuer = f"{self.authority}/v2.0"
        self.uri = f"api://{APP}"
        self.add_client(APP, list(self.redirect_uris), self.secret)
        self.standard_routes(
            f"{base}/oauth2/v2.0/authorize",
            f"{base}/oauth2/v2.0/token",
            f"{base}/discovery/v2.0/keys",
        )
        # Every oauth-authorization-server form and the inserted one are 404.
        self.document(f"{base}/v2.0/.well-known/openid-configuration", self.metadata)

    @property
    def token_issuer(self):
        """`iss` of its tokens: with the tenant's id, whatever stands in the path."""
        if self.version == 1:
            return f"https://sts.windows.net/{TENANT}/"
        return f"{self.url}/{TENANT}/v2.0"

    def metadata(self):
        is_shared = self.tenant_in_path != TENANT
        tenant = "{tenantid}" if is_shared else TENANT
        endpoints = f"{self.authority}/oauth2/v2.0"
        return {
            "token_endpoint": f"{endpoints}/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{self.authority}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": list(OIDC),
            "issuer": f"{self.url}/{tenant}/v2.0",
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": f"{endpoints}/authorize",
            "device_authorization_endpoint": f"{endpoints}/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{endpoints}/logout",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "tid", "ver"],
            "kerberos_endpoint": f"{self.authority}/kerberos",
            "tenant_region_scope": None if is_shared else "NA",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        }

    # Authorization.

    def wrong_redirect(self, client, uri, query):
        text = f"The redirect URI '{uri}' specified in the request does not match"
        return as_html(f"<p>AADSTS50011: {text}</p>", 400)

    def check_authorize(self, client, query, request):
        super().check_authorize(client, query, request)
        self.check_scopes(query.get("scope", ""), request.pairs)
        if not query.get("scope"):
            raise failure(900144, "The request body must contain the following parameter: 'scope'.")

    def check_scopes(self, scope, pairs):
        names = [name for name in scope.split() if name not in OIDC]
        resources = {self.resource_of(name) for name in names} - {APP}
        if len(resources) > 1:
            raise failure(28000, "Provided value for the input parameter scope is not valid.")
        for name in names:
            resource, _, short = name.rpartition("/")
            # The app's id names it as its URI does.
            if resource not in (self.uri, APP) or short not in (*self.exposed, ".default"):
                text = f"The application asked for scope '{name}' that doesn't exist on the"
                raise failure(650053, text + " resource.", "invalid_client")
        asked = [value for name, value in pairs if name == "resource"]
        if asked and (names == [] or any(value != self.uri for value in asked)):
            raise failure(
                9010010,
                "The resource parameter provided in the request doesn't match with the "
                "requested scopes.",
                "invalid_target",
            )

    def resource_of(self, scope):
        return scope.rpartition("/")[0] or "graph"

    def callback_extras(self, _grant):
        return {"session_state": "b1f3e3a0-9f0c-4f1e-8a34-2f5d0b2c0001"}

    def new_code(self):
        return "0.A" + secrets.token_urlsafe(48)

    def denial(self):
        return failure(65004, "User declined to consent to access the app.", "access_denied")

    # The token endpoint.

    def check_secret(self, client, secret):
        if client.secret is None and secret is not None:
            raise failure(
                700025,
                "Client is public so neither 'client_assertion' nor 'client_secret' should be "
                "presented.",
                "invalid_client",
                401,
            )
        if client.secret is not None and secret is None:
            raise failure(
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or "
                "'client_secret'.",
                "invalid_client",
                401,
            )
        if client.secret != secret:
            raise failure(7000215, "Invalid client secret provided.", "invalid_client", 401)

    def check_token(self, client, grant, form):
        scope = form.get("scope", "")
        if not scope:
            raise failure(28003, "Provided value for the input parameter scope cannot be empty.")
        self.check_scopes(scope, list(form.items()))
        names = scope.split()
        if any(name.endswith("/.default") for name in names):
            # Everything that was consented to.
            names = list(dict.fromkeys([*grant.scopes, *(n for n in names if n in OIDC)]))
        grant.scopes = names

    def bad_code(self):
        return failure(70008, "The provided authorization code has expired.", "invalid_grant")

    def bad_redirect(self):
        text = "The reply address does not match the one of the authorization request."
        return failure(50011, text, "invalid_grant")

    def refresh_token(self, grant):
        return super().refresh_token(grant) if "offline_access" in grant.scopes else None

    def answer_extras(self, grant):
        # With its prefix, though the claim `scp` has none.
        names = [name for name in grant.scopes if name not in ("offline_access",)]
        more = {"scope": " ".join(names), "ext_expires_in": self.access_lifetime}
        if "openid" in grant.scopes:
            more["id_token"] = self.id_token(grant)
        return more

    def identity(self, grant):
        return {
            "name": "Abe Lincoln",
            "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
            "preferred_username": grant.user,
            "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
            "tid": TENANT,
            "uti": secrets.token_urlsafe(16),
        }

    def access_token(self, grant):
        prefix = f"{self.uri}/"
        names = [name[len(prefix) :] for name in grant.scopes if name.startswith(prefix)]
        claims = {
            **self.times(),
            **self.identity(grant),
            "iss": self.token_issuer,
            "scp": " ".join(names),
        }
        if self.version == 1:
            claims |= {"aud": self.uri, "appid": APP, "appidacr": "0", "ver": "1.0"}
            return self.sign(claims, x5t=self.kid)
        claims |= {"aud": APP, "azp": APP, "azpacr": "0", "ver": "2.0"}
        return self.sign(claims)

    def id_token(self, grant):
        claims = {**self.times(), **self.identity(grant), "iss": self.token_issuer, "aud": APP}
        return self.sign({**claims, "nonce": grant.nonce, "ver": "2.0"})

    def token_error(self, failure, request):
        if isinstance(failure, OAuthFailure) and "error_codes" not in failure.more:
            failure.more |= {"error_codes": [0], "trace_id": "0", "correlation_id": "0"}
        return as_json(failure.body, failure.status)
