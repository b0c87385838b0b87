"""A reader of HTTP/1.1 that takes only what a careful sender writes: the judge of every byte that
the gateway forwards. It shares nothing with the gateway's own parser."""

import re

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\x20\x09\x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+")
REQUEST_LINE = re.compile(rb"(%s) (%s) HTTP/1\.1" % (TOKEN.pattern, TARGET.pattern))
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-9][0-9][0-9]) ([\x20\x09\x21-\x7e\x80-\xff]*)")
DATE = re.compile(
    rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT"
)
NUMBER = re.compile(rb"0|[1-9][0-9]{0,18}")
CHUNK_SIZE = re.compile(rb"0|[1-9a-f][0-9a-f]{0,14}")
ONE_HOP = {
    b"keep-alive", b"proxy-connection", b"te", b"trailer", b"http2-settings",
    b"proxy-authorization", b"proxy-authenticate",
}  # fmt: skip
NEVER_IN_TRAILERS = ONE_HOP | {
    b"transfer-encoding", b"content-length", b"host", b"connection", b"upgrade", b"authorization",
    b"cookie", b"set-cookie", b"content-type", b"content-encoding", b"content-range", b"expect",
    b"cache-control", b"max-forwards", b"range", b"www-authenticate", b"age", b"vary", b"location",
    b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded", b"via", b"origin",
}  # fmt: skip


class Violation(Exception):
    """Bytes that must never have been written."""


def need(condition, what, bytes_=b""):
    if not condition:
        raise Violation(f"{what}: {bytes_[:120]!r}" if bytes_ else what)


def read_fields(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        need(colon and TOKEN.fullmatch(name), "not a field line", line)
        need(value[:1] == b" " or not value, "not one space behind the colon", line)
        need(VALUE.fullmatch(value[1:]), "not a field value", line)
        fields.append((name, value[1:]))
    return fields


class Message:
    """A head, and as much of a body as has come."""

    def __init__(self, head):
        need(b"\r\n\r\n" not in head, "two heads")
        lines = head.split(b"\r\n")
        for line in lines:
            need(b"\r" not in line and b"\n" not in line, "bare CR or LF", line)
        self.head, self.first = head, lines[0]
        self.fields = read_fields(lines[1:])
        self.body, self.trailers = b"", []
        self.is_complete = False
        length, coding = self.values(b"content-length"), self.values(b"transfer-encoding")
        need(len(length) + len(coding) <= 1, "more than one framing field", head)
        need(not length or NUMBER.fullmatch(length[0]), "not a canonical length", head)
        need(not coding or coding[0] == b"chunked", "not a canonical coding", head)
        self.length = int(length[0]) if length else None
        self.is_chunked = bool(coding)

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name]

    def has(self, name):
        return bool(self.values(name.lower()))

    def take_body(self, data):
        """Reads on in `data`, which begins behind the head; the bytes of it that belong to the
        message, or None while it is not complete."""
        if self.is_chunked:
            return self._take_chunks(data)
        count = self.length or 0
        self.body = data[:count]
        self.is_complete = len(data) >= count
        return count if self.is_complete else None

    def _take_chunks(self, data):
        at, parts = 0, []
        while True:
            self.body = b"".join(parts)
            end = data.find(b"\r\n", at)
            line = data[at:] if end < 0 else data[at:end]
            if end < 0:
                need(len(line) < 18 and b"\n" not in line, "not a chunk's line", line)
                return None
            need(CHUNK_SIZE.fullmatch(line), "not a canonical chunk size", line)
            size, at = int(line, 16), end + 2
            if size == 0:
                return self._take_trailers(data, at)
            parts.append(data[at : at + size])
            self.body = b"".join(parts)
            tail = data[at + size : at + size + 2]
            need(b"\r\n".startswith(tail), "chunk without CRLF", tail)
            if len(tail) < 2:
                return None
            at += size + 2

    def _take_trailers(self, data, at):
        lines = []
        while True:
            end = data.find(b"\r\n", at)
            if end < 0:
                return None
            if end == at:
                break
            lines.append(data[at:end])
            at = end + 2
        self.trailers = read_fields(lines)
        for name, _ in self.trailers:
            need(name.lower() not in NEVER_IN_TRAILERS, "forbidden trailer", name)
        self.is_complete = True
        return at + 2


