"""The rows of the OAuth vectors (areas dcr and oauth) on the wire: a relay at the root of its host,
whose provider registers clients itself, so that `forwarded` can be counted."""

import contextlib
import json
import re
import urllib.parse

import pytest
from matrix import rows as matrix_rows
from providers.oidc import Oidc
from providers.server import as_html
from support.gateway import gateway, route
from support.http import call
from support.oauth import Application, Person, switched
from support.processes import free_port
from support.upstream import Upstream
from support.wire import VECTORS

ROWS = {
    row["id"]: row
    for row in map(json.loads, (VECTORS / "oauth_meta_cases.jsonl").read_text().splitlines())
    if row["area"] in ("dcr", "oauth")
}
APP = "https://app.example/cb"
# What is rated stands alone, on a gateway of its own.
RATED = "OM-135"


class Scene:
    def __init__(self, folder, stack, **clients):
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.fake = stack.enter_context(Oidc(emits_iss=True))
        upstream = Upstream()
        stack.callback(upstream.stop)
        policy = matrix_rows.oidc("relay")(self.fake, self.origin + "/")
        served = route("/", upstream.port, mcpAuthentication={**policy, "clients": clients})
        stack.enter_context(gateway(folder, [served], port=self.port))
        self.application = None

    def known(self):
        """A registered client of the rows' redirect URI."""
        if self.application is None:
            self.application = Application(self.origin + "/", APP).registered()
        return self.application


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("vectors")
        yield Scene(folder, stack, registrationsPerMinute=10000)


def body_of(request):
    body = request.get("body")
    if isinstance(body, dict):
        if body.get("gen") == "1 MiB form":
            return b"grant_type=authorization_code&code=" + b"a" * (1 << 20)
        return (body["gen"] if "gen" in body else json.dumps(body)).encode()
    return body.encode() if body is not None else None


def send(scene, row):
    """The row's request: its client `c1` is one that is registered, its state `ok` one that is
    open in a browser."""
    request = row["request"]
    fields = [pair for pair in request["headers"] if pair[0] != "Host"]
    body = body_of(request)
    if isinstance(request.get("body"), str) and "Content-Type" not in dict(fields):
        fields.append(["Content-Type", "application/x-www-form-urlencoded"])
    path = request["path"]
    if "client_id=c1" in path:
        path = path.replace("client_id=c1", "client_id=" + scene.known().client_id)
    if "state=ok" in path:
        person = Person()
        back = person.until_redirect(scene.known().authorize_url(), scene.origin + "/callback")
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))["state"]
        path = path.replace("state=ok", "state=" + urllib.parse.quote(state))
        cookies = "; ".join(f"{one.name}={one.value}" for one in person.jar)
        fields.append(["Cookie", cookies])
    scene.fake.forget()
    return call(request["method"], scene.origin + path, fields, body)


def check(scene, row, answer):
    expect = row["expect"]
    text = json.dumps(answer.fields) + answer.body.decode()
    kinds = ("register",) if row["area"] == "dcr" else ("token",)
    forwarded = scene.fake.seen(*kinds)
    if "status" in expect:
        assert answer.status in expect["status"], answer
    for name, value in expect.get("headers", {}).items():
        assert value in answer.one(name), answer
    for name in expect.get("headers_present", []):
        assert answer.all(name), answer
    for name in expect.get("headers_absent", []):
        assert answer.all(name) == [], answer
    if "json_subset" in expect:
        assert expect["json_subset"].items() <= answer.json().items(), answer
    if "error" in expect:
        where = answer.one("location") if answer.all("location") else answer.body.decode()
        assert expect["error"] in where, answer
    if "forwarded" in expect and row["id"] != "OM-164":
        assert len(forwarded) == expect["forwarded"], forwarded
    if "token_requests" in expect:
        assert len(forwarded) == expect["token_requests"], forwarded
    for name in expect.get("upstream_headers_absent", []):
        assert forwarded and all(name not in one.fields for one in forwarded), forwarded
    for word in expect.get("body_and_headers_must_not_contain", []):
        assert word.replace("<configured upstream client_secret>", matrix_rows.SECRET) not in text
    for name in expect.get("json_absent_or_gateway_origin", []):
        assert answer.json().get(name, scene.origin).startswith(scene.origin), answer
    if expect.get("forwarded_body_reserialised") and answer.status == 201:
        assert "Redirect_URIs" not in forwarded[0].json, forwarded


