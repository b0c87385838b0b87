"""One connection, one request at a time: the load under which instructions are counted."""

import socket
import threading
from collections.abc import Iterable

ANSWER_BODY = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}'
ANSWER = (b"HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\n"
          b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n"
          % len(ANSWER_BODY)) + ANSWER_BODY
BODY = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'


def request(token: str | None) -> bytes:
    """The request of the comparison, with a token where one is given."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return (f"POST /mcp HTTP/1.1\r\nHost: gw.test\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
            f"{authorization}Content-Length: {len(BODY)}\r\n\r\n").encode() + BODY


class Origin:
    """An upstream that answers every message alike, one thread a connection. Use with `with`."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection: socket.socket):
        received = b""
        with connection:
            while data := connection.recv(65536):
                received += data
                while (end := received.find(BODY)) >= 0:
                    received = received[end + len(BODY):]
                    connection.sendall(ANSWER)


def drive(port: int, messages: Iterable[bytes]) -> None:
    """Sends the messages, each after the answer to the one before it; raises unless all are 200."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, message in enumerate(messages):
            connection.sendall(message)
            received = b""
            while not received.endswith(ANSWER_BODY):
                data = connection.recv(65536)
                if not data:
                    raise RuntimeError(f"closed at request {number}: {received[:200]!r}")
                received += data
                if not received.startswith(b"HTTP/1.1 200 "[:len(received)]):
                    raise RuntimeError(f"request {number}: {received[:400]!r}")
