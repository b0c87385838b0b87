"""Client ID Metadata Documents: what the gateway fetches because a stranger said so (6.8, G69, G70,
G119)."""

import contextlib
import secrets

import pytest
from faults.inject import Injection
from matrix import rows
from providers.oidc import Oidc
from providers.server import Answer, Server, as_html, as_json, redirect
from support.gateway import gateway, route
from support.http import call
from support.oauth import CALLBACK, Application, Person
from support.processes import free_port
from support.site import CLIENTS, SHARED
from support.traps import Canary, endless, silent
from support.upstream import Upstream


@pytest.fixture(scope="module")
def canary():
    with Canary() as running:
        yield running


def protected(port, path, upstream, provider, **changes):
    resource = f"http://127.0.0.1:{port}{path}"
    policy = rows.oidc("relay", SHARED)(provider, resource)
    policy |= {"clients": CLIENTS, **changes}
    return route(path, upstream.port, "exact", mcpAuthentication=policy)


class Scene:
    """A relay whose clients may come with documents, which `documents` serves at /c.json."""

    def __init__(self, folder, stack, is_allowed):
        self.injection = Injection(folder)
        env = self.injection.environment
        self.documents = stack.enter_context(Server())
        self.client_id = self.documents.url + "/c.json"
        port = free_port()
        self.resource = f"http://127.0.0.1:{port}/mcp"
        self.fake = stack.enter_context(Oidc(emits_iss=True, registers=False))
        self.fake.add_client(rows.CLIENT, [self.resource + "/callback"], rows.SECRET)
        upstream = Upstream()
        stack.callback(upstream.stop)
        client = {"clientId": rows.CLIENT, "clientSecret": rows.SECRET}
        served = protected(port, "/mcp", upstream, self.fake, **client)
        top = {"fetch": {"allow": [self.documents.url]}} if is_allowed else {}
        self.gateway = stack.enter_context(
            gateway(folder, [served], port=port, env=env, top=top)
        )

    def serve(self, answer):
        self.documents.on("GET", "/c.json", "document", lambda _: answer)

    def application(self, client_id=None):
        made = Application(self.resource)
        made.client_id = client_id or self.client_id
        return made


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Scene(tmp_path_factory.mktemp("documents"), stack, True)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Nothing is allowed beyond public addresses."""
    with contextlib.ExitStack() as stack:
        yield Scene(tmp_path_factory.mktemp("guarded"), stack, False)


def document(scene, **changes):
    made = {
        "client_id": scene.client_id,
        "client_name": "A client with a document",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def refused_page(answer):
    assert 400 <= answer.status < 500 and answer.all("location") == [], answer


def test_a_client_with_a_document(scene):
    """G46, G71"""
    scene.serve(as_json(document(scene)))
    application = scene.application()
    assert application.metadata["client_id_metadata_document_supported"] is True
    assert "none" in application.metadata["token_endpoint_auth_methods_supported"]
    page = Person().open(application.authorize_url())
    assert "A client with a document" in page.body and "127.0.0.1" in page.body
    assert application.tokens()["access_token"]
    asked = scene.documents.seen("document")[-1]
    assert {"cookie", "authorization"}.isdisjoint(asked.fields)


def test_documents_with_members_of_every_kind(scene, fresh):
    """ChatGPT's has token_endpoint_auth_methods_supported; unknown members are ignored."""
    more = {
        "token_endpoint_auth_methods_supported": ["none"],
        "token_endpoint_auth_method": None,
        "client_uri": "https://x.test/",
        "unknown": [{}],
    }
    application = fresh(lambda client: as_json(document(scene, client_id=client, **more)))
    assert application.tokens()["access_token"]


BROKEN = {
    "another id": {"client_id": "https://evil.test/c.json"},
    "id with a slash more": {"client_id": "http://127.0.0.1/c.json/"},
    "no id": {"client_id": None},
    "no redirect URI": {"redirect_uris": None},
    "an empty list": {"redirect_uris": []},
    "a text": {"redirect_uris": CALLBACK},
    "another redirect URI": {"redirect_uris": ["https://evil.test/cb"]},
    "a script": {"redirect_uris": ["javascript:alert(1)"]},
    "a secret": {"client_secret": "s"},
    "a secret's method": {"token_endpoint_auth_method": "client_secret_post"},
    "a shared secret's method": {"token_endpoint_auth_method": "client_secret_jwt"},
}


