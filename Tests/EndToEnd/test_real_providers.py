"""The `oidc` adapter before authorization servers that nobody here wrote, in the delivery modes in
which each can be served. What each server does otherwise than a client expects is asserted."""

import urllib.parse

import pytest
from peers import glewlwyd, llng
from peers.canaille import Canaille
from support import clients, tokens
from support.gateway import gateway
from support.oauth import Application, Person, query_of, refused
from support.processes import free_port

KINDS = [pytest.param(kind, id=kind.name) for kind in clients.ALL]
CALLBACK = "http://127.0.0.1:33418/callback"


class Visitor(Person):
    """A person who knows the peers' login pages."""

    def submit(self, page):
        if urllib.parse.urlsplit(page.url).path.endswith("/login.html"):
            return self.glewlwyd_login(page)
        return super().submit(page)


class Scene:
    """A gateway before one peer, a route for each mode."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.routes = []
        self.peer = None

    def resource(self, name):
        return f"{self.url}/{name}/mcp"

    def callback(self, name):
        """Where the peer redirects to."""
        return self.resource(name) + "/callback"

    def add(self, name, profile, delivery, scopes, **changes):
        target = {"name": "sdk", "mcp": {"host": f"http://127.0.0.1:{self.server_port}/mcp"}}
        policy = {
            "issuer": self.peer.issuer,
            "audiences": [self.resource(name)],
            "jwks": {"url": self.peer.jwks_url},
            "provider": {"oidc": profile},
            "delivery": delivery,
            "resourceMetadata": {"resource": self.resource(name), "scopesSupported": scopes},
            **changes,
        }
        made = {
            "name": name,
            "matches": [{"path": {"exact": f"/{name}/mcp"}}],
            "policies": {"mcpAuthentication": policy},
            "backends": [{"mcp": {"targets": [target]}}],
        }
        self.routes.append(made)

    def use(self, kind, name, **options):
        user = {"user": self.peer.user, "password": self.peer.password}
        return clients.use(kind, self.resource(name), **user, **options)

    def person(self):
        return Visitor(self.peer.user, self.peer.password)

    def application(self, name):
        return Application(self.resource(name), CALLBACK).registered()

    def answers(self, name):
        """The peer's answer to the gateway and the gateway's to the client, as their queries, and
        the tokens that followed."""
        person, application = self.person(), self.application(name)
        first = person.until_redirect(application.authorize_url(), self.callback(name))
        last = person.until_redirect(first, CALLBACK)
        found = query_of(last)
        assert found["state"] == application.state
        assert found["iss"] == application.issuer == self.resource(name)
        answer = application.redeem(found["code"])
        assert answer.status == 200, answer
        return query_of(first), found, answer.json()


def relay_is_its_own(upstream, downstream):
    """G74: nothing of the client's is the peer's to see, and nothing of the peer's the client's."""
    assert upstream["state"] != downstream["state"]
    assert upstream["code"] != downstream["code"]
    assert set(downstream) == {"code", "state", "iss"}, downstream


# Glewlwyd: registers clients, binds tokens to `resource`, sends no `iss`.


@pytest.fixture(scope="module")
def with_glewlwyd(tmp_path_factory, sdk_server):
    assert glewlwyd.is_installed(), "the package glewlwyd"
    folder = tmp_path_factory.mktemp("glewlwyd")
    scene = Scene(sdk_server)
    names = ("relay", "mediated")
    scene.peer = glewlwyd.Glewlwyd(folder, [scene.resource(name) for name in names])
    try:
        for name in names:
            scene.add(name, {"preset": "glewlwyd"}, name, ["mcp:tools"])
        with gateway(folder, scene.routes, port=scene.port):
            yield scene
    finally:
        scene.peer.stop()


@pytest.mark.parametrize("mode", ["relay", "mediated"])
@pytest.mark.parametrize("kind", KINDS)
def test_glewlwyd(with_glewlwyd, mode, kind):
    """fastmcp and the strict client register as public clients, which Glewlwyd alone refuses
    (test_peers.py)."""
    report = with_glewlwyd.use(kind, mode)
    clients.check(report)
    assert tokens.claims_of(report["token"])["aud"] == with_glewlwyd.resource(mode)


def test_glewlwyd_sends_no_iss_and_the_gateway_does(with_glewlwyd):
    upstream, downstream, _ = with_glewlwyd.answers("relay")
    assert "iss" not in upstream
    relay_is_its_own(upstream, downstream)


def test_glewlwyd_mediated_answers_without_iss(with_glewlwyd):
    """G52: what the document promises is what the answer has."""
    application = with_glewlwyd.application("mediated")
    assert "authorization_response_iss_parameter_supported" not in application.metadata
    back = application.approved(with_glewlwyd.person())
    assert "iss" not in query_of(back)


def test_glewlwyd_refreshes(with_glewlwyd):
    """It rotates refresh tokens: the gateway's goes with it."""
    application = with_glewlwyd.application("relay")
    first = application.tokens(with_glewlwyd.person())
    answer = application.refresh(first["refresh_token"])
    assert answer.status == 200, answer
    second = answer.json()
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert application.refresh(first["refresh_token"]).status in (400, 401)


# LemonLDAP::NG: knows its clients beforehand, ignores `resource`, sends no `iss`.


