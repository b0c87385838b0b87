"""F60 to F62, F70: clients that are slow, and what is large but legal."""

import contextlib
import hashlib
import os
import select
import time

from faults.client import Client
from faults.origin import OK
from faults.scene import scene

MIB = 1 << 20


def test_f60_slow_heads(tmp_path):
    """One byte now and then: closed when the time for the head is over, with 408 or without; the
    others are served."""
    with scene(tmp_path) as here:

        def fault():
            clients = [Client(here.port) for _ in range(200)]
            started = time.monotonic()
            text = b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100
            gone = 0
            for byte in text[:15]:
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.send(bytes([byte]))
                time.sleep(0.06)
            for client in clients:
                ending = client.ending(5)
                assert ending in ("fin", "rst"), ending
                gone += 1
                client.close()
            assert gone == 200 and time.monotonic() - started < 5

        here.prove(fault)
        assert not here.origin.heads


def test_f60_a_head_that_never_ends_is_answered_408(tmp_path):
    with scene(tmp_path) as here, Client(here.port) as client:
        client.send(b"GET /x HTTP/1.1\r\nHost:")
        started = time.monotonic()
        reply = client.reply()
        assert reply.status == 408 and reply.one("connection") == "close"
        assert 0.5 < time.monotonic() - started < 2.5
        assert here.record(status=408)["outcome"] == "timeout"


def test_f61_a_slow_body(tmp_path):
    """408 when nothing comes in the time for a piece; the upstream request is ended."""

    def handle(peer):
        peer.head()
        peer.origin.tell(("closed", peer.wait_closed()))

    with scene(tmp_path, handle) as here:

        def fault():
            here.origin.notes = []
            clients = [Client(here.port) for _ in range(20)]
            for client in clients:
                client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
            for client in clients:
                reply = client.reply()
                assert reply.status == 408 and reply.one("connection") == "close", reply.raw
                client.close()
            here.origin.wait_for(lambda o: o.notes.count(("closed", True)) == 20)

        here.prove(fault)


def test_f61_a_body_that_drips(tmp_path):
    """A byte now and then is progress for no time limit, and too little for the least rate."""

    def handle(peer):
        peer.head()
        peer.origin.tell(("closed", peer.wait_closed()))

    with scene(tmp_path, handle) as here:

        def fault():
            here.origin.notes = []
            with Client(here.port) as client:
                client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
                started = time.monotonic()
                with contextlib.suppress(ConnectionError):
                    while not select.select([client.sock], [], [], 0.1)[0]:
                        client.send(b"a")
                        assert time.monotonic() - started < 8
                assert client.reply().status == 408
            here.origin.wait_for(lambda o: ("closed", True) in o.notes)

        here.prove(fault)


def test_f62_a_client_that_does_not_read(tmp_path):
    """The upstream is held after a bounded amount; after the time for writing it is over, and what
    was kept for it is given back."""
    size = 1 << 30
    taken = []

    def handle(peer):
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        sent = 0
        try:
            while True:
                sent += peer.sock.send(bytes(65536))
        except OSError:
            taken.append(sent)
            peer.origin.tell("ended")

    with scene(tmp_path, handle) as here:

        def fault():
            here.origin.notes = []
            taken.clear()
            clients = [Client(here.port, receive_buffer=1024) for _ in range(20)]
            for client in clients:
                client.request("/x")
            here.origin.wait_for(lambda o: len(o.notes) == 20)
            assert max(taken) < 16 * MIB, max(taken)
            for client in clients:
                client.close()
            assert here.record(path="/x")["outcome"] == "timeout"

        here.prove(fault, growth=12 * MIB)


def test_f70_large_but_legal(tmp_path):
    """8,000 octets of target, the most fields, 100 MiB: they pass. One above: 414, 431, 413, and
    the connection closes."""
    size = 100 * MIB
    digests = []

    def handle(peer):
        while (head := peer.head()) is not None:
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                ),
                0,
            )
            digest, left = hashlib.sha256(), length
            while left:
                part = peer.rest or peer.sock.recv(min(left, 1 << 18))
                peer.rest = b""
                assert part
                digest.update(part)
                left -= len(part)
            digests.append((length, digest.hexdigest()))
            peer.send(OK)

    limits = {"maxBody": size, "maxFields": 100, "maxHead": "64KiB", "maxRequestLine": "16KiB"}
    with scene(tmp_path, handle, limits=limits) as here:

        def legal():
            assert here.ask("/x/" + "a" * 7997).status == 200
            assert here.ask("/x", fields=[f"X-{n}: {n}" for n in range(99)]).status == 200
            assert here.ask("/x", fields=["X-Long: " + "a" * 60_000]).status == 200
            digest = hashlib.sha256()
            with Client(here.port) as client:
                client.send(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
                block = os.urandom(MIB)
                for _ in range(size // MIB):
                    digest.update(block)
                    client.send(block)
                assert client.reply().status == 200
            assert digests[-1] == (size, digest.hexdigest())

        def too_much():
            for status, path, fields, method in (
                (414, "/x/" + "a" * 17_000, (), "GET"),
                (431, "/x", [f"X-{n}: {n}" for n in range(101)], "GET"),
                (431, "/x", ["X-Long: " + "a" * 70_000], "GET"),
                (413, "/x", [f"Content-Length: {size + 1}"], "POST"),
            ):
                reply = here.ask(path, method, fields=fields)
                assert reply.status == status and reply.ending in ("fin", "rst"), reply.raw
                assert b"aaaa" not in reply.raw

        here.prove(lambda: (legal(), too_much()), settle=30)
