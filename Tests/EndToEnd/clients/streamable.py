"""MCP over Streamable HTTP for the strict client, and the HTTP requests below it. Standard library
only."""

import json
import urllib.error
import urllib.request

from browser import NoRedirect
from rules import Refused

PROTOCOL = "2025-11-25"
OPENER = urllib.request.build_opener(NoRedirect)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def kind(self):
        return self.headers.get("Content-Type", "")

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(f"no JSON: {self.status} {self.body[:200]!r}") from None


class Http:
    """Requests, noted in the report; redirects are never followed."""

    def __init__(self, report):
        self.noted = report["requests"]

    def __call__(self, method, url, headers=None, body=None):
        request = urllib.request.Request(url, body, headers or {}, method=method)
        try:
            with OPENER.open(request, timeout=30) as answer:
                found = Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as answer:
            found = Answer(answer.code, answer.headers, answer.read())
        self.noted.append([method, url, found.status])
        return found


class Session:
    """MCP over Streamable HTTP (2025-11-25), with one new authorization for each refusal."""

    def __init__(self, url, http, authorization):
        """`authorization` has `tokens`, and `obtain(answer)` for a 401 or 403."""
        self.url, self.http, self.authorization = url, http, authorization
        self.session, self.count = None, 0

    def headers(self):
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": PROTOCOL,
        }
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        if self.authorization.tokens:
            headers["Authorization"] = "Bearer " + self.authorization.tokens["access_token"]
        return headers

    def post(self, message, expected=(200, 202)):
        body = json.dumps(message).encode()
        answer = self.http("POST", self.url, self.headers(), body)
        # A 401, and then one step up (403): the SDK's cap.
        for status in (401, 403):
            if answer.status == status:
                self.authorization.obtain(answer)
                answer = self.http("POST", self.url, self.headers(), body)
        if answer.status not in expected:
            raise Refused(f"{message['method']}: status {answer.status}: {answer.body[:300]!r}")
        self.session = answer.headers.get("Mcp-Session-Id", self.session)
        return answer

    def call(self, method, **parameters):
        """The result, and the notifications that came before it."""
        self.count += 1
        message = {"jsonrpc": "2.0", "id": self.count, "method": method, "params": parameters}
        answer = self.post(message)
        messages = events(answer) if "text/event-stream" in answer.kind else [answer.json()]
        result = next(m for m in messages if m.get("id") == self.count)
        if "error" in result:
            raise Refused(f"{method}: {result['error']}")
        return result["result"], [m for m in messages if "id" not in m]

    def notify(self, method):
        self.post({"jsonrpc": "2.0", "method": method})

    def end(self):
        self.http("DELETE", self.url, self.headers())


def events(answer):
    """The messages of an event stream."""
    found = []
    for block in answer.body.decode().replace("\r\n", "\n").split("\n\n"):
        data = [line[5:].lstrip() for line in block.split("\n") if line.startswith("data:")]
        if "".join(data).strip():
            found.append(json.loads("\n".join(data)))
    return found
