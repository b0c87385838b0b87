"""The whole OAuth flow, by real clients, without a person: discovery, registration, authorization,
token, initialize or server/discover, tools/list, tools/call, a stream (issue: "What a user sees")."""

import pytest
from support import clients

ROUTES = ["/stdio/mcp", "/keycloak/mcp"]
KINDS = [pytest.param(kind, id=kind.name) for kind in clients.ALL]


def challenged_once(report):
    """The SDK's programs note their requests: the first is refused, and no token is asked twice."""
    if report["requests"]:
        assert report["requests"][0][2] == 401, report
        assert sum("token" in url for _, url, _ in report["requests"]) == 1, report


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", KINDS)
def test_demo_server(example, kind, route):
    report = clients.use(kind, example.url + route)
    clients.check(report)
    challenged_once(report)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kind", KINDS)
def test_server_of_the_sdk(example_with_sdk_server, kind, route):
    """G109: it answers 421 to a foreign Host and 403 to a foreign Origin."""
    report = clients.use(kind, example_with_sdk_server.url + route)
    clients.check(report)
    challenged_once(report)


def test_protocols(example):
    modern = clients.use(clients.SDK2, example.url + ROUTES[0])
    legacy = clients.use(clients.SDK2_LEGACY, example.url + ROUTES[0])
    assert modern["protocol"] == "2026-07-28", modern
    assert legacy["protocol"] == "2025-11-25", legacy
    methods = {method for method, url, _ in legacy["requests"] if url.endswith(ROUTES[0])}
    assert methods == {"POST", "GET", "DELETE"}, legacy


def test_scope_of_the_challenge_is_asked_for(example):
    """G10: the client takes its scope from the challenge."""
    report = clients.use(clients.SDK2, example.url + ROUTES[0])
    assert "scope=read%3Aall" in report["authorizations"][0], report
