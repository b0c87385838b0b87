"""A client with every byte, and the way it leaves, in the test's hands."""

import contextlib
import socket
import time
from dataclasses import dataclass, field

from faults.origin import set_linger


@dataclass
class Reply:
    """A response as it came. `is_complete`: by its own framing; `ending`: open, fin or rst."""

    status: int = 0
    fields: list = field(default_factory=list)
    body: bytes = b""
    raw: bytes = b""
    is_complete: bool = False
    ending: str = "open"

    def one(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) == 1, (name, self.fields)
        return values[0]

    def has(self, name):
        return any(key.lower() == name.lower() for key, _ in self.fields)


class Client:
    def __init__(self, port, receive_buffer=None, send_buffer=None, seconds=15):
        self.sock = socket.socket()
        for option, value in ((socket.SO_RCVBUF, receive_buffer), (socket.SO_SNDBUF, send_buffer)):
            if value:
                self.sock.setsockopt(socket.SOL_SOCKET, option, value)
        self.sock.settimeout(seconds)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, data):
        self.sock.sendall(data)
        return self

    def request(self, path, method="GET", body=None, fields=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: gw.test", *fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        set_linger(self.sock)
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _more(self, reply):
        try:
            part = self.sock.recv(1 << 16)
        except ConnectionError:
            reply.ending = "rst"
            return False
        if not part:
            reply.ending = "fin"
        self.rest += part
        return bool(part)

    def until(self, mark):
        """Reads until `mark` has come; what came with it."""
        reply = Reply()
        while mark not in self.rest:
            assert self._more(reply), (reply.ending, self.rest[-300:])
        at = self.rest.index(mark) + len(mark)
        taken, self.rest = self.rest[:at], self.rest[at:]
        return taken

    def reply(self, is_head=False):
        """The next final response, or what there is of one when the connection ends."""
        while True:
            reply = Reply()
            while b"\r\n\r\n" not in self.rest:
                if not self._more(reply):
                    reply.raw = self.rest
                    return reply
            head, _, self.rest = self.rest.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            reply.status = int(lines[0].split(" ")[1])
            reply.fields = [
                tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]
            ]
            reply.raw = head + b"\r\n\r\n"
            if reply.status >= 200:
                self._body(reply, is_head)
                return reply

    def _body(self, reply, is_head):
        known = {name.lower(): value for name, value in reply.fields}
        if is_head or reply.status in (204, 304):
            reply.is_complete = True
        elif "content-length" in known:
            wanted = int(known["content-length"])
            while len(self.rest) < wanted and self._more(reply):
                pass
            reply.body, self.rest = self.rest[:wanted], self.rest[wanted:]
            reply.is_complete = len(reply.body) == wanted
            reply.raw += reply.body
        elif known.get("transfer-encoding", "").lower() == "chunked":
            self._chunks(reply)
        else:
            while self._more(reply):
                pass
            reply.body, self.rest = self.rest, b""
            reply.raw += reply.body
            reply.is_complete = reply.ending == "fin"

    def _line(self, reply):
        while b"\r\n" not in self.rest:
            if not self._more(reply):
                return None
        line, _, self.rest = self.rest.partition(b"\r\n")
        reply.raw += line + b"\r\n"
        return line

    def _chunks(self, reply):
        while (line := self._line(reply)) is not None:
            size = int(line.split(b";")[0], 16)
            if size == 0:
                while (line := self._line(reply)) is not None:
                    if not line:
                        reply.is_complete = True
                        return
                return
            while len(self.rest) < size + 2:
                if not self._more(reply):
                    reply.body += self.rest[:size]
                    reply.raw += self.rest
                    return
            part, self.rest = self.rest[: size + 2], self.rest[size + 2 :]
            reply.body += part[:size]
            reply.raw += part

    def ending(self, seconds=10):
        """How the gateway ends the connection: fin, rst, or open after `seconds`."""
        self.sock.settimeout(seconds)
        reply = Reply()
        with contextlib.suppress(TimeoutError):
            while self._more(reply):
                pass
        return reply.ending


def ask(port, path="/x", method="GET", body=None, fields=(), seconds=15):
    """One request on a connection of its own; the reply, and `.seconds` it took."""
    started = time.monotonic()
    with Client(port, seconds=seconds) as client:
        with contextlib.suppress(ConnectionError):
            client.request(path, method, body, fields)
        reply = client.reply(is_head=method == "HEAD")
        reply.seconds = time.monotonic() - started
        if reply.status and reply.has("connection") and reply.one("connection") == "close":
            reply.ending = client.ending(5)
        return reply
