"""What an attacker tries at the consent page and at the token endpoint of relay and broker delivery
(issue: the negative cases; the numbers are those of the hazards, G those of the requirements)."""

import html
import re
import urllib.parse

import pytest
from providers.server import Answer, as_html, redirect
from support.http import call, challenge
from support.oauth import (
    CALLBACK,
    FORM,
    Application,
    Forms,
    Person,
    query_of,
    refused,
    s256,
    switched,
)
from support.site import at_provider, no_redirect


@pytest.fixture(params=["shared", "broker"])
def name(request):
    return request.param


@pytest.fixture
def application(site, name):
    return Application(site.resource(name)).registered()


def consent_page(site, name, application, person):
    """The gateway's page that asks; the provider was not reached."""
    page = person.open(application.authorize_url())
    while page.location and not at_provider(site, name, page):
        page = person.open(page.location)
    assert page.location is None and page.status == 200, (page.status, page.location)
    assert page.url.startswith(site.url), page.url
    return page


# Consent (6.1, 6.2, 6.17, G67, G76).


def test_consent_to_one_client_is_none_to_another(site, name):
    person = Person()
    good = Application(site.resource(name), name="Good").registered()
    assert good.code(person)
    evil = Application(site.resource(name), "https://evil.test/cb", name="Good").registered()
    consent_page(site, name, evil, person)


def test_consent_to_one_redirect_is_none_to_another(site, name):
    person = Person()
    two = {"redirect_uris": [CALLBACK, "https://app.test/cb"]}
    application = Application(site.resource(name), **two).registered()
    assert application.code(person)
    application.redirect_uri = "https://app.test/cb"
    consent_page(site, name, application, person)


def test_consent_is_remembered_for_the_same(site, name, application):
    person = Person()
    assert application.code(person)
    application.state = "again"
    assert at_provider(site, name, person.open(application.authorize_url()))


def test_the_page_says_who_asks_and_is_escaped(site, name):
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    application = Application(
        site.resource(name),
        "https://app.test/cb",
        name=attack,
        logo_uri="https://evil.test/logo.png",
        client_uri="https://evil.test/",
    ).registered()
    page = consent_page(site, name, application, Person())
    assert attack not in page.body and html.escape(attack, quote=False)[:11] in page.body
    assert "app.test" in page.body, "the host of the redirect"
    assert "<script" not in page.body and "evil.test/logo" not in page.body
    assert not re.search(r"\son\w+=", re.sub(r"&\w+;[^<]*", "", page.body)), page.body


def test_the_page_cannot_be_framed_or_read(site, name, application):
    """Clickjacking, G105"""
    page = consent_page(site, name, application, Person())
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy, policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Access-Control-Allow-Origin"] is None
    assert page.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    cookies = page.headers.get_all("Set-Cookie")
    assert len(cookies) == 1, cookies
    words = {word.strip().lower() for word in cookies[0].split(";")[1:]}
    assert {"httponly", "samesite=lax"} <= words, cookies
    # http on loopback: no __Host- and no Secure, which a browser would not keep.
    assert not cookies[0].startswith("__Host-") and "secure" not in words, cookies


def form_of(page):
    parser = Forms()
    parser.feed(page.body)
    assert len(parser.forms) == 1, page.body
    form = parser.forms[0]
    assert form["method"] == "post"
    return urllib.parse.urljoin(page.url, form["action"] or page.url), form["controls"]


def test_csrf_on_consent(site, name, application):
    """Neither without the cookie, nor with another's, nor by GET, nor with a changed token."""
    victim = Person()
    action, controls = form_of(consent_page(site, name, application, victim))
    fields = victim.fill(controls)
    attacker = Person()
    consent_page(site, name, application, attacker)
    body = urllib.parse.urlencode(fields).encode()
    no_redirect(call("POST", action, FORM, body))
    no_redirect(attacker.open(action, body, headers=FORM))
    for site_of in ("cross-site", "same-site"):
        no_redirect(victim.open(action, body, headers={**FORM, "Sec-Fetch-Site": site_of}))
    no_redirect(victim.open(f"{action.split('?')[0]}?{body.decode()}"))
    hidden = max(fields, key=lambda key: len(fields[key]))
    for value in (None, "", "x", fields[hidden][:-2]):
        spoiled = {key: text for key, text in fields.items() if key != hidden}
        if value is not None:
            spoiled[hidden] = value
        no_redirect(victim.open(action, urllib.parse.urlencode(spoiled).encode(), headers=FORM))
    # What was spoiled cost the victim nothing.
    assert at_provider(site, name, victim.open(action, body, headers=FORM))


