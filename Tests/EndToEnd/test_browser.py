"""A person's browser before relay delivery: the consent page and the login in a real Chromium, with
what `scripts/demo relay` starts. Screenshots are kept (support/places.py: ARTEFACTS)."""

import contextlib
import http.server
import json
import threading
import urllib.parse

import pytest
from support import http as wire
from support.chromium import Chromium
from support.example import start_relay

ALLOW, DENY = "button[value=allow]", "button[value=deny]"


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    running = start_relay(tmp_path_factory.mktemp("relay"))
    yield running
    running.stop()


@pytest.fixture
def browser():
    """A fresh profile: nobody is logged in, nothing is remembered."""
    with Chromium() as chromium:
        yield chromium


def connect(browser, relay):
    """The client's page; a press of its button leads to the gateway."""
    browser.open(relay.client_url + "/")
    browser.click("#start")


def log_in(browser):
    browser.type("#username", "testuser")
    browser.type("#password", "testpass")
    browser.click("#kc-login")


def at_consent(browser, relay):
    browser.find(ALLOW)
    assert browser.url.startswith(relay.url + "/"), browser.url


def finished(browser, relay):
    """The claims that the client's page shows at the end of a flow that went well."""
    claims = json.loads(browser.text("#claims"))
    assert browser.text("#call") == "42"
    # G75: the gateway's issuer, not the realm's, which the realm sent to the gateway.
    assert f"Back, with state and iss as they must be: {relay.url}" in browser.texts("#steps li")
    return claims


def test_consent_and_login(browser, relay):
    """G67: nothing reaches the realm before the user has let this client in."""
    connect(browser, relay)
    at_consent(browser, relay)
    browser.screenshot("relay-1-consent")
    assert "Demo client" in browser.text("body")
    shown = dict(zip(browser.texts("dt"), browser.texts("dd"), strict=True))
    assert shown["The answer goes to"].startswith("localhost"), shown
    assert shown["Asked for"] == "profile", shown
    browser.click(ALLOW)
    browser.find("#kc-login")
    browser.screenshot("relay-2-login")
    log_in(browser)
    claims = finished(browser, relay)
    browser.screenshot("relay-3-client")
    assert claims["iss"] == f"http://localhost:{relay.ports['realm']}/realms/mcp"
    assert claims["azp"] == "gatehouse"


def test_the_page_is_plain_html(browser, relay):
    """G76: no script runs in it and none could (its policy), it is not kept, and it names no other
    server."""
    connect(browser, relay)
    at_consent(browser, relay)
    assert browser.run("return document.scripts.length") == 0
    handlers = "return [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
    assert not [name for name in browser.run(handlers) if name.startswith("on")]
    resources = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert all(name.startswith(relay.url + "/") for name in resources), resources
    answer = wire.call("GET", browser.url)
    policy = parsed_policy(answer.one("content-security-policy"))
    assert policy["frame-ancestors"] == ["'none'"], policy
    assert policy["default-src"] == ["'none'"], policy
    assert policy.get("script-src", ["'none'"]) == ["'none'"], policy
    assert answer.one("x-frame-options") == "DENY"
    assert "no-store" in answer.one("cache-control")
    assert answer.one("referrer-policy") == "no-referrer"


def parsed_policy(text):
    parts = [part.split() for part in text.split(";") if part.strip()]
    return {part[0]: part[1:] for part in parts}


def test_the_authorization_request_may_come_twice(browser, relay):
    """G77: a client fetches the URL before it opens the browser, and neither request spends it."""
    connect(browser, relay)
    at_consent(browser, relay)
    for _ in range(2):
        assert wire.call("GET", browser.url).status == 200
    browser.click(ALLOW)
    log_in(browser)
    finished(browser, relay)


def test_the_cookie(browser, relay):
    """G76: on http and loopback a plain name without Secure; on https it would be __Host-."""
    connect(browser, relay)
    at_consent(browser, relay)
    cookies = browser.cookies()
    assert len(cookies) == 1, cookies
    (cookie,) = cookies
    assert not cookie["name"].startswith("__"), cookie
    assert cookie["httpOnly"] is True
    assert cookie["secure"] is False
    assert cookie["sameSite"] == "Lax"
    # Of this host alone: a Domain attribute would show as a leading dot.
    assert cookie["domain"] == "localhost"


def test_deny(browser, relay):
    connect(browser, relay)
    at_consent(browser, relay)
    browser.click(DENY)
    assert browser.text("#error").startswith("access_denied: ")
    assert browser.url.startswith(relay.client_url + "/"), browser.url
    browser.screenshot("relay-4-denied")
    # Nothing was remembered: the next time the gateway asks again.
    connect(browser, relay)
    at_consent(browser, relay)


def test_a_remembered_consent_is_not_asked_for_again(browser, relay):
    connect(browser, relay)
    browser.click(ALLOW)
    log_in(browser)
    finished(browser, relay)
    # Nobody presses anything now: the gateway remembers the client, the realm the login.
    connect(browser, relay)
    finished(browser, relay)
    # Another client of the same browser is another question.
    browser.open(relay.client_url + "/")
    browser.click("#forget")
    browser.click("#start")
    at_consent(browser, relay)


INNER = "<!DOCTYPE html><title>inner</title><form><button value='allow'>x</button></form>"


@contextlib.contextmanager
def framing_site(target):
    """A page of another origin that frames `target` at /, and a page of its own at /own."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            source = "/inner" if self.path == "/own" else target
            quoted = source.replace("&", "&amp;").replace('"', "&quot;")
            frame = f'<!DOCTYPE html><title>x</title><iframe src="{quoted}"></iframe>'
            body = (INNER if self.path == "/inner" else frame).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_page_cannot_be_framed(browser, relay):
    connect(browser, relay)
    at_consent(browser, relay)
    target = browser.url
    with framing_site(target) as site:
        browser.open(site + "/own")
        browser.enter_frame("iframe")
        assert browser.all(ALLOW), "a page that may be framed is"
        browser.open(site + "/")
        browser.enter_frame("iframe")
        assert browser.run("return location.href") == "chrome-error://chromewebdata/"
        assert not browser.all(ALLOW)


def test_an_open_redirect_is_none(browser, relay):
    """G73: a redirect URI that the client did not register is answered here, with a page."""
    connect(browser, relay)
    at_consent(browser, relay)
    parts = urllib.parse.urlsplit(browser.url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    query["redirect_uri"] = "http://localhost:1/elsewhere"
    changed = urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))
    browser.open(changed)
    assert browser.url == changed
    assert not browser.all(ALLOW)
    assert wire.call("GET", changed).status == 400
