"""Tokens where they do not belong, used again, taken back, or not to be checked; what a client says
of itself; what the log says (issue: the negative cases)."""

import base64
import json

import pytest
from providers.server import Answer, as_json
from support.gateway import bearer
from support.http import call, challenge
from support.oauth import FORM, Application, Person, query_of, refused, switched
from support.processes import wait_until
from support.site import SECRET

IDENTITY = ("subject", "client", "scopes", "groups", "roles", "tenant")


@pytest.fixture(scope="module")
def broker(site):
    """A client of the broker and its tokens."""
    application = Application(site.resource("broker")).registered()
    return application, application.tokens()


def status(site, name, token):
    return call("GET", site.resource(name), bearer(token)).status


def upstream_fields(answer):
    return {name.lower(): value for name, value in answer.json()["fields"]}


# Where a token counts.


def test_a_token_of_one_route_on_another(site, broker):
    """6.9, G92: an audience is one route."""
    _, tokens = broker
    assert status(site, "broker", tokens["access_token"]) == 200
    for other in ("broker2", "shared", "second", "opaque"):
        assert status(site, other, tokens["access_token"]) == 401, other


def test_a_provider_s_token_of_one_route_on_another(site):
    token = Application(site.resource("shared")).registered().tokens()["access_token"]
    assert status(site, "shared", token) == 200
    for other in ("second", "broker", "opaque"):
        assert status(site, other, token) == 401, other


def test_the_provider_s_own_token_is_none_of_the_broker(site, broker):
    """Clients never hold it, and it opens nothing."""
    issued = set(site.fakes["broker"].access_tokens)
    assert issued and not any(token in json.dumps(broker[1]) for token in issued)
    for token in issued:
        assert status(site, "broker", token) == 401


def test_other_sealed_values_are_no_tokens(site, broker):
    """A refresh token, a client id, a code: each has one purpose."""
    application, tokens = broker
    for value in (tokens["refresh_token"], application.client_id, application.code()):
        assert status(site, "broker", value) == 401
    for value in (application.client_id, application.code(), tokens["access_token"]):
        refused(application.refresh(value), "invalid_grant")


def test_the_broker_s_token_says_what_it_must(site, broker):
    """RFC 9068 §2, G85; the key set has no private member."""
    application, tokens = broker
    head, body = (
        json.loads(base64.urlsafe_b64decode(part + "=="))
        for part in tokens["access_token"].split(".")[:2]
    )
    assert head["typ"] == "at+jwt" and head["alg"] in ("ES256", "EdDSA") and head["kid"]
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(body)
    assert body["iss"] == application.issuer and body["exp"] - body["iat"] <= 600
    assert body["aud"] in (site.resource("broker"), [site.resource("broker")])
    keys = call("GET", application.metadata["jwks_uri"]).json()["keys"]
    assert head["kid"] in [key["kid"] for key in keys]
    assert not {"d", "p", "q", "k"} & {member for key in keys for member in key}


# Used again, taken back.


def test_refresh_rotates_and_reuse_ends_the_family(site):
    """G83"""
    application = Application(site.resource("broker")).registered()
    first = application.tokens()
    second = application.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    third = application.refresh(second["refresh_token"]).json()
    refused(application.refresh(first["refresh_token"]), "invalid_grant")
    refused(application.refresh(third["refresh_token"]), "invalid_grant")


def test_a_refresh_token_of_another_client(site, broker):
    other = Application(site.resource("broker"), name="other").registered()
    refused(other.refresh(broker[1]["refresh_token"]), "invalid_grant")
    elsewhere = Application(site.resource("broker2")).registered()
    refused(elsewhere.refresh(broker[1]["refresh_token"]), "invalid_grant")


def test_a_refresh_cannot_widen(site):
    """G83: scope may narrow only; the resource stays."""
    application = Application(site.resource("broker")).registered()
    tokens = application.tokens()
    wide = application.refresh(tokens["refresh_token"], scope="mcp:use admin")
    refused(wide, "invalid_scope")
    other = application.refresh(tokens["refresh_token"], resource=site.resource("broker2"))
    refused(other, "invalid_target")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoked_token_is_none(site, kind):
    """RFC 7009, G87"""
    application = Application(site.resource("broker")).registered()
    tokens = application.tokens()
    assert status(site, "broker", tokens["access_token"]) == 200
    endpoint = application.metadata["revocation_endpoint"]
    form = f"token={tokens[kind]}&client_id={application.client_id}".encode()
    assert call("POST", endpoint, FORM, form).status == 200
    if kind == "access_token":
        assert status(site, "broker", tokens["access_token"]) == 401
    else:
        refused(application.refresh(tokens["refresh_token"]), "invalid_grant")


def test_revoking_what_is_not_ours(site, broker):
    """RFC 7009 §2.2: 200 for the unknown; another's token stays good."""
    application, tokens = broker
    other = Application(site.resource("broker"), name="other").registered()
    for token in ("unknown", tokens["access_token"]):
        form = f"token={token}&client_id={other.client_id}".encode()
        answer = call("POST", application.metadata["revocation_endpoint"], FORM, form)
        assert answer.status in (200, 400), answer
    assert status(site, "broker", tokens["access_token"]) == 200


