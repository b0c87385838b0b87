"""F03 to F10: an upstream that is slow, lies, or leaves."""

import contextlib
import time

import pytest
from support.gateway import route

from faults.client import Client
from faults.origin import OK, answering
from faults.scene import scene

MIB = 1 << 20


def test_f03_accepts_and_never_answers(tmp_path):
    """504 after the time for a head; the connection is closed, and a POST is not sent twice."""

    def handle(peer):
        peer.head()
        peer.origin.tell(("closed", peer.wait_closed()))

    with scene(tmp_path, handle) as here:

        def fault():
            before = len(here.origin.heads)
            for body in (None, b"abc"):
                reply = here.ask(method="POST" if body else "GET", body=body)
                assert reply.status == 504 and 0.5 < reply.seconds < 2.5, reply.seconds
            here.origin.wait_for(lambda o: len(o.notes) == len(o.heads) == before + 2)
            assert all(note == ("closed", True) for note in here.origin.notes)

        here.prove(fault)
        assert here.record(status=504)["outcome"] == "timeout"


def test_f04_an_upstream_that_drips(tmp_path):
    """An event stream has no total time; silence ends it only where a route says so."""

    def handle(peer):
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        peer.send(b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(8):
            time.sleep(0.3)
            peer.send(b"3\r\n:\n\n\r\n")
        if peer.rest == b"":
            peer.wait_closed()

    with scene(tmp_path, handle) as here:
        watched = route("/watched", here.origin.port)
        watched["timeouts"] = {"responseBody": "900ms"}

        def drips():
            with Client(here.port) as client:
                client.request("/x")
                assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
                for _ in range(8):
                    client.until(b":\n\n")

        here.prove(drips)
    folder = tmp_path / "watched"
    folder.mkdir()
    with scene(folder, handle, timeouts={"responseBody": "900ms"}) as here:
        reply = here.ask()
        # All that came is there; then it was silent for longer than the route allows.
        assert reply.status == 200 and reply.body == b":\n\n" * 8 and not reply.is_complete
        assert here.record(path="/x")["outcome"] == "timeout"


BROKEN = {
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789", b"0123456789"),
    "within a chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n0123456789",
        b"0123456789",
    ),
    "before the last chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n",
        b"0123456789",
    ),
}


def check_cut_short(here, answer, body):
    reply = here.ask()
    assert reply.status == 200 and not reply.is_complete, reply.raw
    assert body.startswith(reply.body), reply.body
    assert not reply.raw.endswith(b"0\r\n\r\n")
    record = here.record(path="/x", outcome="upstreamFailed")
    assert record["status"] == 200 and record["reason"], record


@pytest.mark.parametrize("how", BROKEN)
def test_f05_fin_within_the_body(tmp_path, how):
    """What is cut short looks so: no last chunk, no padding; the record says it."""
    answer, body = BROKEN[how]

    def handle(peer):
        peer.head()
        peer.send(answer)

    with scene(tmp_path, handle) as here:
        here.prove(lambda: check_cut_short(here, answer, body))


@pytest.mark.parametrize("how", BROKEN)
def test_f06_rst_within_the_body(tmp_path, how):
    answer, body = BROKEN[how]

    def handle(peer):
        peer.head()
        peer.send(answer)
        # The bytes first, so that RST does not overtake them.
        peer.origin.wait_for(lambda o: o.notes, 5)
        peer.reset()

    with scene(tmp_path, handle) as here:

        def fault():
            before = len(here.origin.heads)
            here.origin.notes = []
            with Client(here.port) as client:
                client.request("/x")
                client.until(b"0123456789")
                here.origin.tell("seen")
                assert client.ending() in ("fin", "rst")
            here.record(path="/x", outcome="upstreamFailed", status=200)
            assert len(here.origin.heads) == before + 1, "asked again after a byte was sent"

        here.prove(fault)


def test_f06_rst_within_a_body_that_the_end_delimits(tmp_path):
    """A reset is no end of a body (RFC 9112 §8): not even to a client of HTTP/1.0."""

    def handle(peer):
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n0123456789")
        peer.origin.wait_for(lambda o: o.notes, 5)
        peer.reset()

    with scene(tmp_path, handle) as here:

        def fault():
            for version in (b"1.0", b"1.1"):
                here.origin.notes = []
                with Client(here.port) as client:
                    client.send(b"GET /x HTTP/" + version + b"\r\nHost: a\r\n\r\n")
                    client.until(b"0123456789")
                    here.origin.tell("seen")
                    client.sock.settimeout(10)
                    rest = b""
                    with contextlib.suppress(ConnectionError):
                        while part := client.sock.recv(1000):
                            rest += part
                        assert version == b"1.1", "a clean end"
                    assert not rest.endswith(b"0\r\n\r\n"), rest

        here.prove(fault)


