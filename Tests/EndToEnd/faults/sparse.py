"""Thousands of event streams at once: the clients and the origin on one poller, without threads for
each, so that the test stays small."""

import contextlib
import select
import socket
import threading
import time

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"9\r\ndata: 1\n\n\r\n"
)
EVENT = b"9\r\ndata: 2\n\n\r\n"


class Streams:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.listener.setblocking(False)
        self.origin, self.clients = {}, []
        self.changed = threading.Condition()
        self.over = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        poller = select.epoll()
        poller.register(self.listener, select.EPOLLIN)
        while not self.over:
            for number, _ in poller.poll(0.2):
                if number == self.listener.fileno():
                    self._accept(poller)
                else:
                    self._read(poller, number)
        poller.close()

    def _accept(self, poller):
        with contextlib.suppress(BlockingIOError):
            while True:
                sock, _ = self.listener.accept()
                sock.setblocking(False)
                self.origin[sock.fileno()] = sock
                poller.register(sock, select.EPOLLIN)

    def _read(self, poller, number):
        sock = self.origin[number]
        try:
            data = sock.recv(4096)
        except OSError:
            data = b""
        if data:
            sock.send(HEAD)
            return
        poller.unregister(sock)
        sock.close()
        with self.changed:
            del self.origin[number]
            self.changed.notify_all()

    def open(self, port, count):
        """Returns when each of `count` clients has had its first event."""
        for start in range(0, count, 500):
            batch = []
            for _ in range(min(500, count - start)):
                sock = socket.create_connection(("127.0.0.1", port), 20)
                sock.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
                batch.append(sock)
            for sock in batch:
                read_until(sock, b"data: 1\n\n\r\n")
            self.clients += batch

    def heartbeat(self):
        """An event on every stream; how many clients got it."""
        for sock in list(self.origin.values()):
            sock.send(EVENT)
        return sum(read_until(sock, b"data: 2\n\n\r\n") for sock in self.clients)

    def close(self):
        """All clients leave; returns when the origin has seen them go."""
        for sock in self.clients:
            sock.close()
        self.clients = []
        with self.changed:
            assert self.changed.wait_for(lambda: not self.origin, 30), len(self.origin)


def read_until(sock, mark):
    data, deadline = b"", time.monotonic() + 30
    while mark not in data:
        assert time.monotonic() < deadline
        part = sock.recv(4096)
        assert part, data
        data += part
    return True


@contextlib.contextmanager
def many_streams():
    streams = Streams()
    try:
        yield streams
    finally:
        for sock in streams.clients:
            sock.close()
        streams.over = True
        streams.thread.join(5)
        streams.listener.close()
