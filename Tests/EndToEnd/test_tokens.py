"""Which tokens pass, and what the answer to another says (G05, G06, G90 to G95)."""

import time

import pytest
from support.gateway import authentication, bearer, gateway, route
from support.http import call, challenge
from support.processes import wait_until
from support.tokens import Issuer
from support.upstream import Upstream

AUDIENCE = "http://gw.test/mcp"


@pytest.fixture(scope="module")
def issuer():
    return Issuer("http://as.test", AUDIENCE)


@pytest.fixture(scope="module")
def origin():
    server = Upstream()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def protected(tmp_path_factory, issuer, origin):
    folder = tmp_path_factory.mktemp("tokens")
    policy = authentication(issuer, folder, AUDIENCE)
    routes = [
        route("/", origin.port, mcpAuthentication=policy),
        route("/optional", origin.port, mcpAuthentication={**policy, "mode": "optional"}),
        route("/permissive", origin.port, mcpAuthentication={**policy, "mode": "permissive"}),
    ]
    with gateway(folder, routes) as running:
        yield running


def fields_seen(answer):
    return {name.lower(): value for name, value in answer.json()["fields"]}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_valid_token_passes_and_is_removed(protected, issuer, scheme):
    """G20, G107"""
    fields = {"Authorization": f"{scheme} {issuer.token()}"}
    answer = call("GET", protected.url + "/echo", fields)
    assert answer.status == 200, answer
    assert "authorization" not in fields_seen(answer)


@pytest.mark.parametrize("path", ["/echo", "/optional/echo", "/permissive/echo"])
def test_no_mode_lets_the_token_through(protected, issuer, path):
    for token in (issuer.token(), issuer.faults()["expired"]):
        answer = call("GET", protected.url + path, bearer(token))
        if answer.status == 200:
            assert "authorization" not in fields_seen(answer)


@pytest.mark.parametrize("name", sorted(Issuer("x", "y").faults()))
def test_a_faulty_token_is_refused(protected, issuer, name):
    """G05, G13: the log says what is wrong, the client is not told."""
    answer = call("GET", protected.url + "/echo", bearer(issuer.faults()[name]))
    assert answer.status == 401, (name, answer)
    parameters = challenge(answer)
    assert parameters["error"] == "invalid_token"
    assert parameters["resource_metadata"]
    assert "signature" not in str(answer) and "audience" not in str(answer)


def test_modes(protected, issuer):
    bad = bearer(issuer.faults()["expired"])
    assert call("GET", protected.url + "/optional/echo").status == 200
    assert call("GET", protected.url + "/permissive/echo").status == 200
    assert call("GET", protected.url + "/optional/echo", bad).status == 401
    assert call("GET", protected.url + "/permissive/echo", bad).status == 200


def test_one_malformed_value_is_invalid_request(protected):
    """G06"""
    for value in ("Bearer", "Bearer a b", "Bearer a,b", 'Bearer "x"'):
        answer = call("GET", protected.url + "/echo", {"Authorization": value})
        assert answer.status == 401, (value, answer)
        assert challenge(answer)["error"] == "invalid_request", value


def test_several_authorization_lines(protected, issuer):
    good = ("Authorization", f"Bearer {issuer.token()}")
    assert call("GET", protected.url + "/echo", [good, good]).status == 400


def test_other_places_are_not_read(protected, issuer):
    """G18, G19: neither the query nor a form."""
    token = issuer.token()
    assert call("GET", f"{protected.url}/echo?access_token={token}").status == 401
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"access_token={token}".encode()
    assert call("POST", protected.url + "/echo", form, body).status == 401


def test_paths_with_a_second_spelling_are_refused(protected):
    """DESIGN §5.3: before any policy, so that no spelling walks past one."""
    for path in ("/%6dcp", "/x/../mcp", "//mcp", "/mcp%2fx", "/./mcp", "/mcp%00"):
        assert call("GET", protected.url + path).status == 400, path


def test_an_inner_challenge_is_not_passed_on(protected, issuer):
    """G15"""
    answer = call("GET", protected.url + "/status/401", bearer(issuer.token()))
    assert answer.status == 502
    assert answer.all("www-authenticate") == []


def test_required_claims_may_be_none(tmp_path, issuer, origin):
    """`requiredClaims: []` admits a token without `exp`, and warns."""
    options = {"jwtValidationOptions": {"requiredClaims": []}}
    policy = authentication(issuer, tmp_path, AUDIENCE, **options)
    with gateway(tmp_path, [route("/", origin.port, mcpAuthentication=policy)]) as running:
        assert call("GET", running.url + "/echo", bearer(issuer.token(exp=None))).status == 200
        faults = issuer.faults()
        for name in ("expired", "without issuer", "without audience"):
            assert call("GET", running.url + "/echo", bearer(faults[name])).status == 401, name
        running.wait_for_line("exp")


def test_a_stream_ends_with_its_token(tmp_path, issuer, origin):
    """G112: a GET stream ends cleanly at `exp` plus leeway; the log says why, and of no fault."""
    policy = authentication(issuer, tmp_path, AUDIENCE, leeway="0s")
    routes = [route("/", origin.port, mcpAuthentication=policy)]
    with gateway(tmp_path, routes, arguments=("--log-level", "info")) as running:
        expires = int(time.time()) + 3
        answer = call("GET", running.url + "/events", bearer(issuer.token(exp=expires)))
        assert answer.status == 200 and answer.body == b"data: hello\n\n", answer
        assert time.time() >= expires
        wait_until(lambda: "token expired" in running.error_text, what="the reason in the log")
        assert "fault" not in running.error_text and "gave" not in running.error_text


def test_logs_hold_no_token(protected, issuer):
    """G118"""
    token = issuer.token(sub="only-here")
    call("GET", protected.url + "/echo", bearer(token))
    text = "".join(protected.lines) + protected.error_text
    assert token not in text and token.split(".")[1] not in text