GARBAGE = {
    "text": b"garbage\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "TLS record": b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(120),
    "HTTP/2 settings": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "zeros": bytes(10_000),
    "nothing": b"",
    "half a line": b"HTTP/1.1 200 O",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
}


@pytest.mark.parametrize("what", GARBAGE)
def test_f07_garbage_instead_of_a_response(tmp_path, what):
    """502; none of it reaches the client."""

    def handle(peer):
        peer.head()
        peer.send(GARBAGE[what])

    with scene(tmp_path, handle) as here:

        def fault():
            reply = here.ask(method="POST", body=b"a")
            assert reply.status == 502 and reply.is_complete, reply.raw
            assert reply.one("content-type") == "application/problem+json"
            if GARBAGE[what]:
                assert GARBAGE[what][:5] not in reply.body

        here.prove(fault)
        assert here.origin.accepted == 2, "asked twice"


def test_f08_more_than_the_response(tmp_path):
    """The response is delivered, the connection is not used again, and the record tells."""
    with scene(
        tmp_path, answering(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    ) as here:

        def fault():
            before = here.origin.accepted
            with Client(here.port) as client:
                for _ in range(5):
                    reply = client.request("/x").reply()
                    assert (reply.status, reply.body) == (200, b"ok"), reply.raw
            assert here.origin.accepted == before + 5
            here.origin.wait_for(lambda o: o.open == 0)

        here.prove(fault)
        assert "more" in here.record(path="/x", status=200)["reason"]


@pytest.mark.parametrize(
    "more", [b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", OK, b"\n"]
)
def test_f09_a_response_that_nobody_asked_for(tmp_path, more):
    """An idle connection on which bytes come is closed, and no request ever gets them."""

    def handle(peer):
        peer.head()
        peer.send(OK)
        peer.origin.wait_for(lambda o: o.notes, 5)
        peer.send(more)
        peer.origin.tell(("closed", peer.wait_closed(5)))

    with scene(tmp_path, handle, timeouts={"upstreamIdle": "30s"}) as here:

        def fault():
            here.origin.notes = []
            before = here.origin.accepted
            assert here.ask().body == b"ok"
            here.origin.tell("answered")
            here.origin.wait_for(lambda o: ("closed", True) in o.notes)
            reply = here.ask()
            assert (reply.status, reply.body) == (200, b"ok")
            assert here.origin.accepted == before + 2
            here.origin.wait_for(lambda o: o.open == 0)

        here.prove(fault)


def racing(peer):
    """Answers the first request of a connection; the end comes when the next is written."""
    peer.head()
    peer.send(OK)
    peer.head()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PUT"])
def test_f10_a_kept_connection_ends_as_the_request_is_written(tmp_path, method):
    """One transparent retry on a fresh connection, and only one (RFC 9110 §9.2.2)."""
    with scene(tmp_path, racing, timeouts={"upstreamIdle": "30s"}) as here:

        def fault():
            before, heads = here.origin.accepted, len(here.origin.heads)
            for _ in range(3):
                assert here.ask(method=method).status == 200
            # Each but the first is written to the kept connection, and once more to a new one.
            assert here.origin.accepted - before in (2, 3)
            assert len(here.origin.heads) - heads <= 6

        here.prove(fault, times=2)


def test_f10_the_budget_of_retries_is_kept_and_counted(tmp_path):
    """An upstream that closes each kept connection does not get every request twice."""
    with scene(tmp_path, racing, timeouts={"upstreamIdle": "30s"}) as here:
        statuses = [here.ask().status for _ in range(120)]
        assert set(statuses) == {200, 502}, statuses
        denied = here.metric("gatehouse_upstream_retries_denied_total")
        assert denied == statuses.count(502)
        assert here.metric("gatehouse_upstream_retries_total") == len(here.origin.heads) - 120


def test_f10_a_post_is_never_sent_twice(tmp_path):
    with scene(tmp_path, racing, timeouts={"upstreamIdle": "30s"}) as here:

        def fault():
            assert here.ask().status == 200
            before = here.origin.count("POST")
            assert here.ask(method="POST", body=b"x").status == 502
            here.origin.wait_for(lambda o: o.open == 0)
            assert here.origin.count("POST") == before + 1

        here.prove(fault)
