"""Key sets that come late, or never (issue: 503 and Retry-After; G30, G32)."""

import pytest
from support.gateway import authentication, bearer, gateway, route
from support.http import call
from support.processes import free_port, wait_until
from support.tokens import Issuer

AUDIENCE = "http://gw.test/mcp"


@pytest.fixture
def unreachable(tmp_path, upstream):
    issuer = Issuer("http://as.test", AUDIENCE)
    jwks = {"url": f"http://127.0.0.1:{free_port()}/jwks.json"}
    policy = authentication(issuer, tmp_path, AUDIENCE, jwks=jwks)
    with gateway(tmp_path, [route("/mcp", upstream.port, mcpAuthentication=policy)]) as running:
        running.issuer = issuer
        yield running


def test_a_token_is_answered_503(unreachable):
    answer = call("GET", unreachable.url + "/mcp", bearer(unreachable.issuer.token()))
    assert answer.status == 503
    assert int(answer.one("retry-after")) > 0


def test_no_token_is_answered_401_and_the_metadata_stays(unreachable):
    assert call("GET", unreachable.url + "/mcp").status == 401
    path = "/.well-known/oauth-protected-resource/mcp"
    assert call("GET", unreachable.url + path).status == 200


def test_a_changed_key_file_is_taken(tmp_path, upstream):
    """`jwks.file` is watched."""
    old, new = (Issuer("http://as.test", AUDIENCE, kid) for kid in ("old", "new"))
    policy = authentication(old, tmp_path, AUDIENCE)
    routes = [route("/", upstream.port, mcpAuthentication=policy)]
    with gateway(tmp_path, routes) as running:

        def status(issuer):
            return call("GET", running.url + "/echo", bearer(issuer.token())).status

        assert (status(old), status(new)) == (200, 401)
        authentication(new, tmp_path, AUDIENCE)
        wait_until(lambda: status(new) == 200, 90, "the new key", pause=0.5)
        assert status(old) == 401