@pytest.fixture(scope="module")
def with_lemonldap(tmp_path_factory, sdk_server):
    assert llng.is_installed(), "the packages of LemonLDAP::NG"
    folder = tmp_path_factory.mktemp("llng")
    scene = Scene(sdk_server)
    rules = {"mcp:tools": "1", "mcp:admin": "$uid eq 'dwho'"}

    def client(name, **options):
        return llng.Client(name, [scene.callback(name)], scopes=rules, **options)

    known = [
        client("jwt", audience=scene.resource("jwt")),
        client("opaque", jwt=False),
        client("broker"),
    ]
    scene.peer = llng.LemonLDAP(folder, known)
    try:
        # Both places, although the first is a login page with status 200.
        places = ["oauth-authorization-server", "openid-configuration"]
        discovery = {"urls": [f"{{base}}/.well-known/{name}" for name in places]}
        jwt = {"preset": "lemonldap", "discovery": discovery, "audience": [{"claim": "aud"}]}
        preset = {"preset": "lemonldap"}
        modes = {"jwt": (jwt, "relay"), "opaque": (preset, "relay"), "broker": (preset, "broker")}
        for one in known:
            profile, delivery = modes[one.id]
            scopes = ["openid", "mcp:tools"] if delivery == "relay" else ["mcp:tools"]
            own = {"clientId": one.id, "clientSecret": one.secret}
            scene.add(one.id, profile, delivery, scopes, **own)
        with gateway(folder, scene.routes, port=scene.port):
            yield scene
    finally:
        scene.peer.stop()


@pytest.mark.parametrize("mode", ["jwt", "opaque", "broker"])
@pytest.mark.parametrize("kind", KINDS)
def test_lemonldap(with_lemonldap, mode, kind):
    """It registers nobody in a way that clients can use; the gateway does in its place."""
    report = with_lemonldap.use(kind, mode)
    clients.check(report)
    assert (report["token"].count(".") == 2) == (mode != "opaque")


def test_lemonldap_sends_no_iss_and_the_gateway_does(with_lemonldap):
    upstream, downstream, answer = with_lemonldap.answers("jwt")
    assert "iss" not in upstream
    assert upstream["session_state"]
    relay_is_its_own(upstream, downstream)
    claims = tokens.claims_of(answer["access_token"])
    assert claims["aud"] == ["jwt", with_lemonldap.resource("jwt")]


def test_lemonldap_refreshes_without_a_new_refresh_token(with_lemonldap):
    """It never rotates and returns none: the client's stays good, more than once."""
    application = with_lemonldap.application("jwt")
    first = application.tokens(with_lemonldap.person())
    for _ in range(2):
        answer = application.refresh(first["refresh_token"])
        assert answer.status == 200, answer
        assert answer.json()["access_token"] != first["access_token"]


def test_lemonldap_broker_token(with_lemonldap):
    """The gateway's own token: bound to the resource, with no more than was asked for, although
    LemonLDAP grants mcp:admin unasked."""
    application = with_lemonldap.application("broker")
    answer = application.tokens(with_lemonldap.person())
    claims = tokens.claims_of(answer["access_token"])
    assert claims["iss"] == application.issuer
    assert claims["aud"] == with_lemonldap.resource("broker")
    assert claims["sub"] == with_lemonldap.peer.user
    assert claims["scope"].split() == ["mcp:tools"], claims


def test_lemonldap_broker_rotates_what_lemonldap_does_not(with_lemonldap):
    """G83: the gateway's refresh tokens rotate, and one that was used before ends them all."""
    application = with_lemonldap.application("broker")
    first = application.tokens(with_lemonldap.person())["refresh_token"]
    made = [first]
    for _ in range(2):
        answer = application.refresh(made[-1])
        assert answer.status == 200, answer
        made.append(answer.json()["refresh_token"])
    assert len(set(made)) == 3
    # The one before the last may be a repetition of a lost answer; the first is a theft.
    for token in (first, made[-1]):
        refused(application.refresh(token), "invalid_grant", [400])


# canaille: sends `iss`, ignores `resource`, has no scope in its tokens.


@pytest.fixture(scope="module")
def with_canaille(tmp_path_factory, sdk_server):
    folder = tmp_path_factory.mktemp("canaille")
    scene = Scene(sdk_server)
    scene.peer = Canaille(folder)
    try:
        # Two tokens for one client and user within one second are the same text, which its own
        # store refuses: each test has a client of its own.
        whose = [*(kind.name for kind in clients.ALL), "by-hand"]
        for name in [f"{mode}-{who}" for mode in ("relay", "broker") for who in whose]:
            delivery = name.split("-")[0]
            client, secret = scene.peer.register(scene.callback(name))
            own = {"clientId": client, "clientSecret": secret}
            scopes = ["openid", "profile"] if delivery == "relay" else ["mcp:tools"]
            scene.add(name, {"preset": "canaille"}, delivery, scopes, **own)
        with gateway(folder, scene.routes, port=scene.port):
            yield scene
    finally:
        scene.peer.stop()


@pytest.mark.parametrize("mode", ["relay", "broker"])
@pytest.mark.parametrize("kind", KINDS)
def test_canaille(with_canaille, mode, kind):
    """Clients that register themselves, which canaille's audience would tell apart
    (test_peers.py)."""
    clients.check(with_canaille.use(kind, f"{mode}-{kind.name}"))


def test_canaille_sends_its_iss_to_the_gateway_and_the_client_gets_the_gateways(with_canaille):
    """Its token names its client as audience, and no scope."""
    upstream, downstream, answer = with_canaille.answers("relay-by-hand")
    assert upstream["iss"] == with_canaille.peer.issuer
    relay_is_its_own(upstream, downstream)
    claims = tokens.claims_of(answer["access_token"])
    assert "scope" not in claims
    assert with_canaille.resource("relay-by-hand") not in claims["aud"]


def test_canaille_broker_token(with_canaille):
    """What canaille's tokens lack the gateway's have."""
    application = with_canaille.application("broker-by-hand")
    claims = tokens.claims_of(application.tokens(with_canaille.person())["access_token"])
    assert claims["aud"] == with_canaille.resource("broker-by-hand")
    assert claims["scope"].split() == ["mcp:tools"]
