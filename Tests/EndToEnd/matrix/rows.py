"""The rows of the matrix: a delivery mode before a provider, and what must come of it.

A row either works with every client, or says with which words the configuration is refused. A
client that cannot work in a row stands in `fails`, with the words of its error and the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from providers import entra, github
from providers.entra import Entra
from providers.github import GitHub

CLIENT, SECRET = "the-gateway", "secret-of-the-gateway-at-the-provider"


@dataclass(frozen=True, eq=False)
class Row:
    mode: str
    provider: str
    make: Callable  # of the callback URL: the running fake
    policy: Callable  # of the fake and the resource: members of the policy
    variant: str = ""
    refused: str = ""  # the words of the refusal
    fails: dict = field(default_factory=dict)  # client: (words of its error, reason)
    checks: tuple = ()  # of the fake, after the flows
    is_sample: bool = False  # the one row of its mode in the default tests

    @property
    def name(self):
        return " ".join(part for part in (self.mode, self.provider, self.variant) if part)

    @property
    def path(self):
        return "/" + "-".join(self.name.replace(".", "").split()) + "/mcp"


# What must have reached a provider, and what never may.


def callbacks_are_the_gateways(provider, url):
    """The browser comes back to the gateway, and the code is redeemed with the same URI."""
    for request in provider.seen("authorize"):
        assert request.query["redirect_uri"] == url + "/callback", request
    for request in provider.seen("token"):
        if request.form["grant_type"] == "authorization_code":
            assert request.form["redirect_uri"] == url + "/callback", request


def pkce_reaches_the_provider(provider, _url):
    assert provider.seen("authorize") and provider.seen("token")
    for request in provider.seen("authorize"):
        assert request.query["code_challenge_method"] == "S256", request
        assert len(request.query["code_challenge"]) == 43, request
    for request in provider.seen("token"):
        if request.form["grant_type"] == "authorization_code":
            assert len(request.form["code_verifier"]) >= 43, request


def no_resource(provider, _url):
    """AADSTS9010010: it reaches neither endpoint."""
    for request in provider.seen("authorize", "token"):
        assert "resource" not in request.query, request
        assert "resource" not in request.form, request


def secrets_are_the_configured_one(client, secret):
    """G84: nobody else's id comes with a secret, and never another one."""

    def check(provider, _url):
        assert set(provider.secrets_seen()) <= {(client, secret)}, provider.secrets_seen()

    return check


def scopes_have_their_prefix(provider, _url):
    for request in provider.seen("authorize"):
        names = set(request.query["scope"].split()) - set(entra.OIDC)
        assert names and all(name.startswith(provider.uri) for name in names), request


def browsers_come_once(provider, _url):
    """Every login is one of a person: the gateway asked for consent before (G67, 6.1)."""
    assert len(provider.seen("login")) == len(provider.seen("token")), provider.seen("login")


# The configurations.


def metadata(resource, scopes):
    return {"resourceMetadata": {"resource": resource, "scopesSupported": scopes}}


def keycloak(mode, **settings):
    client = {"clientId": CLIENT, "clientSecret": SECRET} if mode == "broker" else {}

    def policy(provider, resource):
        audiences = [resource] if mode == "direct" else [provider.audience]
        return {
            "issuer": provider.issuer,
            "audiences": audiences,
            "provider": {"keycloak": settings},
            "delivery": mode,
            **client,
            **metadata(resource, ["mcp:tools"]),
        }

    return policy


def entra_policy(mode):
    def policy(provider, resource):
        return {
            "issuer": provider.issuer,
            "audiences": [entra.APP],
            "provider": {"entra": {}},
            "delivery": mode,
            "clientId": entra.APP,
            "clientSecret": SECRET,
            **metadata(resource, ["access_as_user"]),
        }

    return policy


def github_policy(mode):
    def policy(provider, resource):
        return {
            "issuer": provider.issuer,
            "audiences": [resource],
            "provider": {"github": {}},
            "delivery": mode,
            "clientId": github.ID,
            "clientSecret": github.SECRET,
            **metadata(resource, ["mcp:use"]),
        }

    return policy


def oidc(mode, profile=None, audience=None):
    client = {"clientId": CLIENT, "clientSecret": SECRET} if mode == "broker" else {}

    def policy(provider, resource):
        return {
            "issuer": provider.issuer,
            "audiences": [audience or resource],
            "provider": {"oidc": profile or {}},
            "delivery": mode,
            **client,
            **metadata(resource, ["mcp:read"]),
        }

    return policy


# The fakes.


def of(kind, **switches):
    return lambda _callback: kind(**switches)


def with_client(kind, **switches):
    """A fake that knows the gateway as a confidential client."""

    def make(callback):
        provider = kind(**switches)
        provider.add_client(CLIENT, [callback], SECRET)
        return provider

    return make


def entra_with(callback):
    return Entra(secret=SECRET, redirect_uris=(*Entra.redirect_uris, callback))


def github_with(callback):
    return GitHub(redirect_uris=(callback,))


OWN_SECRET = secrets_are_the_configured_one(CLIENT, SECRET)
ENTRA_CHECKS = (
    no_resource,
    pkce_reaches_the_provider,
    scopes_have_their_prefix,
    secrets_are_the_configured_one(entra.APP, SECRET),
)
RELAY_CHECKS = (callbacks_are_the_gateways, pkce_reaches_the_provider)
GITHUB_CHECKS = (
    *RELAY_CHECKS,
    no_resource,
    secrets_are_the_configured_one(github.ID, github.SECRET),
)
