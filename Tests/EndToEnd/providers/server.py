"""The HTTP server below every scripted provider: it keeps what it received."""

import base64
import http.server
import json
import threading
import urllib.parse
from dataclasses import dataclass, field


@dataclass
class Request:
    method: str
    path: str
    pairs: list
    fields: dict
    body: bytes = b""
    kind: str = ""

    @property
    def query(self):
        """The last value of each parameter of the target."""
        return dict(self.pairs)

    @property
    def form_pairs(self):
        return urllib.parse.parse_qsl(self.body.decode("latin-1"), keep_blank_values=True)

    @property
    def form(self):
        return dict(self.form_pairs)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def basic(self):
        """Id and secret of Basic authentication (RFC 6749 §2.3.1), or nothing."""
        scheme, _, value = self.fields.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        name, _, secret = base64.b64decode(value).decode().partition(":")
        return urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(secret)

    @property
    def bearer(self):
        scheme, _, value = self.fields.get("authorization", "").partition(" ")
        return value if scheme.lower() in ("bearer", "token") else None

    @property
    def cookies(self):
        parts = [part.strip().partition("=") for part in self.fields.get("cookie", "").split(";")]
        return {name: value for name, _, value in parts if name}

    @property
    def text(self):
        """Everything of it, for a search."""
        return repr((self.path, self.pairs, self.fields, self.body))


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    fields: dict = field(default_factory=dict)


def as_json(value, status=200, **fields):
    named = {name.replace("_", "-"): text for name, text in fields.items()}
    content = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Answer(status, json.dumps(value).encode(), {**content, **named})


def as_form(pairs, status=200):
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    return Answer(status, urllib.parse.urlencode(pairs).encode(), {"Content-Type": kind})


def as_html(text, status=200, **fields):
    page = f"<!doctype html><html><body>{text}</body></html>"
    return Answer(status, page.encode(), {"Content-Type": "text/html; charset=utf-8", **fields})


def redirect(url, parameters=(), **fields):
    """To `url`, whose query gets `parameters`."""
    pairs = list(parameters.items() if hasattr(parameters, "items") else parameters)
    if pairs:
        url += ("&" if "?" in url else "?") + urllib.parse.urlencode(pairs)
    return Answer(302, b"", {"Location": url, **fields})


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def _serve(self):
        parts = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            urllib.parse.parse_qsl(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length) if length else b"",
        )
        answer = self.server.answer(request)
        if callable(answer):
            self.close_connection = True
            return answer(self)
        self.send_response(answer.status)
        for name, value in answer.fields.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_POST = do_DELETE = do_HEAD = do_OPTIONS = do_PUT = _serve

    def log_message(self, *_):
        pass


class _Sockets(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A peer that leaves early is none of ours."""


class Server:
    """Routes by method and path; a value of `routes` is a function of the request.

    `routes` may change while it runs. An answer that is a function is called with the handler of
    the connection, and writes to it by itself: for slow and endless bodies.
    """

    def __init__(self):
        self.routes, self.requests = {}, []
        self.changed = threading.Condition()
        self.lock = threading.RLock()
        self.http = _Sockets(("127.0.0.1", 0), _Handler)
        self.http.answer = self._answer
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    def on(self, method, path, kind, answer):
        self.routes[method, path] = (kind, answer)

    def document(self, path, value):
        """Serves JSON; a function is called for each request."""
        self.on("GET", path, "document", lambda _: as_json(value() if callable(value) else value))

    def seen(self, *kinds):
        with self.changed:
            return [request for request in self.requests if request.kind in kinds]

    def forget(self):
        with self.changed:
            self.requests.clear()

    def _answer(self, request):
        kind, answer = self.routes.get((request.method, request.path), ("unknown", None))
        request.kind = kind
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        if answer is None:
            return self.not_found(request)
        with self.lock:
            return answer(request)

    def not_found(self, _request):
        return as_json({"error": "not_found"}, 404)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
