"""A browser for one purpose: it opens an authorization URL, fills the login form that it finds,
consents, and stops at the redirect to the client. Standard library only, so that every client's
environment can use it.

As a program (`$BROWSER` of fastmcp) it delivers the last redirect itself:
    browser.py URL        environment: LOGIN_USER, LOGIN_PASSWORD
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar

REFUSALS = re.compile(r"deny|refuse|cancel|reject|logout|forgot|^no$|false", re.IGNORECASE)
CONSENTS = re.compile(
    r"accept|approve|allow|authori[sz]e|consent|confirm|yes|grant|continue", re.IGNORECASE
)
USER_FIELDS = {"username", "user", "login", "email"}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args, **_kwargs):
        return None


class Forms(HTMLParser):
    """The forms of a page: action, method, and (name, value, type, checked) of their controls."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(
                {
                    "action": attributes.get("action", ""),
                    "method": attributes.get("method", "get").lower(),
                    "controls": [],
                }
            )
        elif self.forms and tag in ("input", "button") and attributes.get("name"):
            kind = "submit" if tag == "button" else attributes.get("type", "text").lower()
            self.forms[-1]["controls"].append(
                (attributes["name"], attributes.get("value", ""), kind, "checked" in attributes)
            )


class Page:
    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body

    @property
    def location(self):
        target = self.headers.get("Location")
        if target is None or self.status not in (301, 302, 303, 307, 308):
            return None
        return urllib.parse.urljoin(self.url, target)


class Browser:
    def __init__(self, user=None, password=None):
        self.user = user or os.environ.get("LOGIN_USER", "testuser")
        self.password = password or os.environ.get("LOGIN_PASSWORD", "testpass")
        self.jar = CookieJar()
        cookies = urllib.request.HTTPCookieProcessor(self.jar)
        self.opener = urllib.request.build_opener(NoRedirect, cookies)

    def open(self, url, data=None, method=None, headers=None):
        request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
        request.add_header("Accept", "text/html,*/*")
        try:
            with self.opener.open(request, timeout=20) as answer:
                return Page(url, answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as answer:
            return Page(url, answer.code, answer.headers, answer.read().decode())

    def authorize(self, url, redirect_uri):
        """Goes from `url` to the redirect to `redirect_uri` and returns that."""
        page = self.open(url)
        for _ in range(25):
            target = page.location
            if target is not None:
                if target.startswith(redirect_uri):
                    return target
                page = self.open(target)
            elif urllib.parse.urlsplit(page.url).path.endswith("/login.html"):
                page = self.glewlwyd_login(page)
            else:
                page = self.submit(page)
        raise RuntimeError("too many steps")

    def submit(self, page):
        parser = Forms()
        parser.feed(page.body)
        forms = [form for form in parser.forms if not REFUSALS.search(form["action"])]
        if not forms:
            raise RuntimeError(f"no form at {page.url}: {page.status} {page.body[:500]}")
        with_password = [f for f in forms if any(c[2] == "password" for c in f["controls"])]
        form = (with_password or forms)[0]
        action = urllib.parse.urljoin(page.url, form["action"] or page.url)
        data = urllib.parse.urlencode(self.fill(form["controls"])).encode()
        if form["method"] != "post":
            return self.open(action.split("?")[0] + "?" + data.decode())
        parts = urllib.parse.urlsplit(action)
        headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Referer": page.url}
        return self.open(action, data, headers=headers)

    def fill(self, controls):
        data, submits = {}, []
        for name, value, kind, is_checked in controls:
            if kind == "password":
                data[name] = self.password
            elif kind in ("submit", "button", "image"):
                submits.append((name, value))
            elif kind == "checkbox":
                if is_checked or CONSENTS.search(name):
                    data[name] = value or "on"
            elif kind in ("text", "email") and (name.lower() in USER_FIELDS or not value):
                data[name] = self.user
            else:
                data[name] = value
        wanted = [s for s in submits if not REFUSALS.search(" ".join(s))]
        consents = [s for s in wanted if CONSENTS.search(" ".join(s))]
        for name, value in (consents or wanted)[:1]:
            data[name] = value
        return data

    def glewlwyd_login(self, page):
        """Glewlwyd's login page is a script over a REST interface: the same calls, without it."""
        parts = urllib.parse.urlsplit(page.url)
        query = urllib.parse.parse_qs(parts.query)
        base = f"{parts.scheme}://{parts.netloc}"
        self.send_json("POST", base + "/api/auth/", username=self.user, password=self.password)
        scope = query.get("scope", [""])[0]
        self.send_json("PUT", f"{base}/api/auth/grant/{query['client_id'][0]}", scope=scope)
        back = query["callback_url"][0]
        return self.open(back + ("&" if "?" in back else "?") + "g_continue")

    def send_json(self, method, url, **body):
        headers = {"Content-Type": "application/json"}
        page = self.open(url, json.dumps(body).encode(), method, headers)
        if page.status >= 400:
            raise RuntimeError(f"{method} {url}: {page.status} {page.body[:300]}")


def redirect_uri_of(url):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["redirect_uri"][0]


def deliver(browser, url, seconds=25):
    """Opens the client's callback. fastmcp opens the browser first and its callback server then, so
    a browser without a person in front of it can be there too early: it tries again."""
    end = time.monotonic() + seconds
    while True:
        try:
            return browser.open(url)
        except urllib.error.URLError as error:
            refused = isinstance(error.reason, ConnectionRefusedError)
            if not refused or time.monotonic() > end:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    browser = Browser()
    deliver(browser, browser.authorize(sys.argv[1], redirect_uri_of(sys.argv[1])))
