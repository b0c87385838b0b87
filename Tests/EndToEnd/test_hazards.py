"""What an attacker tries at the OAuth endpoints of relay and broker delivery (issue: the negative
cases; the numbers are those of the hazards, G those of the requirements)."""

import json
import urllib.parse

import pytest
from support.http import call
from support.oauth import CALLBACK, Application, Person, query_of, refused, switched
from support.site import at_provider, no_redirect

EVIL = "https://evil.test/callback"


@pytest.fixture(params=["shared", "broker"])
def name(request):
    return request.param


@pytest.fixture
def application(site, name):
    return Application(site.resource(name)).registered()


def callback_of(site, name, application, person):
    """The redirect of the provider to the gateway, not followed."""
    return person.until_redirect(application.authorize_url(), site.callback(name))


# Who the gateway is (6.7, G37).

FORGED = {
    "Host": "evil.test",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "666",
    "Forwarded": "host=evil.test;proto=https",
    "X-Original-Host": "evil.test",
}


def test_forged_hosts_reach_no_document(site, name):
    for host in ({}, {"Host": "evil.test"}):
        fields = {**FORGED, "Host": f"127.0.0.1:{site.port}", **host}
        for path in (
            f"/.well-known/oauth-protected-resource/{name}/mcp",
            f"/.well-known/oauth-authorization-server/{name}/mcp",
            f"/.well-known/openid-configuration/{name}/mcp",
            f"/{name}/mcp/.well-known/openid-configuration",
            f"/{name}/mcp",
        ):
            answer = call("GET", site.url + path, fields)
            assert b"evil" not in answer.body and b"666" not in answer.body, (path, answer)
            assert "evil" not in json.dumps(answer.fields), (path, answer)


def test_forged_hosts_reach_no_redirect(site, name, application):
    """`redirect_uri` and the cookie towards the provider are the configured ones."""
    answer = call("GET", application.authorize_url(), FORGED)
    assert "evil" not in json.dumps(answer.fields) and b"evil" not in answer.body, answer
    person = Person()
    target = person.until(application.authorize_url(), lambda p: at_provider(site, name, p))
    assert query_of(target.location)["redirect_uri"] == site.callback(name)


# Mix-up (6.5, RFC 9207): only `shared`, GitHub sends no iss.


@pytest.mark.parametrize("wrong", ["https://evil.test", "", "HTTP://127.0.0.1", None])
def test_a_foreign_iss_ends_at_the_callback(site, wrong):
    application, person = Application(site.resource("shared")).registered(), Person()
    fake = site.fakes["shared"]
    fake.forget()
    # None: promised by the metadata of the provider, and missing.
    with switched(fake, wrong_iss=wrong, emits_iss=False, advertises_iss=True):
        back = callback_of(site, "shared", application, person)
        assert ("iss" in query_of(back)) == (wrong is not None)
        no_redirect(person.open(back))
    assert fake.seen("token") == []


def test_an_iss_that_came_twice_is_refused(site):
    application, person = Application(site.resource("shared")).registered(), Person()
    back = callback_of(site, "shared", application, person)
    no_redirect(person.open(back + "&iss=" + urllib.parse.quote("https://evil.test")))


def test_the_client_gets_the_gateway_s_iss(application, site, name):
    """G75, G74: exactly one, on success and on error; `state` byte for byte."""
    state = "a b+c%2F/ü~\"'<&"
    back = application.approved(state=state)
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query)
    assert [v for n, v in pairs if n == "iss"] == [application.issuer]
    assert [v for n, v in pairs if n == "state"] == [state]
    with switched(site.fakes[name], authorize_failure=("access_denied", "no")):
        pairs = urllib.parse.parse_qsl(
            urllib.parse.urlsplit(application.approved(state=state)).query
        )
    assert [v for n, v in pairs if n == "iss"] == [application.issuer]
    assert ("error", "access_denied") in pairs and ("state", state) in pairs


# Stolen codes (G72).


def test_a_code_of_another_client(site, name, application):
    other = Application(site.resource(name), name="other").registered()
    other.verifier = application.verifier
    code = application.code()
    refused(other.redeem(code), "invalid_grant")


def test_a_code_with_another_redirect_uri(application):
    code = application.code()
    refused(application.redeem(code, redirect_uri=EVIL), "invalid_grant")


@pytest.mark.parametrize("verifier", ["x" * 43, "", None, "short"])
def test_a_code_with_another_verifier(application, verifier):
    code = application.code()
    refused(application.redeem(code, code_verifier=verifier), ("invalid_grant", "invalid_request"))