def test_a_denial_goes_back_to_the_client(site, name, application):
    person = Person()
    action, controls = form_of(consent_page(site, name, application, person))
    submits = [control for control in controls if control[2] == "submit"]
    fields = {key: value for key, value, kind, _ in controls if kind != "submit"}
    denial = next(c for c in submits if re.search("deny|cancel|refuse", " ".join(c[:2]), re.I))
    fields[denial[0]] = denial[1]
    page = person.open(action, urllib.parse.urlencode(fields).encode(), headers=FORM)
    found = query_of(page.location)
    assert page.location.startswith(CALLBACK) and found["error"] == "access_denied", found
    assert found["iss"] == application.issuer and found["state"] == application.state


def test_a_page_that_is_opened_twice(site, name, application):
    """G77, 6.16: fastmcp and link previews open /authorize before the browser does."""
    for _ in range(2):
        assert call("GET", application.authorize_url()).status in (200, 302, 303, 307)
    assert application.code()


# The token endpoint (6.3, G82, G84, G89).


@pytest.mark.parametrize("grant", ["client_credentials", "password", "implicit", ""])
def test_other_grants_reach_nobody(site, name, application, grant):
    fake = site.fakes[name]
    fake.forget()
    form = {"grant_type": grant, "client_id": application.client_id, "scope": "x"}
    refused(application.post(form), ("unsupported_grant_type", "invalid_request"))
    assert fake.seen("token") == []


def test_the_secret_is_for_the_gateway_s_client_alone(site, name, application):
    """Another id, or the provider's own id with a code of nobody: nothing with a secret leaves."""
    fake = site.fakes[name]
    fake.forget()
    for client in ("other", "the-gateway", "Iv1.8a61f9b3a7aba766"):
        refused(application.redeem("code", client_id=client))
        refused(application.refresh("refresh", client_id=client))
    assert fake.secrets_seen() == []


def test_a_challenge_for_the_wrong_method(application):
    """G89: no redirect, and no other method."""
    for endpoint in ("token_endpoint", "registration_endpoint"):
        answer = call("GET", application.metadata[endpoint])
        assert answer.status == 405 and "POST" in answer.one("allow"), answer


def test_the_broker_keeps_its_challenge(site):
    """The gateway's own verifier reaches the provider, never the client's challenge."""
    application = Application(site.resource("broker")).registered()
    fake = site.fakes["broker"]
    fake.forget()
    application.tokens()
    asked = fake.seen("authorize")[0].query
    assert asked["code_challenge"] != s256(application.verifier)
    assert asked["state"] != application.state
    assert fake.seen("token")[0].form["code_verifier"] != application.verifier


def test_wrong_provider_answers_are_errors_of_oauth(site, application, name):
    """An HTML page, a redirect, an endless body at the provider's token endpoint."""
    for failure in (
        as_html("<h1>oops</h1>", 500),
        as_html("<h1>ok</h1>", 200),
        redirect("https://evil.test/"),
        Answer(200, b"x" * (2 << 20), {"Content-Type": "application/json"}),
        Answer(200, b'{"access_token": 1}', {"Content-Type": "application/json"}),
    ):
        code = application.code()
        with switched(site.fakes[name], token_failure=failure):
            answer = application.redeem(code)
            assert answer.status in (400, 401, 502, 503), answer
            assert "error" in answer.json() and b"<h1" not in answer.body, answer


def test_the_challenge_of_each_route_names_its_own(site, name):
    answer = call("GET", site.resource(name))
    where = challenge(answer)["resource_metadata"]
    assert call("GET", where).json()["resource"] == site.resource(name)