def test_what_the_provider_took_back_cannot_be_refreshed(site):
    """G86"""
    application = Application(site.resource("broker")).registered()
    fake = site.fakes["broker"]
    known = set(fake.access_tokens)
    tokens = application.tokens()
    (new,) = set(fake.access_tokens) - known
    fake.revoked.add(fake.access_tokens[new].family)
    refused(application.refresh(tokens["refresh_token"]), "invalid_grant")


# Introspection (G97).


@pytest.fixture
def opaque(site):
    return Application(site.resource("opaque")).registered().tokens()["access_token"]


def test_an_opaque_token_is_asked_about(site, opaque):
    fake = site.fakes["opaque"]
    fake.forget()
    assert [status(site, "opaque", opaque) for _ in range(3)] == [200] * 3
    asked = fake.seen("introspect")
    assert len(asked) == 1 and asked[0].basic == fake.introspection_client, asked
    assert status(site, "opaque", "opaque_unknown") == 401


@pytest.mark.parametrize(
    "failure",
    [
        Answer(500),
        Answer(429, b"", {"Retry-After": "1"}),
        Answer(401),
        Answer(200, b"<html>"),
        as_json({"active": "true"}),
    ],
    ids=["500", "429", "401", "html", "no boolean"],
)
def test_introspection_that_fails_is_503(site, opaque, failure):
    """And never 401: clients would throw their tokens away."""
    with switched(site.fakes["opaque"], introspection_failure=failure):
        answer = call("GET", site.resource("opaque"), bearer(opaque))
    assert answer.status == 503 and answer.one("retry-after"), answer
    assert answer.all("www-authenticate") == []
    # An endpoint that said 429 is left alone for the second that it asked for.
    wait_until(lambda: status(site, "opaque", opaque) == 200, what="the endpoint's return")


def test_introspection_for_another_audience(site, opaque):
    with switched(site.fakes["opaque"], audience="https://elsewhere.test/mcp"):
        assert status(site, "opaque", opaque) == 401


# What a client says of itself (G108).


@pytest.mark.parametrize("name", ["broker", "shared", "opaque"])
def test_identity_fields_of_a_client_never_arrive(site, name):
    """Also where the option is off, in any spelling, twice."""
    token = Application(site.resource(name)).registered().tokens()["access_token"]
    forged = [(f"X-Gatehouse-{word.title()}", "admin") for word in IDENTITY]
    forged += [(f"x-gatehouse-{word}", "root") for word in IDENTITY]
    fields = [*bearer(token).items(), *forged]
    answer = call("GET", site.resource(name), fields)
    assert answer.status == 200, answer
    seen = upstream_fields(answer)
    assert "admin" not in seen.values() and "root" not in seen.values(), seen
    assert "authorization" not in seen


# What is said of all this (G13, G118).


@pytest.mark.parametrize("name", ["shared", "broker"])
def test_the_log_holds_nothing_of_it(site, name):
    application, person = Application(site.resource(name)).registered(), Person()
    fake = site.fakes[name]
    fake.forget()
    back = person.until_redirect(application.authorize_url(), site.callback(name))
    to_client = person.open(back).location
    code = query_of(to_client)["code"]
    tokens = application.redeem(code).json()
    status(site, name, tokens["access_token"])
    if "refresh_token" in tokens:
        application.refresh(tokens["refresh_token"])
    refused(application.redeem(code))
    secrets = {
        "configured secret": SECRET,
        "verifier": application.verifier,
        "client's state": application.state,
        "code": code,
        "provider's code": query_of(back)["code"],
        "provider's state": query_of(back)["state"],
        **{kind: value for kind, value in tokens.items() if kind.endswith("_token")},
    }
    for request in fake.seen("token"):
        for member in ("code_verifier", "client_secret"):
            secrets[f"sent {member}"] = request.form.get(member, SECRET)
    for cookie in person.jar:
        secrets[f"cookie {cookie.name}"] = cookie.value
    text = site.output()
    assert f"/{name}/mcp" in text
    found = [kind for kind, value in secrets.items() if value and value in text]
    assert found == []
    signatures = [value.rsplit(".", 1)[-1] for value in secrets.values() if value.count(".") == 2]
    assert not any(signature in text for signature in signatures)


def test_errors_say_nothing_of_it(site, broker):
    """Neither a token nor a secret comes back in an answer."""
    application, tokens = broker
    bad = tokens["access_token"][:-6] + "AAAAAA"
    answer = call("GET", site.resource("broker"), bearer(bad))
    assert challenge(answer)["error"] == "invalid_token"
    assert bad not in str(answer) and SECRET not in str(answer)
    wrong = application.redeem("code-of-nobody", client_secret="guess")
    assert "code-of-nobody" not in str(wrong) and "guess" not in str(wrong)