def test_a_code_of_another_route(site, name):
    application = Application(site.resource(name)).registered()
    other = "second" if name == "shared" else "broker2"
    elsewhere = Application(site.resource(other)).registered()
    elsewhere.verifier = application.verifier
    code = application.code()
    refused(elsewhere.redeem(code), "invalid_grant")
    refused(elsewhere.redeem(code, client_id=application.client_id))


def test_a_code_is_used_once(application):
    code = application.code()
    assert application.redeem(code).status == 200
    refused(application.redeem(code), "invalid_grant")


def test_codes_of_nobody(application):
    code = application.code()
    middle = len(code) // 2
    other = "A" if code[middle] != "A" else "B"
    for one in ("", "x", code[:-1], code[:middle] + other + code[middle + 1 :], "a" * 10000):
        refused(application.redeem(one), ("invalid_grant", "invalid_request"))


# Replay and foreign browsers (G74).


def test_a_callback_is_used_once(site, name, application):
    person = Person()
    back = callback_of(site, name, application, person)
    assert person.open(back).location.startswith(CALLBACK)
    no_redirect(person.open(back))


def test_a_callback_in_another_browser(site, name, application):
    """Login CSRF: the victim's browser has no cookie of this transaction."""
    back = callback_of(site, name, application, Person())
    no_redirect(Person().open(back))
    visitor = Person()
    callback_of(site, name, Application(site.resource(name)).registered(), visitor)
    no_redirect(visitor.open(back))


def test_callbacks_of_nobody(site, name):
    person = Person()
    for query in ("", "?code=x", "?code=x&state=y", "?error=access_denied&state=y", "?state=" * 3):
        no_redirect(person.open(site.callback(name) + query))


def test_a_callback_of_another_route(site, name, application):
    person = Person()
    back = callback_of(site, name, application, person)
    other = "second" if name == "shared" else "broker2"
    moved = site.callback(other) + "?" + urllib.parse.urlsplit(back).query
    no_redirect(person.open(moved))


# Open redirects (6.4, G64, G73).


@pytest.mark.parametrize(
    "uri",
    [
        EVIL,
        CALLBACK + "/more",
        CALLBACK + "?x=1",
        CALLBACK.upper(),
        CALLBACK.replace("/callback", "/../callback"),
        CALLBACK.replace("127.0.0.1", "localhost"),
        CALLBACK.replace("http:", "https:"),
        CALLBACK.replace("127.0.0.1", "127.0.0.1.evil.test"),
        CALLBACK.replace("127.0.0.1:33418", "127.0.0.1@evil.test"),
        "//evil.test/callback",
        "javascript:alert(1)",
        "",
    ],
)
@pytest.mark.parametrize("spoiled", [{}, {"response_type": "token"}, {"code_challenge": None}])
def test_no_redirect_to_what_was_not_registered(application, uri, spoiled):
    no_redirect(call("GET", application.authorize_url(redirect_uri=uri, **spoiled)))


def test_no_redirect_for_an_unknown_client(application):
    for client in ("unknown", "", None, application.client_id + "x", "https://evil.test/c.json#f"):
        no_redirect(call("GET", application.authorize_url(client_id=client)))


def test_parameters_that_come_twice(application):
    """RFC 6749 §3.1: they could be read differently by two."""
    for spoiled in (
        {"redirect_uri": [CALLBACK, EVIL]},
        {"client_id": [application.client_id, "other"]},
    ):
        no_redirect(call("GET", application.authorize_url(**spoiled)))


def test_the_loopback_port_may_differ_and_nothing_else(application, site, name):
    """RFC 8252 §7.3"""
    uri = CALLBACK.replace("33418", "50123")
    person = Person()
    target = person.until(
        application.authorize_url(redirect_uri=uri), lambda p: at_provider(site, name, p)
    )
    assert query_of(target.location)["redirect_uri"] == site.callback(name)


def error_of(application, **changes):
    answer = call("GET", application.authorize_url(**changes))
    assert answer.status in (302, 303), answer
    target = answer.one("location")
    assert target.startswith(CALLBACK), target
    found = query_of(target)
    assert found["iss"] == application.issuer and found["state"] == application.state, found
    return found["error"]


def test_other_errors_are_redirected(application):
    """G72, G73, G75, G78"""
    plain = {"code_challenge": "x" * 43, "code_challenge_method": "plain"}
    assert error_of(application, **plain) == "invalid_request"
    assert error_of(application, code_challenge=None) == "invalid_request"
    assert error_of(application, code_challenge_method=None) == "invalid_request"
    assert error_of(application, response_type="token") == "unsupported_response_type"
    assert error_of(application, resource="https://elsewhere.test/mcp") == "invalid_target"
