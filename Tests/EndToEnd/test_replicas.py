"""Gateways that share one secret finish what another began, and a restart ends nothing that the
secret still opens (ADR 0007; G122)."""

import contextlib
import secrets

import pytest
from matrix import rows
from matrix.scene import route
from providers.github import GitHub
from providers.keycloak import Keycloak
from support import clients
from support.front import Front
from support.gateway import bearer, gateway
from support.http import call
from support.oauth import Application, Person, query_of, refused
from support.processes import free_port

KEYS = {"secrets": [secrets.token_urlsafe(48)]}
A, B = 0, 1


def relay(callback, resource):
    fake = Keycloak()
    return fake, rows.keycloak("relay")(fake, resource)


def broker(callback, resource):
    fake = GitHub(redirect_uris=(callback,))
    return fake, rows.github_policy("broker")(fake, resource)


class Pair:
    """Two gateways on one configuration behind a front that `rule` steers: part of a path to the
    index of a gateway."""

    def __init__(self, folder, make, server_port, keys=KEYS):
        self.rule, self.turn = {}, 0
        ports = [free_port(), free_port()]
        with contextlib.ExitStack() as stack:
            self.front = stack.enter_context(Front(ports, self.choose))
            self.resource = self.front.url + "/mcp"
            self.fake, policy = make(self.resource + "/callback", self.resource)
            stack.callback(self.fake.stop)
            row = rows.Row("", "", None, None, "mcp")
            served = route(row, {**policy, "keys": keys}, server_port)
            served["matches"] = [{"path": {"exact": "/mcp"}}]
            served["publicUrl"] = self.front.url
            self.gateways = []
            for name, port in zip("ab", ports, strict=True):
                (folder / name).mkdir()
                started = gateway(folder / name, [served], port=port)
                self.gateways.append(stack.enter_context(started))
            self.stack = stack.pop_all()

    def choose(self, _method, path):
        for part, index in self.rule.items():
            if path.endswith(part):
                return index
        self.turn = 1 - self.turn
        return self.turn

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()


@pytest.fixture(scope="module", params=[relay, broker], ids=["relay", "broker"])
def pair(request, tmp_path_factory, sdk_server):
    folder = tmp_path_factory.mktemp("pair")
    with Pair(folder, request.param, sdk_server) as running:
        yield running


def post(pair, token):
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    fields = {
        **bearer(token),
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    return call("POST", pair.resource, fields, body)


def test_one_begins_and_the_other_ends(pair):
    """Registration and token at A, the rest at B: nothing of it is in A's memory there."""
    pair.rule = {"/register": A, "/authorize": B, "/consent": A, "/callback": B, "/token": A}
    application = Application(pair.resource).registered()
    code = application.code()
    answer = application.redeem(code)
    assert answer.status == 200, answer
    assert "iss" in query_of(Application.approved(application)), "G75"
    for turn in (A, B):
        pair.rule = {"/mcp": turn}
        assert post(pair, answer.json()["access_token"]).status != 401


def test_a_refresh_moves_to_the_other(pair):
    pair.rule = {"/token": A}
    application = Application(pair.resource).registered()
    tokens = application.tokens()
    if "refresh_token" not in tokens:
        pytest.fail(f"no refresh token: {sorted(tokens)}")
    pair.rule = {"/token": B}
    again = application.refresh(tokens["refresh_token"])
    assert again.status == 200, again
    assert post(pair, again.json()["access_token"]).status != 401


def test_consent_is_of_the_browser_and_not_of_the_process(pair):
    """Who consented at A is not asked at B (where consent is asked for at all)."""
    pair.rule = {"/authorize": A, "/consent": A}
    application, person = Application(pair.resource).registered(), Person()
    application.code(person)
    pair.rule = {"/authorize": B, "/consent": B}
    page = person.open(application.authorize_url(state="again"))
    assert page.location and page.location.startswith(pair.fake.url), (page.status, page.body)


def test_a_real_client_without_affinity(pair):
    """Each request at the other one."""
    pair.rule = {}
    clients.check(clients.use(clients.SDK1, pair.resource))
    assert {index for _, _, index in pair.front.seen} == {A, B}


# Restart (G122).


@contextlib.contextmanager
def restartable(folder, server_port):
    """A relay whose gateway is started several times: `start(keys)` is a context."""
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    fake, policy = relay(resource + "/callback", resource)
    row = rows.Row("", "", None, None, "mcp")

    def start(keys):
        served = route(row, {**policy, "keys": keys}, server_port)
        served["matches"] = [{"path": {"exact": "/mcp"}}]
        return gateway(folder, [served], port=port)

    with fake:
        yield resource, start


def test_a_registration_survives_a_restart(tmp_path, sdk_server):
    with restartable(tmp_path, sdk_server) as (resource, start):
        with start(KEYS):
            application = Application(resource).registered()
            half = Person().until_redirect(application.authorize_url(), resource + "/callback")
        with start(KEYS):
            assert application.code()
            # What was under way when it ended goes on too, but for the browser, who is another.
            assert call("GET", half).status == 400


def test_a_former_secret_still_opens(tmp_path, sdk_server):
    """Rotation: the first seals, all open."""
    with restartable(tmp_path, sdk_server) as (resource, start):
        with start(KEYS):
            application = Application(resource).registered()
            tokens = application.tokens()
        with start({"secrets": [secrets.token_urlsafe(48), *KEYS["secrets"]]}):
            assert application.code()
            assert application.refresh(tokens["refresh_token"]).status == 200


def test_another_secret_ends_the_registration(tmp_path, sdk_server):
    """G66: invalid_client at /token, 400 JSON at /authorize, so that clients register anew."""
    with restartable(tmp_path, sdk_server) as (resource, start):
        with start(KEYS):
            application = Application(resource).registered()
            tokens, code = application.tokens(), application.code()
        with start({"secrets": [secrets.token_urlsafe(48)]}):
            refused(application.redeem(code), "invalid_client", (401,))
            refused(application.refresh(tokens["refresh_token"]), "invalid_client", (401,))
            answer = call("GET", application.authorize_url(), {"Accept": "*/*"})
            assert answer.status == 400 and answer.all("location") == [], answer


def test_fastmcp_registers_anew(tmp_path, sdk_server):
    """It keeps its registration; the second gateway does not know it, and it recovers."""
    store = tmp_path / "store"
    store.mkdir()
    with restartable(tmp_path, sdk_server) as (resource, start):
        registered = []
        for keys in (KEYS, KEYS, {"secrets": [secrets.token_urlsafe(48)]}):
            with start(keys):
                report = clients.use(clients.FASTMCP, resource, store=store)
                clients.check(report)
                registered.append(report["client"])
        assert registered[0] == registered[1] != registered[2]
