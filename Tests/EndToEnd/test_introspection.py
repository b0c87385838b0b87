"""Tokens that are asked about, whom they stand for, and what they permit (G07, G97, G98, G108)."""

import base64
import http.server
import json
import threading
import urllib.parse

import pytest
from support.gateway import authentication, bearer, gateway, route
from support.http import call, challenge
from support.tokens import Issuer

AUDIENCE = "http://gw.test/mcp"
CLIENT = {"clientId": "gate", "clientSecret": "s3:cret"}
NAMES = ["subject", "client", "scopes", "groups", "roles", "tenant"]
SPOOFED = {f"X-Gatehouse-{name}": "evil" for name in NAMES}


class Endpoint:
    """An introspection endpoint that knows the tokens of `tokens` and says what `status` says."""

    def __init__(self):
        self.tokens, self.questions, self.status = {}, [], 200
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                token = dict(urllib.parse.parse_qsl(form))["token"]
                endpoint.questions.append((token, self.headers["Authorization"]))
                found = endpoint.tokens.get(token)
                body = json.dumps({"active": True, **found} if found else {"active": False})
                self.send_response(endpoint.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/introspect"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint():
    server = Endpoint()
    yield server
    server.stop()


@pytest.fixture
def issuer():
    return Issuer("http://as.test", AUDIENCE)


def seen(answer):
    return {name.lower(): value for name, value in answer.json()["fields"]}


def told(answer):
    fields = seen(answer)
    return {name: fields.get(f"x-gatehouse-{name}") for name in NAMES}


def test_an_opaque_token_is_asked_about_once(tmp_path, upstream, issuer, endpoint):
    """G97: with the gateway's credentials; JWTs are judged as before."""
    endpoint.tokens["opaque-1"] = {"aud": AUDIENCE, "sub": "u", "scope": "read", "client_id": "c"}
    endpoint.tokens["elsewhere"] = {"aud": "http://other", "sub": "u"}
    policy = authentication(
        issuer, tmp_path, AUDIENCE, introspection={"url": endpoint.url}, identityHeaders=True,
        **CLIENT,
    )
    routes = [route("/", upstream.port, mcpAuthentication=policy)]
    with gateway(tmp_path, routes, threads=2) as running:
        url = running.url + "/echo"
        for _ in range(4):
            answer = call("GET", url, {**bearer("opaque-1"), **SPOOFED})
            assert answer.status == 200, answer
            assert "authorization" not in seen(answer)
            assert told(answer) == {
                "subject": "u", "client": "c", "scopes": "read", "groups": None, "roles": None,
                "tenant": None,
            }
        basic = "Basic " + base64.b64encode(b"gate:s3%3Acret").decode()
        # At most one question for each loop.
        assert 1 <= len(endpoint.questions) <= 2
        assert set(endpoint.questions) == {("opaque-1", basic)}
        assert call("GET", url, bearer(issuer.token())).status == 200
        for token in ("unknown", "elsewhere"):
            assert challenge(call("GET", url, bearer(token)))["error"] == "invalid_token"
        text = "".join(running.lines) + running.error_text
        assert "opaque-1" not in text and "s3:cret" not in text and "s3%3Acret" not in text


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_an_endpoint_in_trouble_is_503(tmp_path, upstream, issuer, endpoint, status):
    endpoint.status = status
    policy = authentication(
        issuer, tmp_path, AUDIENCE, introspection={"url": endpoint.url}, **CLIENT
    )
    with gateway(tmp_path, [route("/", upstream.port, mcpAuthentication=policy)]) as running:
        answer = call("GET", running.url + "/echo", bearer("opaque-1"))
        assert answer.status == 503 and int(answer.one("retry-after")) > 0, answer
        assert answer.all("www-authenticate") == []
        endpoint.stop()
        assert call("GET", running.url + "/echo", bearer("opaque-2")).status == 503


def test_many_requests_with_one_token_ask_once(tmp_path, upstream, issuer, endpoint):
    endpoint.tokens["opaque-1"] = {"aud": AUDIENCE, "sub": "u"}
    policy = authentication(
        issuer, tmp_path, AUDIENCE, introspection={"url": endpoint.url}, **CLIENT
    )
    routes = [route("/", upstream.port, mcpAuthentication=policy)]
    with gateway(tmp_path, routes, threads=1) as running:
        statuses = []

        def ask():
            statuses.append(call("GET", running.url + "/echo", bearer("opaque-1")).status)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 8
        assert len(endpoint.questions) == 1


@pytest.mark.parametrize("mode", ["strict", "optional", "permissive"])
@pytest.mark.parametrize("option", [False, True])
def test_spoofed_fields_never_arrive(tmp_path, upstream, issuer, mode, option):
    """G108: with and without a token, with and without the option."""
    policy = authentication(issuer, tmp_path, AUDIENCE, mode=mode, identityHeaders=option)
    with gateway(tmp_path, [route("/", upstream.port, mcpAuthentication=policy)]) as running:
        requests = [bearer(issuer.token(sub="u", client_id=None, scope=None))]
        if mode != "strict":
            requests.append({})
        for fields in requests:
            for name in NAMES:
                spoofed = {f"X-GATEHOUSE-{name.upper()}": "evil"}
                answer = call("GET", running.url + "/echo", {**fields, **spoofed})
                assert answer.status == 200
                assert "evil" not in told(answer).values()


def test_a_missing_scope_is_403_with_all_scopes(tmp_path, upstream, issuer):
    """G07, G08, G09"""
    options = {
        "requiredScopes": ["read", "tools"], "scopeHierarchy": {"admin": ["tools", "read"]}
    }
    policy = authentication(issuer, tmp_path, AUDIENCE, **options)
    with gateway(tmp_path, [route("/", upstream.port, mcpAuthentication=policy)]) as running:
        url = running.url + "/echo"
        for scopes, status in [("read", 403), ("read tools", 200), (["admin"], 200), (None, 403)]:
            answer = call("GET", url, bearer(issuer.token(scope=scopes)))
            assert answer.status == status, (scopes, answer)
            if status == 403:
                parameters = challenge(answer)
                assert parameters["error"] == "insufficient_scope"
                assert parameters["scope"] == "read tools"
                assert parameters["resource_metadata"]
        assert challenge(call("GET", url))["scope"] == "read tools"


def test_several_issuers_on_one_route(tmp_path, upstream, issuer):
    other = Issuer("http://two.test", "http://two/mcp")
    further = {"issuer": "http://two.test", "audiences": ["http://two/mcp"]}
    (tmp_path / "two").mkdir()
    further["jwks"] = authentication(other, tmp_path / "two", AUDIENCE)["jwks"]
    policy = authentication(issuer, tmp_path, AUDIENCE, issuers=[further])
    with gateway(tmp_path, [route("/", upstream.port, mcpAuthentication=policy)]) as running:
        url = running.url + "/echo"
        assert call("GET", url, bearer(issuer.token())).status == 200
        assert call("GET", url, bearer(other.token())).status == 200
        assert call("GET", url, bearer(other.token(aud=AUDIENCE))).status == 401
        assert call("GET", url, bearer(other.token(iss="http://as.test"))).status == 401
