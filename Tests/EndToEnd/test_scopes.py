"""Scopes that a route requires, and who the user is (issue: tokens; G07 to G10, G108)."""

import contextlib

import pytest
from matrix import rows
from matrix.scene import route as mcp_route
from providers.oidc import Oidc
from support import clients
from support.gateway import bearer, gateway, route
from support.http import call, challenge
from support.oauth import Application
from support.processes import free_port

NATIVE = {"registration": {"kind": "native"}}
SCOPES = {
    "requiredScopes": ["mcp:read", "mcp:write"],
    "scopeHierarchy": {"mcp:admin": ["mcp:write"], "mcp:write": ["mcp:read"]},
}


@contextlib.contextmanager
def behind(folder, make, **changes):
    """A direct route at a fake; `make(policy, port)` makes the route."""
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    scopes = (*Oidc.scopes, "mcp:admin")
    with Oidc(withheld_at_first=("mcp:write",), scopes=scopes) as provider:
        policy = {**rows.oidc("direct", NATIVE)(provider, resource), **changes}
        with gateway(folder, [make(policy)], port=port) as running:
            running.resource, running.provider = resource, provider
            yield running


@pytest.fixture
def scoped(tmp_path, upstream):
    def make(policy):
        return route("/mcp", upstream.port, "exact", mcpAuthentication=policy)

    with behind(tmp_path, make, identityHeaders=True, **SCOPES) as running:
        yield running


def token(running, scope):
    application = Application(running.resource).registered()
    application.code()
    return application.redeem(application.code(scope=scope)).json()["access_token"]


def test_the_whole_step_is_in_one_challenge(scoped):
    """G07, G08"""
    answer = call("GET", scoped.resource, bearer(token(scoped, "mcp:read")))
    assert answer.status == 403, answer
    parameters = challenge(answer)
    assert parameters["error"] == "insufficient_scope"
    assert set(parameters["scope"].split()) >= {"mcp:read", "mcp:write"}
    assert parameters["resource_metadata"].startswith(scoped.url)


@pytest.mark.parametrize("scope", ["mcp:read mcp:write", "mcp:write", "mcp:admin"])
def test_a_scope_that_implies_others_is_enough(scoped, scope):
    """G09"""
    assert call("GET", scoped.resource, bearer(token(scoped, scope))).status == 200


def test_the_upstream_hears_who_it_is(scoped):
    """G108: by option; what the client says of itself is gone."""
    forged = {"X-Gatehouse-Subject": "admin", "X-Gatehouse-Roles": "admin"}
    fields = {**bearer(token(scoped, "mcp:admin")), **forged}
    answer = call("GET", scoped.resource, fields)
    seen = [[name.lower(), value] for name, value in answer.json()["fields"]]
    assert ["x-gatehouse-subject", scoped.provider.subject] in seen, seen
    assert [name for name, _ in seen].count("x-gatehouse-subject") == 1
    assert "admin" not in [value for _, value in seen], seen


@pytest.mark.parametrize("kind", [clients.STRICT], ids=lambda kind: kind.name)
def test_a_client_steps_up(tmp_path, sdk_server, kind):
    """R4: 401, a token with too little, 403, a token with all of it."""
    row = rows.Row("", "", None, None, "mcp")

    def make(policy):
        return {**mcp_route(row, policy, sdk_server), "matches": [{"path": {"exact": "/mcp"}}]}

    with behind(tmp_path, make, **SCOPES) as running:
        report = clients.use(kind, running.resource)
        clients.check(report)
    statuses = [status for _, url, status in report["requests"] if url == running.resource]
    assert statuses[:3] == [401, 403, 200], report["requests"]
    assert len(report["authorizations"]) == 2
