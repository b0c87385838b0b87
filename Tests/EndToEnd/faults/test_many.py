"""F65 to F67: many streams, many requests on a connection, many pieces of one."""

import threading
import time

from faults.client import Client
from faults.origin import OK
from faults.scene import scene
from faults.sparse import many_streams

MIB = 1 << 20


def test_f65_eight_thousand_idle_streams(tmp_path):
    """Memory for each stream is bounded, none costs work while it is silent, an event reaches all,
    and afterwards everything is given back."""
    count = 8000
    with (
        many_streams() as streams,
        scene(
            tmp_path,
            port=streams.port,
            limits={"maxUpstreamConnections": count + 10, "maxConnections": 4 * count},
            timeouts={"responseBody": "off", "response": "30s"},
        ) as here,
    ):
        # Once with a few, so that what is made only once is made.
        streams.open(here.port, 50)
        streams.close()
        before = here.settled()
        streams.open(here.port, count)
        grown = here.proxy.resident_bytes() - before.resident
        per_stream = grown / count
        assert per_stream <= 32 << 10, f"{per_stream:.0f} bytes a stream"
        used, started = here.cpu_seconds(), time.monotonic()
        time.sleep(1.0)
        share = (here.cpu_seconds() - used) / (time.monotonic() - started)
        assert share < 0.10, f"{share:.2f} of a processor for idle streams"
        assert streams.heartbeat() == count
        streams.close()
        # What the allocator keeps for the next 8,000 is not lost: further rounds need no more.
        rounds = []
        for _ in range(2):
            after = here.settled(30)
            assert after.held == before.held, (before.held, after.held)
            streams.open(here.port, count)
            rounds.append(here.proxy.resident_bytes() - before.resident)
            streams.close()
        assert rounds[1] <= rounds[0] * 1.05 + 2 * MIB, (grown, rounds)
        here.must_work()


def test_f66_a_thousand_pipelined_requests(tmp_path):
    """Answered in order, one at a time; an error ends it."""
    at_once = []

    def handle(peer):
        while (head := peer.head()) is not None:
            with peer.origin.changed:
                at_once.append(peer.origin.open)
            path = head.split(b" ")[1]
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))

    with scene(tmp_path, handle) as here:

        def fault():
            at_once.clear()
            with Client(here.port) as client:
                text = b"".join(
                    b"GET /x/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(1000)
                )
                sender = threading.Thread(target=client.send, args=[text])
                sender.start()
                for number in range(1000):
                    reply = client.reply()
                    assert reply.body == b"/x/%d" % number, reply.raw
                sender.join()
            assert max(at_once) == 1

        here.prove(fault)

        seen = len(here.origin.heads)
        with Client(here.port) as client:
            good = b"GET /x/a HTTP/1.1\r\nHost: a\r\n\r\n"
            client.send(good * 3 + b"GET /x HTTP/1.1\r\nHost : a\r\n\r\n" + good * 3)
            assert [client.reply().status for _ in range(3)] == [200] * 3
            reply = client.reply()
            assert reply.status == 400 and reply.one("connection") == "close"
            assert client.ending() in ("fin", "rst")
        assert len(here.origin.heads) == seen + 3, "nothing behind the error is forwarded"


def test_f67_every_split_point(tmp_path):
    """A request that uses most of the syntax, cut at every byte, and byte by byte: the same bytes
    are forwarded each time. The rows of the corpus are cut by the wire tests."""
    request = (
        b"POST /x/a?b=c HTTP/1.1\r\nHost: gw.test\r\nX-A: 1\r\nX-B:\t2 \r\nConnection: x-drop\r\n"
        b"X-Drop: gone\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
        b"3;a=b\r\nabc\r\n0a\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"
    )
    bodies = []

    def handle(peer):
        while (head := peer.head()) is not None:
            body = b""
            while not body.endswith(b"\r\n\r\n"):
                assert peer.rest or peer._more()
                body, peer.rest = body + peer.rest, b""
            bodies.append((head, joined(body)))
            peer.send(OK)

    with scene(tmp_path, handle, timeouts={"upstreamIdle": "5s"}) as here:
        with Client(here.port) as client:
            for cut in range(len(request)):
                client.send(request[:cut])
                if cut % 7 == 0:
                    time.sleep(0.0005)
                client.send(request[cut:])
                assert client.reply().status == 200
            for byte in request:
                client.send(bytes([byte]))
            assert client.reply().status == 200
        heads = {head for head, _ in bodies}
        assert len(bodies) == len(request) + 1 and len(heads) == 1, heads
        assert {body for _, body in bodies} == {b"abc0123456789"}
        assert b"gone" not in heads.pop()


def joined(body):
    """The data of chunks, however they were cut."""
    data = b""
    while body:
        line, _, body = body.partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return data
        data, body = data + body[:size], body[size + 2 :]
    return data