@pytest.fixture
def fresh(scene):
    """A client with a document of its own: documents are kept for a while. `answer` is what its
    URL answers, or makes that of the URL."""

    def serve(answer):
        path = f"/{secrets.token_hex(8)}.json"
        client = scene.documents.url + path
        made = answer(client) if callable(answer) and answer not in (endless, silent) else answer
        scene.documents.on("GET", path, "document", lambda _: made)
        return scene.application(client)

    return serve


@pytest.mark.parametrize("name", BROKEN)
def test_broken_documents(scene, fresh, name):
    """G69"""

    def broken(client):
        return as_json(document(scene, **{"client_id": client, **BROKEN[name]}))

    before = len(scene.documents.seen("document"))
    refused_page(call("GET", fresh(broken).authorize_url()))
    assert len(scene.documents.seen("document")) == before + 1, "it was looked at"


@pytest.mark.parametrize(
    "answer",
    [
        as_json({}, 404),
        as_json({}, 500),
        as_html("<p>hello</p>"),
        as_json([]),
        Answer(200, b"{", {"Content-Type": "application/json"}),
        Answer(200, b"", {"Content-Type": "application/json"}),
        as_json({"padding": "x" * 300_000}),
        endless,
        silent,
    ],
    ids=["404", "500", "html", "list", "cut", "empty", "huge", "endless", "silent"],
)
def test_no_documents(scene, fresh, answer):
    """Bounded in size and time (G119)."""
    refused_page(call("GET", fresh(answer).authorize_url(), timeout=40))


def test_a_document_is_not_looked_for_elsewhere(scene, fresh):
    """G69: no redirects, not even to itself."""
    scene.serve(as_json(document(scene)))
    application = fresh(redirect(scene.client_id))
    before = len(scene.documents.seen("document"))
    refused_page(call("GET", application.authorize_url()))
    assert len(scene.documents.seen("document")) == before + 1


SHAPES = [
    "http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/c.json#f",
    "http://127.0.0.1:{port}/c.json?q",
    "http://user@127.0.0.1:{port}/c.json",
    "http://user:pw@127.0.0.1:{port}/c.json",
    "http://127.0.0.1:{port}/a/../c.json",
    "http://127.0.0.1:{port}/%2e%2e/c.json",
    "http://127.0.0.1:{port}/./c.json",
    "http:/127.0.0.1:{port}/c.json",
    "HTTP://127.0.0.1:{port}/c.json",
    "http://127.0.0.1:{port}/c.json\n",
    "http://127.0.0.1:{port}/" + "c" * 5000,
    "http://app.test/c.json",
    "ftp://127.0.0.1:{port}/c.json",
]


@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
def test_urls_that_are_no_client_ids(scene, shape):
    before = len(scene.documents.requests)
    client = shape.format(port=scene.documents.port)
    refused_page(call("GET", scene.application(client).authorize_url()))
    assert len(scene.documents.requests) == before


PRIVATE = [
    "127.0.0.1:{port}",
    "localhost:{port}",
    "LOCALHOST.:{port}",
    "[::1]:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "[::ffff:7f00:1]:{port}",
    "[64:ff9b::7f00:1]:{port}",
    "[2002:7f00:1::]:{port}",
    "2130706433:{port}",
    "0x7f000001:{port}",
    "0177.0.0.1:{port}",
    "127.1:{port}",
    "0.0.0.0:{port}",
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "[fd00::1]",
    "[fe80::1]",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_documents_of_this_machine_and_its_network(guarded, canary, host):
    """G70: refused before a connection, in whatever spelling."""
    client = f"https://{host.format(port=canary.port)}/c.json"
    before = canary.visits, guarded.injection.calls("connect")
    refused_page(call("GET", guarded.application(client).authorize_url()))
    assert (canary.visits, guarded.injection.calls("connect")) == before


def test_a_name_that_leads_to_this_machine(guarded, canary):
    """G70: what a name resolves to counts, and is pinned."""
    guarded.injection.resolve("address", "127.0.0.1")
    before = canary.visits
    try:
        for name in ("app.test", "metadata.google.internal"):
            client = f"https://{name}:{canary.port}/c.json"
            refused_page(call("GET", guarded.application(client).authorize_url()))
    finally:
        guarded.injection.resolve("system")
    assert canary.visits == before
