"""OAuth by hand: one request at a time, each of which a test may spoil."""

import base64
import contextlib
import hashlib
import json
import secrets
import sys
import urllib.parse

from support.http import call
from support.places import HERE

sys.path.insert(0, str(HERE / "clients"))

from browser import Browser, Forms  # noqa: F401  (Forms is for who imports it from here)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
CALLBACK = "http://127.0.0.1:33418/callback"


def s256(verifier):
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))


def without_query(url):
    return urllib.parse.urlsplit(url)._replace(query="").geturl()


class Person(Browser):
    """A browser whose user stops where a test says so."""

    def __init__(self, user="testuser", password="testpass"):
        super().__init__(user, password)

    def until(self, url, stop):
        """Goes on from `url` until `stop(page)`; that page."""
        page = self.open(url)
        for _ in range(25):
            if stop(page):
                return page
            page = self.open(page.location) if page.location else self.submit(page)
        raise RuntimeError("too many steps")

    def until_redirect(self, url, prefix):
        """The first redirect to something that begins with `prefix`; it is not followed."""
        return self.until(url, lambda page: (page.location or "").startswith(prefix)).location


class Application:
    """A client of one authorization server, which is found by the metadata of `resource`."""

    def __init__(self, resource, redirect_uri=CALLBACK, name="end-to-end", **metadata):
        self.resource, self.redirect_uri = resource, redirect_uri
        parts = urllib.parse.urlsplit(resource)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        path = "/.well-known/oauth-protected-resource" + parts.path
        self.protected = call("GET", self.origin + path).json()
        self.issuer = self.protected["authorization_servers"][0]
        where = urllib.parse.urlsplit(self.issuer)
        path = "/.well-known/oauth-authorization-server" + where.path
        self.metadata = call("GET", f"{where.scheme}://{where.netloc}{path}").json()
        self.registration = {
            "client_name": name,
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            **metadata,
        }
        self.client_id = self.secret = None
        self.verifier, self.state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)

    def register(self, fields=None):
        body = json.dumps(self.registration).encode()
        answer = call(
            "POST", self.metadata["registration_endpoint"], {**JSON, **(fields or {})}, body
        )
        if answer.status == 201:
            self.client_id = answer.json()["client_id"]
            self.secret = answer.json().get("client_secret")
        return answer

    def registered(self):
        answer = self.register()
        assert answer.status == 201, answer
        return self

    def authorize_url(self, **changes):
        """With `changes`; a member that is None is left out, a list comes several times."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": s256(self.verifier),
            "code_challenge_method": "S256",
            "resource": self.resource,
            "scope": " ".join(self.protected.get("scopes_supported", [])) or None,
            **changes,
        }
        kept = {name: value for name, value in parameters.items() if value is not None}
        query = urllib.parse.urlencode(kept, doseq=True)
        return f"{self.metadata['authorization_endpoint']}?{query}"

    def approved(self, person=None, **changes):
        """The redirect that ends a whole authorization."""
        return (person or Person()).authorize(self.authorize_url(**changes), self.redirect_uri)

    def code(self, person=None, **changes):
        found = query_of(self.approved(person, **changes))
        assert "code" in found, found
        return found["code"]

    def post(self, form, fields=None):
        kept = {name: value for name, value in form.items() if value is not None}
        body = urllib.parse.urlencode(kept, doseq=True).encode()
        return call("POST", self.metadata["token_endpoint"], {**FORM, **(fields or {})}, body)

    def redeem(self, code, **changes):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "client_id": self.client_id,
            "client_secret": self.secret,
            "code_verifier": self.verifier,
            "resource": self.resource,
        }
        return self.post({**form, **changes})

    def refresh(self, token, **changes):
        form = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": self.client_id,
            "client_secret": self.secret,
            "resource": self.resource,
        }
        return self.post({**form, **changes})

    def tokens(self, person=None):
        answer = self.redeem(self.code(person))
        assert answer.status == 200, answer
        return answer.json()


def refused(answer, error=None, status=(400, 401)):
    """A JSON error of RFC 6749 §5.2, and no token."""
    assert answer.status in status, answer
    body = answer.json()
    assert "access_token" not in body, body
    if error is not None:
        assert body["error"] in ([error] if isinstance(error, str) else error), body
    return body


@contextlib.contextmanager
def switched(provider, **switches):
    """A provider with other switches for a while."""
    former = {name: getattr(provider, name) for name in switches}
    try:
        for name, value in switches.items():
            setattr(provider, name, value)
        yield provider
    finally:
        for name, value in former.items():
            setattr(provider, name, value)
