"""The faults that scripts/soak mixes in: each is one short scene with a client and an origin, and
what the gateway must make of it."""

import contextlib
import random
import socket
import time

from faults.client import Client, ask
from faults.origin import OK, Origin

MIB = 1 << 20


def behave(peer):
    """The origin: the path says what it does."""
    while (head := peer.head()) is not None:
        path = head.split(b" ")[1].decode()
        act = ACTS.get(path.split("?")[0].rpartition("/")[2])
        if act is None:
            peer.send(OK)
        elif act(peer) is None:
            return


def cut(peer):
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789")


def reset(peer):
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n0123456789")
    peer.reset()


def silent(peer):
    peer.wait_closed(20)


def garbage(peer):
    peer.send(random.randbytes(200) + b"\r\n\r\n")


def surplus(peer):
    peer.send(OK + OK)
    peer.wait_closed(5)


def late(peer):
    peer.send(OK)
    time.sleep(0.05)
    with contextlib.suppress(OSError):
        peer.send(OK)
        peer.wait_closed(5)


def gone(peer):
    """Ends as the next request comes."""
    peer.send(OK)
    peer.head()


def flood(peer):
    with contextlib.suppress(OSError):
        for _ in range(100):
            peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


def long_head(peer):
    with contextlib.suppress(OSError):
        peer.send(b"HTTP/1.1 200 OK\r\nX: " + b"a" * MIB)


def upload(peer):
    if len(peer.body(10)) == 10:
        peer.send(OK)


def large(peer):
    with contextlib.suppress(OSError):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        for _ in range(64):
            peer.send(bytes(MIB))


def events(peer):
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
    peer.wait_closed(30)


ACTS = {
    act.__name__: act
    for act in (
        cut,
        reset,
        silent,
        garbage,
        surplus,
        late,
        gone,
        flood,
        long_head,
        upload,
        large,
        events,
    )
}


def answers(path, *statuses, method="GET", body=None):
    """A fault that is only a request and what comes back."""

    def play(port):
        reply = ask(port, path, method, body)
        return reply.status, reply.status in statuses

    return play


def cut_short(path):
    def play(port):
        reply = ask(port, path)
        return reply.status, reply.status in (200, 502) and not (
            reply.status == 200 and reply.is_complete
        )

    return play


def client_leaves(how):
    def play(port):
        client = Client(port)
        client.request("/bad/events")
        client.until(b"data: 1\n\n")
        client.reset() if how == "RST" else client.close()
        return 200, True

    return play


def half_close(port):
    with Client(port) as client:
        reply = client.request("/bad/fine").half_close().reply()
        return reply.status, reply.status == 200 and client.ending() == "fin"


def slow_head(port):
    with Client(port, seconds=30) as client:
        client.send(b"GET /bad/fine HTTP/1.1\r\nHo")
        reply = client.reply()
        return reply.status, reply.status in (408, 0)


def slow_body(port):
    with Client(port) as client:
        client.send(b"POST /bad/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        reply = client.reply()
        return reply.status, reply.status == 408


def slow_reader(port):
    clients = [Client(port, receive_buffer=4096) for _ in range(5)]
    for client in clients:
        client.request("/bad/large")
        client.until(b"\r\n\r\n")
    time.sleep(1.5)
    for client in clients:
        client.close()
    return 200, True


def malformed(port):
    statuses = []
    for text in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /bad/fine HTTP/1.1\r\nHost : a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        random.randbytes(300) + b"\r\n\r\n",
    ):
        with Client(port) as client:
            client.send(text)
            statuses.append(client.reply().status)
    return statuses[0], all(status in (400, 0, 501, 505) for status in statuses)


def pipelined(port):
    with Client(port) as client:
        client.send(b"GET /bad/fine HTTP/1.1\r\nHost: a\r\n\r\n" * 50)
        statuses = {client.reply().status for _ in range(50)}
        return 200, statuses == {200}


def many_connections(port):
    clients = []
    for _ in range(300):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
        clients.append(sock)
    time.sleep(0.1)
    for sock in clients:
        sock.close()
    return 200, True


# What spoils a kept connection for the next request has an origin of its own: /late, /race.
MISDEEDS = {
    "F01 refused": answers("/closed", 502, 503),
    "F03 never answers": answers("/bad/silent", 504, method="POST", body=b"x"),
    "F05 cut short": cut_short("/bad/cut"),
    "F06 reset": cut_short("/bad/reset"),
    "F07 garbage": answers("/bad/garbage", 502),
    "F08 surplus": answers("/late/surplus", 200),
    "F09 late bytes": answers("/late/late", 200),
    "F10 race": answers("/race/gone", 200),
    "F10 race, POST": answers("/race/gone", 200, 502, method="POST", body=b"x"),
    "F11 1xx flood": answers("/bad/flood", 502),
    "F12 long head": answers("/bad/long_head", 502),
    "F30 connections": many_connections,
    "F60 slow head": slow_head,
    "F61 slow body": slow_body,
    "F62 slow reader": slow_reader,
    "F63 leaves, FIN": client_leaves("FIN"),
    "F63 leaves, RST": client_leaves("RST"),
    "F64 half-close": half_close,
    "F66 pipelined": pipelined,
    "malformed": malformed,
    "F70 too large": answers("/bad/fine", 413, method="POST", body=bytes(3 * MIB)),
}


def origin():
    return Origin(behave)
