"""An origin server that a test scripts: a function runs for each connection, on a thread.

def handle(peer):
    while peer.head():
        peer.send(OK)
"""

import contextlib
import socket
import struct
import threading

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(data=OK):
    """A handler that gives every request the same answer on a kept connection."""

    def handle(peer):
        while peer.head() is not None:
            peer.send(data)

    return handle


def set_linger(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Peer:
    """One connection, as the origin sees it."""

    def __init__(self, origin, sock, number):
        self.origin, self.sock, self.number = origin, sock, number
        self.rest = b""
        self.is_closed = False

    def head(self):
        """The next request's head; None when the gateway has closed."""
        while b"\r\n\r\n" not in self.rest:
            if not self._more():
                return None
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        self.origin.note(head)
        return head

    def body(self, count):
        """`count` bytes of a body; fewer when the gateway has closed."""
        while len(self.rest) < count and self._more():
            pass
        body, self.rest = self.rest[:count], self.rest[count:]
        return body

    def _more(self):
        try:
            part = self.sock.recv(1 << 16)
        except OSError:
            part = b""
        self.rest += part
        return bool(part)

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        set_linger(self.sock)
        self.sock.close()

    def wait_closed(self, seconds=10):
        """Whether the gateway closes within this time; what it still sends is dropped."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(1 << 16):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


class Origin:
    """Listens on a port of the kernel's choice until `stop`. What came is in `heads`."""

    def __init__(self, handle=None, receive_buffer=None, backlog=4096, tls=None):
        self.handle = handle or answering()
        self.tls = tls
        self.changed = threading.Condition()
        self.heads, self.accepted, self.open, self.notes = [], 0, 0, []
        self.failures = []
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(backlog)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.changed:
                self.accepted += 1
                self.open += 1
                number = self.accepted
                self.changed.notify_all()
            peer = Peer(self, sock, number)
            threading.Thread(target=self._serve, args=[peer], daemon=True).start()

    def _serve(self, peer):
        try:
            if self.tls:
                peer.sock = self.tls.wrap_socket(peer.sock, server_side=True)
            with contextlib.suppress(ConnectionError):
                self.handle(peer)
        except OSError as error:
            # What a handshake ended with is for the test to look at.
            self.failures.append(error)
        finally:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
            peer.sock.close()
            with self.changed:
                self.open -= 1
                self.changed.notify_all()

    def note(self, head):
        with self.changed:
            self.heads.append(head)
            self.changed.notify_all()

    def tell(self, note):
        """Something that a test waits for."""
        with self.changed:
            self.notes.append(note)
            self.changed.notify_all()

    def wait_for(self, condition, seconds=10):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), seconds), (
                self.accepted,
                self.open,
                self.heads[-3:],
                self.notes[-3:],
            )

    def count(self, method):
        return sum(head.startswith(method.encode() + b" ") for head in list(self.heads))

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
