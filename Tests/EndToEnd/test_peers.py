"""Authorization servers that nobody here wrote, before a real MCP server (issue: what must be
shown). Direct mode: the clients register and authorize at the peer itself."""

import pytest
from peers import glewlwyd, llng
from peers.canaille import Canaille
from support import clients, http, tokens
from support.gateway import gateway
from support.processes import free_port


def protected(server_port, peer, resource, audiences, scopes):
    target = {"name": "sdk", "mcp": {"host": f"http://127.0.0.1:{server_port}/mcp"}}
    policy = {
        "issuer": peer.issuer,
        "audiences": audiences,
        "jwks": {"url": peer.jwks_url},
        "resourceMetadata": {"resource": resource, "scopesSupported": scopes},
    }
    return {
        "matches": [{"path": {"exact": "/mcp"}}],
        "policies": {"mcpAuthentication": policy},
        "backends": [{"mcp": {"targets": [target]}}],
    }


class Scene:
    def __init__(self, peer, url):
        self.peer, self.url = peer, url

    def use(self, kind, **options):
        user = {"user": self.peer.user, "password": self.peer.password}
        return clients.use(kind, self.url, **user, **options)


@pytest.fixture(scope="module")
def with_glewlwyd(tmp_path_factory, sdk_server):
    """The audience of its tokens is the resource, which is known only with the gateway's port."""
    assert glewlwyd.is_installed(), "the package glewlwyd"
    folder = tmp_path_factory.mktemp("glewlwyd")
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    peer = glewlwyd.Glewlwyd(folder, [url])
    try:
        routes = [protected(sdk_server, peer, url, [url], ["mcp:tools"])]
        with gateway(folder, routes, port=port):
            yield Scene(peer, url)
    finally:
        peer.stop()


SDKS = [clients.SDK2, clients.SDK2_LEGACY, clients.SDK1]


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in SDKS])
def test_glewlwyd_with_audience_check(with_glewlwyd, kind):
    clients.check(with_glewlwyd.use(kind))


def test_glewlwyd_refuses_public_clients(with_glewlwyd):
    """fastmcp registers as a public client; Glewlwyd lets it, and then refuses its code."""
    report = with_glewlwyd.use(clients.FASTMCP)
    assert "unauthorized_client" in str(report["error"]), report


def canaille_client(peer):
    redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
    client, secret = peer.register(redirect_uri)
    return {"client_id": client, "client_secret": secret, "redirect_uri": redirect_uri}


@pytest.fixture(scope="module")
def with_canaille(tmp_path_factory, sdk_server):
    """It ignores `resource`: the audience of its tokens is the client's id. Each program has a
    client of its own: two tokens of one client and user within a second are the same text, and
    canaille fails to store the second."""
    folder = tmp_path_factory.mktemp("canaille")
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    peer = Canaille(folder)
    try:
        registered = {kind.name: canaille_client(peer) for kind in SDKS}
        audiences = [client["client_id"] for client in registered.values()]
        routes = [protected(sdk_server, peer, url, audiences, ["openid", "profile"])]
        with gateway(folder, routes, port=port):
            scene = Scene(peer, url)
            scene.clients = registered
            yield scene
    finally:
        peer.stop()


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in SDKS])
def test_canaille_with_the_client_as_audience(with_canaille, kind):
    clients.check(with_canaille.use(kind, **with_canaille.clients[kind.name]))


def test_canaille_with_another_client_is_refused(with_canaille):
    """A client that registers itself has another id, so its token has another audience."""
    report = with_canaille.use(clients.SDK2)
    assert "error" in report, report


@pytest.fixture(scope="module")
def with_lemonldap(tmp_path_factory, sdk_server):
    """It knows its clients beforehand; its tokens name what the client's settings add."""
    assert llng.is_installed(), "the packages of LemonLDAP::NG"
    folder = tmp_path_factory.mktemp("llng")
    port, client_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    redirect_uri = f"http://127.0.0.1:{client_port}/callback"
    rules = {"mcp:tools": "1", "mcp:admin": "$uid eq 'dwho'"}
    client = llng.Client("direct", [redirect_uri], audience=url, scopes=rules)
    peer = llng.LemonLDAP(folder, [client])
    try:
        routes = [protected(sdk_server, peer, url, [url], ["openid", "mcp:tools"])]
        with gateway(folder, routes, port=port):
            scene = Scene(peer, url)
            scene.client = {
                "client_id": client.id,
                "client_secret": client.secret,
                "redirect_uri": redirect_uri,
            }
            yield scene
    finally:
        peer.stop()


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in SDKS])
def test_lemonldap_with_an_audience_of_the_settings(with_lemonldap, kind):
    clients.check(with_lemonldap.use(kind, **with_lemonldap.client))


def test_lemonldap_answers_with_a_page_where_it_has_no_document(with_lemonldap):
    """Clients and the gateway must read 200 with HTML as "not here"."""
    issuer = with_lemonldap.peer.issuer
    assert issuer.endswith("/")
    page = http.call("GET", issuer + ".well-known/oauth-authorization-server")
    assert page.status == 200
    assert page.one("content-type").startswith("text/html")


def test_lemonldap_grants_more_than_was_asked_for(with_lemonldap):
    report = with_lemonldap.use(clients.SDK2, **with_lemonldap.client)
    claims = tokens.claims_of(report["token"])
    assert "mcp%3Aadmin" not in report["authorizations"][0], report
    assert "mcp:admin" in claims["scope"].split(), claims
    assert claims["aud"] == ["direct", with_lemonldap.url]