class Request(Message):
    """A request as the gateway forwards it to `authority`, for the peer that it names."""

    def __init__(self, head, authority):
        super().__init__(head)
        match = REQUEST_LINE.fullmatch(self.first)
        need(match, "not a request line", self.first)
        self.method, self.target = match[1], match[2]
        need(self.target[:1] == b"/", "not in origin form", self.target)
        need(self.values(b"host") == [authority], "not the upstream's Host", head)
        for name, value in self.fields:
            name = name.lower()
            need(name not in ONE_HOP, "a field of one hop", name)
            need(name != b"upgrade", "an upgrade that the route does not allow", name)
            need(name not in (b"forwarded", b"x-real-ip"), "what an untrusted peer says", name)
            need(name not in (b"connection", b"expect"), "what the gateway answers itself", value)
        sources = self.values(b"x-forwarded-for")
        need(len(sources) == 1, "not one X-Forwarded-For", head)
        self.peer = sources[0].decode()
        need(self.values(b"x-forwarded-proto") == [b"http"], "not one X-Forwarded-Proto", head)
        need(len(self.values(b"x-forwarded-host")) <= 1, "two X-Forwarded-Host", head)
        via = self.values(b"via")
        need(via and via[-1].startswith((b"1.1 gatehouse", b"1.0 gatehouse")), "no Via", head)

    def summary(self):
        head = self.head.replace(b"X-Forwarded-For: " + self.peer.encode(), b"X-Forwarded-For: -")
        return (head, self.body, tuple(self.trailers))


class RequestStream:
    """What came on one connection to the upstream: whole requests, then perhaps a part of one."""

    def __init__(self, authority):
        self.authority, self.data, self.current = authority, b"", None

    def take(self, more):
        """The requests that `more` begins and completes: (request, is complete)."""
        self.data += more
        found = []
        while self.data:
            if self.current is None:
                head, mark, rest = self.data.partition(b"\r\n\r\n")
                if not mark:
                    need(REQUEST_LINE.pattern[:1] and TOKEN.match(head), "not a request", head)
                    break
                self.current, self.data = Request(head, self.authority), rest
                found.append((self.current, False))
            used = self.current.take_body(self.data)
            if used is None:
                break
            found.append((self.current, True))
            self.data, self.current = self.data[used:], None
        if not self.data and self.current is not None and self.current.take_body(b"") == 0:
            found.append((self.current, True))
            self.current = None
        return found


class Response(Message):
    """A response as the gateway writes it to a client that asked with `method` in 1.`minor`."""

    def __init__(self, head, method, minor):
        super().__init__(head)
        match = STATUS_LINE.fullmatch(self.first)
        need(match, "not a status line", self.first)
        self.status = int(match[1])
        for name, _ in self.fields:
            need(name.lower() not in ONE_HOP, "a field of one hop", name)
        options = self.values(b"connection")
        need(len(options) <= 1, "two Connection lines", head)
        need(not options or options[0] in (b"close", b"keep-alive", b"upgrade"), "options", head)
        self.option = options[0] if options else None
        self.is_final = self.status >= 200 or self.status == 101
        if self.status < 200:
            need(minor == 1, "an interim response to HTTP/1.0", head)
            need(self.length is None and not self.is_chunked, "framing of an interim", head)
        if self.status == 204:
            need(self.length is None and not self.is_chunked, "framing of 204", head)
        need(minor == 1 or not self.is_chunked, "chunks to HTTP/1.0", head)
        if self.status >= 200:
            dates = self.values(b"date")
            need(len(dates) == 1, "not one Date", head)
        self.has_no_body = self.status < 200 or self.status in (204, 304) or method == b"HEAD"
        self.is_until_close = False
        self.keeps_alive = self.option != b"close" and (minor == 1 or self.option == b"keep-alive")

    def take(self, data):
        """As `take_body`, for the client's side: without framing, all up to the close."""
        if self.has_no_body:
            self.is_complete = True
            return 0
        if self.length is None and not self.is_chunked:
            need(not self.keeps_alive, "no framing on a connection that stays open", self.head)
            self.body, self.is_until_close, self.is_complete = data, True, True
            return len(data)
        return self.take_body(data)

    def summary(self):
        lines = [line for line in self.head.split(b"\r\n") if not line.startswith(b"Date: ")]
        return (tuple(lines), self.body if self.is_complete else None, self.is_complete)


def read_responses(data, asked):
    """The responses in `data` to the requests `asked` [(method, minor)]; further ones count as
    answers to something unreadable."""
    found, at = [], 0
    while data:
        head, mark, rest = data.partition(b"\r\n\r\n")
        if not mark:
            need(b"HTTP/1.1 ".startswith(head[:9]), "not a response", head)
            break
        method, minor = asked[at] if at < len(asked) else (b"GET", 1)
        response = Response(head, method, minor)
        found.append(response)
        used = response.take(rest)
        if used is None:
            break
        data = rest[used:]
        if response.is_final:
            at += 1
            need(response.keeps_alive or not data, "bytes behind the last response", data)
    return found
