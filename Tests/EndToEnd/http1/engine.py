"""Many connections on one epoll, in steps.

A cut is real only where the gateway reads the first part alone. A pause cannot promise that; a
*beat* does. It is a request on a connection of its own, through the gateway to the upstream here
and back. The gateway has one thread and reads what is ready in the order in which it became so:
once a beat is answered, everything written before it has been read. New connections are few
enough in a beat for one turn of accepting, and write only in the next one.
"""

import collections
import contextlib
import select
import socket
import struct

from http1 import strict

OPENED_IN_A_BEAT = 12
ACTIVE_MOST = 500
# Beats without a byte in either direction after which nothing more is expected.
QUIET_BEATS = 6
RESET = struct.pack("ii", 1, 0)


def source(number):
    """An address of loopback for each connection: the gateway's X-Forwarded-For names it."""
    return f"127.{1 + (number >> 16) % 200}.{(number >> 8) & 255}.{number & 255}"


class Client:
    """One connection to the gateway; what came back, and how it ended."""

    def __init__(self, engine, port, address):
        self.engine, self.received, self.ended = engine, b"", None
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.bind((address, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.owner = None
        engine.add(self)

    def readable(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            data, self.ended = b"", "reset"
        if data:
            self.received += data
        else:
            self.ended = self.ended or "closed"
            self.engine.remove(self)
        if self.owner:
            self.owner.stir()

    def send(self, data):
        """Sends all of it; a peer that has closed is noticed by reading."""
        self.socket.setblocking(True)
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)
        self.socket.setblocking(False)

    def finish(self):
        if not self.ended:
            self.engine.remove(self)
        self.socket.close()


class UpstreamEnd:
    """One connection from the gateway; whole requests go to `server.asked(self, request)`."""

    def __init__(self, server, client):
        self.server, self.socket = server, client
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        self.stream = strict.RequestStream(server.authority)
        self.scripted, self.ended = None, False
        server.engine.add(self)

    def readable(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self.finish()
            self.server.left(self, self.stream.current)
            return
        try:
            for request, is_complete in self.stream.take(data):
                if is_complete:
                    self.server.asked(self, request)
                else:
                    self.server.begun(self, request)
        except strict.Violation as violation:
            self.server.violations.append(f"{violation} in {data[:400]!r}")
            self.finish()

    def send(self, data):
        self.socket.setblocking(True)
        with contextlib.suppress(ConnectionError, OSError):
            self.socket.sendall(data)
        with contextlib.suppress(OSError):
            self.socket.setblocking(False)

    def finish(self, resets=False):
        if self.ended:
            return
        self.ended = True
        self.server.engine.remove(self)
        if resets:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()


class Server:
    """The upstream. A subclass says what to answer; requests of the beat are answered here."""

    def __init__(self, engine):
        self.engine, self.violations, self.by_peer = engine, [], {}
        # The gateway's name in Via, as the first beat tells it.
        self.pseudonym = b""
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.authority = f"127.0.0.1:{self.port}".encode()
        engine.add(self)

    def readable(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                UpstreamEnd(self, self.socket.accept()[0])

    def begun(self, end, request):
        job = self.by_peer.get(request.peer)
        if job:
            job.stir()
            job.begun(end, request)

    def asked(self, end, request):
        if request.target == b"/beat":
            self.pseudonym = request.values(b"via")[-1].split(b" ")[1]
            return end.send(b"HTTP/1.1 204 x\r\n\r\n")
        job = self.by_peer.get(request.peer)
        if job is None:
            return self.violations.append(f"a request of nobody: {request.head[:300]!r}")
        job.stir()
        job.asked(end, request)

    def left(self, end, partial):
        if partial is not None and (job := self.by_peer.get(partial.peer)):
            job.stir()
            job.cut_short(partial)


class Engine:
    def __init__(self):
        self.epoll, self.handlers, self.number, self.beats = select.epoll(), {}, 0, 0
        self.pulse = None

    def add(self, handler):
        descriptor = handler.socket.fileno()
        self.handlers[descriptor] = handler
        self.epoll.register(descriptor, select.EPOLLIN)

    def remove(self, handler):
        descriptor = handler.socket.fileno()
        if self.handlers.pop(descriptor, None):
            self.epoll.unregister(descriptor)

    def poll(self, seconds):
        for descriptor, _ in self.epoll.poll(seconds):
            handler = self.handlers.get(descriptor)
            if handler:
                handler.readable()

    def beat(self, port):
        """Returns when the gateway has read everything that was written before."""
        if self.pulse is None or self.pulse.ended:
            self.pulse = Client(self, port, "127.0.0.1")
        before = len(self.pulse.received)
        self.pulse.send(b"GET /beat HTTP/1.1\r\nHost: gw.test\r\n\r\n")
        waited = 0
        while b"\r\n\r\n" not in self.pulse.received[before:]:
            if self.pulse.ended or waited > 400:
                raise RuntimeError(f"the gateway does not answer: {self.pulse.received!r}")
            waited += 1
            self.poll(0.05)
        self.pulse.received = b""
        self.beats += 1

    def run(self, jobs, server, port):
        """Runs `jobs`, each to its end; a job has `start(engine, number)`, `step()`, `finish()`."""
        waiting, active = collections.deque(jobs), []
        while waiting or active:
            for _ in range(min(OPENED_IN_A_BEAT, len(waiting), ACTIVE_MOST - len(active))):
                job = waiting.popleft()
                self.number += 1
                address = source(self.number)
                server.by_peer[address] = job
                job.address = address
                job.start(self)
                active.append(job)
            self.beat(port)
            going = []
            for job in active:
                if job.step():
                    going.append(job)
                else:
                    job.finish()
                    server.by_peer.pop(job.address, None)
            active = going