@pytest.mark.parametrize("name", [name for name in ROWS if name != RATED])
def test_row(scene, name):
    row = ROWS[name]
    if row["id"] == "OM-137":
        scene.fake.on("POST", "/register", "register", lambda _: as_html("<h1>oops</h1>", 500))
    try:
        check(scene, row, send(scene, row))
    finally:
        scene.fake.on("POST", "/register", "register", scene.fake.register)


def test_repeated_resource_is_a_matter_of_its_values(scene):
    """OM-164: it may repeat (RFC 8707 §2), and one that is unknown is invalid_target."""
    application = scene.known()
    code = application.code(resource=application.resource)
    twice = [application.resource, application.resource.rstrip("/")]
    assert application.redeem(code, resource=twice).status == 200


def test_registrations_are_rated(tmp_path):
    """OM-135, G65, G120"""
    row = ROWS[RATED]
    with contextlib.ExitStack() as stack:
        scene = Scene(tmp_path, stack)
        statuses = []
        for _ in range(200):
            answer = send(scene, row)
            statuses.append(answer.status)
            if answer.status == row["expect"]["eventually"]:
                break
        assert statuses[:30] == [201] * 30, statuses
        assert answer.status == 429 and int(answer.one("retry-after")) > 0, answer
        # G120: never on the metadata.
        path = "/.well-known/oauth-protected-resource"
        assert call("GET", scene.origin + path).status == 200


# The registrations that real clients send (G61).

BODIES = {
    "cursor": {
        "client_name": "Cursor",
        "redirect_uris": [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
    "vscode": {
        "client_name": "Visual Studio Code",
        "client_uri": "https://code.visualstudio.com",
        "redirect_uris": [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        "grant_types": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    },
    "inspector": {
        "client_name": "MCP Inspector",
        "redirect_uris": [
            "http://localhost:6274/oauth/callback",
            "http://localhost:6274/oauth/callback/debug",
        ],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "client_uri": "https://github.com/modelcontextprotocol/inspector",
        "scope": "",
    },
    "fastmcp": {
        "client_name": "FastMCP Client",
        "redirect_uris": ["http://localhost:49152/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "",
    },
    "claude": {
        "client_name": "Claude",
        "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
        "contacts": ["support@example.com"],
        "software_id": "claude",
        "logo_uri": "https://claude.ai/logo.png",
    },
    "python sdk": {
        "client_name": "end-to-end",
        "redirect_uris": ["http://127.0.0.1:3030/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "application_type": "native",
    },
}


@pytest.mark.parametrize("name", BODIES)
def test_registrations_of_real_clients(scene, name):
    """G57 to G61: 201, everything comes back, integers are integers, nothing is null."""
    fields = {"Content-Type": "application/json", "Accept": "application/json"}
    body = json.dumps(BODIES[name]).encode()
    answer = call("POST", scene.origin + "/register", fields, body)
    assert answer.status == 201, answer
    made = answer.json()
    assert made["client_id"] and made["redirect_uris"] == BODIES[name]["redirect_uris"]
    assert None not in made.values() and [] not in made.values()
    assert isinstance(made["client_id_issued_at"], int)
    if "client_secret" in made:
        assert isinstance(made["client_secret_expires_at"], int)
    else:
        assert made["token_endpoint_auth_method"] == "none"
    assert not re.search("registration_(access_token|client_uri)", answer.body.decode())


def test_a_provider_that_fails_is_no_html(scene):
    with switched(scene.fake, token_failure=as_html("<h1>oops</h1>", 500)):
        application = scene.known()
        answer = application.redeem(application.code())
    assert answer.status in (400, 502, 503) and "error" in answer.json(), answer
