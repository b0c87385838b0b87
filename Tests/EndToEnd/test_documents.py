"""What a client sees before it has a token: the challenge, the metadata documents, CORS."""

import json

import pytest
from support.http import call, challenge
from support.processes import wait_until

WELL_KNOWN = "/.well-known/oauth-protected-resource"
PREFLIGHT = {
    "Origin": "http://inspector.test",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,mcp-protocol-version",
}


def test_the_line_of_the_issue(example):
    """G01, G02, G04, G10: curl -i http://localhost:3000/stdio/mcp"""
    answer = call("GET", example.url + "/stdio/mcp")
    assert answer.status == 401
    assert answer.one("www-authenticate") == (
        f'Bearer resource_metadata="{example.url}{WELL_KNOWN}/stdio/mcp", scope="read:all"'
    )
    assert answer.json()["error"] == "unauthorized"


def test_offline_access_is_not_asked_for(example):
    """G11: it stands in resourceMetadata of this route, and not in the challenge."""
    answer = call("GET", example.url + "/keycloak/mcp")
    assert challenge(answer)["scope"] == "profile"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_every_method_is_challenged(example, method):
    """G01, G14, G17, G21"""
    fields = {"Mcp-Session-Id": "0123456789abcdef", "Content-Type": "application/json"}
    answer = call(method, example.url + "/stdio/mcp", fields, b"{}" if method == "POST" else None)
    assert answer.status == 401
    assert challenge(answer)["resource_metadata"] == f"{example.url}{WELL_KNOWN}/stdio/mcp"
    assert answer.one("cache-control") == "no-store"


@pytest.mark.parametrize("route", ["/stdio/mcp", "/keycloak/mcp"])
def test_resource_metadata(example, route):
    """G23, G26, G27, G28, G35"""
    answer = call("GET", example.url + WELL_KNOWN + route)
    assert answer.status == 200
    assert answer.one("access-control-allow-origin") == "*"
    assert "max-age" in answer.one("cache-control")
    document = answer.json()
    assert document["resource"] == example.url + route
    issuer = example.issuer if route == "/stdio/mcp" else example.url + route
    assert document["authorization_servers"] == [issuer]
    assert None not in document.values() and [] not in document.values()


def test_resource_metadata_is_served_as_written(example):
    document = call("GET", f"{example.url}{WELL_KNOWN}/stdio/mcp").json()
    assert document["scopes_supported"] == ["read:all"]
    assert document["bearer_methods_supported"] == ["header", "body", "query"]


@pytest.mark.parametrize("route", ["/stdio/mcp", "/keycloak/mcp"])
def test_methods_of_the_documents(example, route):
    url = example.url + WELL_KNOWN + route
    head = call("HEAD", url)
    assert head.status == 200 and head.body == b""
    assert head.one("content-length") == str(len(call("GET", url).body))
    for method in ("POST", "DELETE", "PUT"):
        answer = call(method, url)
        assert answer.status == 405, method
        allowed = {name.strip() for name in answer.one("allow").split(",")}
        assert allowed == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/stdio/mcp", WELL_KNOWN + "/stdio/mcp"])
def test_preflight_needs_no_token(example, path):
    """G102"""
    fields = {**PREFLIGHT, "Access-Control-Request-Method": "GET" if WELL_KNOWN in path else "POST"}
    answer = call("OPTIONS", example.url + path, fields)
    assert answer.status in (200, 204)
    assert answer.one("access-control-allow-origin") == "*"
    allowed = answer.one("access-control-allow-headers").lower()
    assert "mcp-protocol-version" in allowed or "*" in allowed


def test_cors_fields_on_the_challenge(example):
    """G104: a browser client must be able to read the 401."""
    answer = call("POST", example.url + "/stdio/mcp", {"Origin": "http://inspector.test"}, b"{}")
    assert answer.status == 401
    assert answer.one("access-control-allow-origin") == "*"


AS_PATHS = [
    "/.well-known/oauth-authorization-server/keycloak/mcp",
    "/.well-known/openid-configuration/keycloak/mcp",
    "/keycloak/mcp/.well-known/openid-configuration",
    "/keycloak/mcp/.well-known/oauth-authorization-server",
]


def test_relay_metadata_at_every_path(example):
    """G38, G39: one document, at the four URLs that clients try, and iss is promised."""
    documents = []
    for path in AS_PATHS:
        answer = call("GET", example.url + path)
        assert answer.status == 200, (path, answer)
        assert answer.one("access-control-allow-origin") == "*"
        documents.append(answer.json())
    assert all(document == documents[0] for document in documents)
    document = documents[0]
    assert document["issuer"] == example.url + "/keycloak/mcp"
    assert document["registration_endpoint"].startswith(example.url + "/")
    assert "S256" in document["code_challenge_methods_supported"]
    assert "?" not in document["authorization_endpoint"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert None not in document.values()


def test_direct_metadata_is_the_issuer_s_own(example):
    """Direct mode relays the document; nothing is added."""
    own = call("GET", example.issuer + "/.well-known/oauth-authorization-server").json()
    path = "/.well-known/oauth-authorization-server/stdio/mcp"
    assert call("GET", example.url + path).json() == own


def test_unknown_paths_are_404_json(example):
    """G16, G31"""
    for path in ("/nothing", WELL_KNOWN + "/nothing", WELL_KNOWN + "/stdio/mcp/more"):
        answer = call("GET", example.url + path)
        assert answer.status == 404, path
        assert isinstance(answer.json(), dict)


def test_forged_host_fields_are_not_believed(example):
    """G37: X-Forwarded-Host of a peer that is no trusted proxy."""
    fields = {"X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test;proto=https"}
    answer = call("GET", example.url + "/stdio/mcp", fields)
    assert "evil" not in json.dumps(answer.fields)
    document = call("GET", f"{example.url}{WELL_KNOWN}/stdio/mcp", fields)
    assert b"evil" not in document.body


def test_an_access_record_for_each_exchange(example):
    """DESIGN §5.8: exactly one record, without the query (G118)."""
    answer = call("GET", example.url + "/stdio/mcp?access_token=secret-in-the-query")
    assert answer.status == 401
    wait_until(lambda: any("/stdio/mcp" in line for line in example.gateway.lines), what="record")
    text = "".join(example.gateway.lines) + example.gateway.error_text
    assert "secret-in-the-query" not in text
