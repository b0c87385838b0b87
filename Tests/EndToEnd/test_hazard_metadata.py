"""A provider's metadata that lead elsewhere, or are no metadata (6.4, 6.8, G32, G53, G54, G119):
endpoints are of its own origin, or https and public, or allowed."""

import contextlib

import pytest
from matrix import rows
from providers.oidc import Oidc
from providers.server import Answer, as_html, as_json, redirect
from support.gateway import bearer, gateway, route
from support.http import call
from support.oauth import Application, Person, query_of
from support.processes import free_port
from support.site import SHARED
from support.traps import Canary, endless, silent
from support.upstream import Upstream


@pytest.fixture(scope="module")
def canary():
    with Canary() as running:
        yield running


@contextlib.contextmanager
def behind(folder, provider, mode="relay", **changes):
    port = free_port()
    upstream = Upstream()
    resource = f"http://127.0.0.1:{port}/mcp"
    profile = {"registration": {"kind": "native"}}
    if mode == "relay":
        profile = SHARED
        provider.add_client(rows.CLIENT, [resource + "/callback"], rows.SECRET)
        changes |= {"clientId": rows.CLIENT, "clientSecret": rows.SECRET}
    policy = {**rows.oidc(mode, profile)(provider, resource), **changes}
    served = route("/mcp", upstream.port, "exact", mcpAuthentication=policy)
    plain = route("/free", upstream.port)
    try:
        with provider, gateway(folder, [served, plain], port=port) as running:
            running.resource = resource
            yield running
    finally:
        upstream.stop()


def test_keys_at_another_origin_of_this_machine(tmp_path, canary):
    provider = Oidc(metadata_changes={"jwks_uri": f"http://127.0.0.1:{canary.port}/jwks"})
    before = canary.visits
    with behind(tmp_path, provider, "direct") as running:
        token = provider.sign({**provider.times(), "iss": provider.issuer, "aud": running.resource})
        assert call("GET", running.resource, bearer(token)).status == 503
    assert canary.visits == before


def test_a_token_endpoint_at_another_origin_of_this_machine(tmp_path, canary):
    """The configured secret does not leave for it."""
    changes = {"token_endpoint": f"http://127.0.0.1:{canary.port}/token"}
    before = canary.visits
    with behind(tmp_path, Oidc(registers=False, metadata_changes=changes)) as running:
        application = Application(running.resource).registered()
        answer = application.redeem(application.code())
        assert answer.status in (502, 503) and "error" in answer.json(), answer
    assert canary.visits == before


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/authorize", "javascript:alert(1)", None])
def test_an_authorization_endpoint_elsewhere(tmp_path, target):
    """6.4: the gateway is no way to send browsers anywhere."""
    provider = Oidc(registers=False, metadata_changes={"authorization_endpoint": target})
    with behind(tmp_path, provider) as running:
        application = Application(running.resource).registered()
        person = Person()
        page = person.until(
            application.authorize_url(),
            lambda page: page.status >= 400 or "127.0.0.1:9/" in (page.location or ""),
        )
        assert page.location is None and page.status in (502, 503), (page.status, page.location)


def huge(_):
    return as_json({"padding": "x" * (5 << 20)})


DISCOVERY = {
    "huge": huge,
    "endless": lambda _: endless,
    "silent": lambda _: silent,
    "html": lambda _: as_html("<p>hello</p>"),
    "redirect": lambda _: redirect("https://evil.test/.well-known/openid-configuration"),
    "foreign": lambda _: as_json({"issuer": "https://evil.test"}),
    "down": lambda _: Answer(503),
}


@pytest.mark.parametrize("name", DISCOVERY)
def test_discovery_that_gives_nothing(tmp_path, name):
    """G32, G53, G54: the gateway's own documents stay, and the other route does not notice."""
    provider = Oidc(registers=False)
    for place in list(provider.routes):
        if ".well-known" in place[1]:
            provider.routes[place] = ("document", DISCOVERY[name])
    with behind(tmp_path, provider) as running:
        application = Application(running.resource).registered()
        assert call("GET", running.url + "/free").status == 200
        person = Person()
        page = person.until(application.authorize_url(), lambda page: page.status >= 400)
        assert page.status in (502, 503) and page.location is None
        assert call("GET", running.resource).status == 401
    assert query_of(application.authorize_url())["client_id"] == application.client_id
