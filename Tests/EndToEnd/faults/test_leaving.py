"""F63, F64: clients that leave, and clients that only say that this was all."""

import contextlib
import threading
import time

import pytest
from support.upstream import BLOCK

from faults.client import Client
from faults.origin import OK
from faults.scene import scene

MIB = 1 << 20

EVENTS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"7\r\ndata: \n\r\n"
)


def leaving(how):
    def leave(client):
        {"FIN": client.close, "RST": client.reset}[how]()

    return leave


@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("when", ["waiting", "streaming", "chattering", "uploading"])
def test_f63_a_client_that_leaves(tmp_path, how, when):
    """The upstream is cancelled within a second; the record says who left."""

    def handle(peer):
        peer.head()
        if when in ("streaming", "chattering"):
            peer.send(EVENTS)
        if when == "chattering":
            threading.Thread(target=chatter, args=[peer], daemon=True).start()
        closed = peer.wait_closed(10)
        peer.origin.tell((time.monotonic(), closed))

    def chatter(peer):
        with contextlib.suppress(OSError):
            while True:
                peer.send(b"3\r\n:\n\n\r\n")
                time.sleep(0.05)

    with scene(tmp_path, handle, timeouts={"response": "20s", "requestBody": "20s"}) as here:

        def fault():
            here.origin.notes = []
            seen = len(here.origin.heads)
            client = Client(here.port)
            if when == "uploading":
                client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
            else:
                client.request("/x")
            here.origin.wait_for(lambda o: len(o.heads) == seen + 1)
            if when in ("streaming", "chattering"):
                client.until(b"data: \n\r\n")
            left = time.monotonic()
            leaving(how)(client)
            here.origin.wait_for(lambda o: o.notes)
            at, closed = here.origin.notes[0]
            assert closed and at - left < 1.0, at - left
            here.record(outcome="clientGone", path="/x")

        here.prove(fault)


def test_f64_half_close_behind_a_request(tmp_path):
    """Still interested: at once, after a while, with a body, with more requests behind it."""

    def handle(peer):
        while (head := peer.head()) is not None:
            if b"slow" in head:
                peer.origin.wait_for(lambda o: "go" in o.notes, 10)
            if b"POST" in head:
                peer.body(5)
            peer.send(OK)

    with scene(tmp_path, handle, timeouts={"response": "10s"}) as here:

        def fault():
            here.origin.notes = []
            for path, method, body in (("/x", "GET", None), ("/x", "POST", b"hello")):
                with Client(here.port) as client:
                    reply = client.request(path, method, body).half_close().reply()
                    assert (reply.status, reply.body) == (200, b"ok"), reply.raw
                    assert client.ending() == "fin"
            with Client(here.port) as client:
                for _ in range(20):
                    client.request("/x")
                client.half_close()
                assert [client.reply().status for _ in range(20)] == [200] * 20
                assert client.ending() == "fin"
            with Client(here.port) as client:
                client.request("/x/slow").half_close()
                # An interim response finds out whether it is there; it is.
                assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                here.origin.tell("go")
                assert client.reply().body == b"ok"
                assert client.ending() == "fin"

        here.prove(fault)


def test_f64_half_close_within_a_response_that_goes_on(tmp_path):
    """The bytes of the body find out that it is there."""
    size = 8 * MIB

    def handle(peer):
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(BLOCK)):
            peer.send(BLOCK)
            time.sleep(0.005)

    with scene(tmp_path, handle) as here:

        def fault():
            with Client(here.port) as client:
                client.request("/x")
                data = client.until(b"\r\n\r\n")
                assert b" 200 " in data
                client.half_close()
                count = len(client.rest)
                while count < size:
                    part = client.sock.recv(1 << 16)
                    assert part, count
                    count += len(part)
                assert client.ending() == "fin"

        here.prove(fault)


def test_f64_half_close_without_a_request(tmp_path):
    """Closed at once: nothing can come any more."""
    with scene(tmp_path) as here:

        def fault():
            clients = [Client(here.port) for _ in range(50)]
            started = time.monotonic()
            for number, client in enumerate(clients):
                if number % 2:
                    assert client.request("/x").reply().status == 200
                if number % 5 == 0:
                    client.send(b"GET /x HTTP/1.1\r\nHo")
                client.half_close()
            for client in clients:
                assert client.ending() in ("fin", "rst")
                client.close()
            assert time.monotonic() - started < 3

        here.prove(fault)
