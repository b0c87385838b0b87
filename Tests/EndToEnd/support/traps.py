"""What a fetch must not run into: a port that nobody may come to, bodies without an end."""

import contextlib
import socket
import threading


class Canary:
    """A port of loopback that nobody may come to."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.visits = self.socket.getsockname()[1], 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.socket.accept()
                self.visits += 1
                peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def endless(handler):
    """Bytes as long as somebody reads them."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b" " * 65536)


def silent(handler):
    """A head, and then nothing until the peer leaves."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    with contextlib.suppress(OSError):
        handler.connection.recv(1)
