"""F11 to F14: upstreams that send without measure, do not read, or answer too early."""

import contextlib
import select

import pytest

from faults.client import Client, ask
from faults.origin import Origin
from faults.scene import scene

MIB = 1 << 20


def test_f11_a_flood_of_interim_responses(tmp_path):
    """Bounded in number, then 502; the origin cannot go on."""

    def handle(peer):
        peer.head()
        flood = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 1000:
                peer.send(flood)
                sent += 1
        peer.origin.tell(sent)

    with scene(tmp_path, handle) as here:

        def fault():
            here.origin.notes = []
            with Client(here.port) as client:
                client.request("/x")
                data = client.until(b" 502 ")
                assert data.count(b"HTTP/1.1 103 ") <= 32
            here.origin.wait_for(lambda o: o.notes)
            assert here.origin.notes[0] < 1000, "all of a million were taken"

        here.prove(fault)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"X-Long: " + b"a" * (10 * MIB) + b"\r\n", id="10 MiB"),
        pytest.param(b"X-Field: a\r\n" * 100_000, id="100,000 fields"),
        pytest.param(b"a" * (2 * MIB), id="no colon"),
    ],
)
def test_f12_a_head_without_measure(tmp_path, head):
    """502, and no more memory than the bound on heads."""

    def handle(peer):
        peer.head()
        with contextlib.suppress(OSError):
            peer.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        peer.wait_closed(5)

    with scene(tmp_path, handle) as here:

        def fault():
            replies = [here.ask() for _ in range(5)]
            assert [reply.status for reply in replies] == [502] * 5
            assert all(len(reply.raw) < 1000 for reply in replies)

        here.prove(fault)


def test_f13_an_upstream_that_does_not_read_the_body(tmp_path):
    """The client's upload is held after a bounded amount; then 504, and nothing is kept."""

    def handle(peer):
        peer.head()
        # Nothing is read any more, and the gateway ends it.
        peer.origin.wait_for(lambda o: o.notes, 20)

    origin = Origin(handle, receive_buffer=4096)
    with scene(tmp_path, origin=origin) as here:

        def fault():
            here.origin.notes = []
            with Client(here.port, send_buffer=4096) as client:
                client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n")
                taken = 0
                # Behind the answer the gateway reads on for a while (RFC 9112 §9.6).
                while True:
                    readable, writable, _ = select.select([client.sock], [client.sock], [], 10)
                    if readable:
                        break
                    assert writable, "neither an answer nor room"
                    taken += client.sock.send(bytes(4096))
                # The gateway's buffer and those of four sockets, not the body.
                assert taken < 8 * MIB, taken
                reply = client.reply()
                assert reply.status == 504, reply.raw
            here.origin.tell("over")

        here.prove(fault)


def test_f14_an_answer_before_the_body_has_come(tmp_path):
    """The answer is relayed; a connection with an unread body carries nothing more."""

    def handle(peer):
        peer.head()
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        peer.origin.tell(("closed", peer.wait_closed(10)))

    with scene(tmp_path, handle) as here:

        def fault():
            here.origin.notes = []
            before = here.origin.accepted
            with Client(here.port) as client:
                client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n")
                client.send(bytes(100_000))
                reply = client.reply()
                assert (reply.status, reply.body) == (413, b"big"), reply.raw
                with contextlib.suppress(ConnectionError):
                    for _ in range(100):
                        client.send(bytes(1 << 20))
                assert client.ending() in ("fin", "rst")
            here.origin.wait_for(lambda o: ("closed", True) in o.notes)
            # Neither half is used again: the next request is on a new connection.
            assert ask(here.port, "/x").status == 413
            assert here.origin.accepted == before + 2

        here.prove(fault)
