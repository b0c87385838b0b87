"""Back-pressure: a slow reader on one side holds at most the configured buffer on the other, for
bodies of any size (256 KiB: ProxyLimits.bufferedBytesHigh). The rest stays with the kernel and with
who sends."""

import contextlib
import select
import socket
import threading
import time
from pathlib import Path

import pytest

from faults.client import Client
from faults.origin import Origin
from faults.scene import scene

MIB = 1 << 20
GIB = 1 << 30
BLOCK = bytes(1 << 18)
KINDS = ["length", "chunked", "events"]
# Sockets of the tests that do not grow: what is between the two ends is the gateway's.
SMALL = 32 << 10


def kernel_bytes():
    """What the gateway's two sockets of one exchange can hold at most: tcp(7)."""
    return sum(
        int(Path(f"/proc/sys/net/ipv4/{name}").read_text().split()[2])
        for name in ("tcp_rmem", "tcp_wmem")
    )


def framed(kind, block):
    return block if kind == "length" else b"%x\r\n%s\r\n" % (len(block), block)


def blocks(kind):
    """One piece of a body; events are small."""
    return framed(kind, b"data: " + bytes(1000) + b"\n\n" if kind == "events" else BLOCK)


def framing(kind, size):
    if kind == "length":
        return b"Content-Length: %d\r\n" % size
    lines = b"Transfer-Encoding: chunked\r\n"
    return lines + (b"Content-Type: text/event-stream\r\n" if kind == "events" else b"")


class Flow:
    """One end sends without pause and counts what its kernel took; the other reads as told."""

    def __init__(self, kind, size):
        self.kind, self.size = kind, size
        self.sent = self.received = 0
        self.over = threading.Event()

    def pour(self, sock):
        sock.settimeout(0.2)
        piece = blocks(self.kind) * (64 if self.kind == "events" else 1)
        rest = memoryview(piece)
        with contextlib.suppress(OSError):
            while not self.over.is_set() and self.sent < self.size:
                with contextlib.suppress(TimeoutError):
                    count = sock.send(rest)
                    self.sent += count
                    rest = rest[count:] if count < len(rest) else memoryview(piece)
            if self.sent >= self.size and self.kind != "length":
                sock.settimeout(5)
                sock.sendall(bytes(rest) if len(rest) < len(piece) else b"")
                sock.sendall(b"0\r\n\r\n")

    def drink(self, sock, rate=None, seconds=None, until=None):
        """Reads at `rate` bytes a second for `seconds`, or without pause `until` so many came."""
        started, buffer = time.monotonic(), bytearray(1 << 18)
        while until is None or self.received < until:
            passed = time.monotonic() - started
            if seconds and passed > seconds:
                return
            if rate and self.received > rate * passed:
                time.sleep(0.005)
                continue
            want = min(len(buffer), max(4096, (rate or len(buffer)) // 100))
            if select.select([sock], [], [], 0.2)[0]:
                count = sock.recv_into(buffer, want)
                if not count:
                    return
                self.received += count


@contextlib.contextmanager
def flowing(folder, direction, kind, size, buffers=SMALL):
    """The gateway with one exchange in the middle of its body: the flow, the socket of the end that
    reads, and the scene."""
    flow = Flow(kind, size)
    ends = {}

    def handle(peer):
        peer.head()
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        ends["origin"] = peer
        peer.origin.tell("ready")
        if direction == "down":
            peer.send(b"HTTP/1.1 200 OK\r\n" + framing(kind, size) + b"\r\n")
            flow.pour(peer.sock)
        flow.over.wait(60)

    origin = Origin(handle, receive_buffer=buffers)
    long = {"write": "30s", "requestBody": "30s", "response": "30s"}
    with scene(folder, origin=origin, timeouts=long) as here:
        client = Client(here.port, receive_buffer=buffers, send_buffer=buffers)
        if direction == "down":
            client.request("/x")
        else:
            client.send(b"POST /x HTTP/1.1\r\nHost: a\r\n" + framing(kind, size) + b"\r\n")
        origin.wait_for(lambda o: o.notes)
        pouring = threading.Thread(target=flow.pour, args=[client.sock], daemon=True)
        if direction == "up":
            pouring.start()
        reader = client.sock if direction == "down" else ends["origin"].sock
        try:
            yield flow, reader, here
        finally:
            flow.over.set()
            if direction == "up":
                pouring.join(5)
            client.close()


def steady(flow, seconds=30):
    """What was taken of the sender when nothing more was for half a second."""
    deadline, last, since = time.monotonic() + seconds, -1, time.monotonic()
    while time.monotonic() < deadline:
        if flow.sent != last:
            last, since = flow.sent, time.monotonic()
        if time.monotonic() - since > 0.5:
            return last
        time.sleep(0.02)
    raise AssertionError(f"never held: {flow.sent} bytes and more")


@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_reads(tmp_path, direction, kind):
    """Of a body of 1 GiB the sender gets rid of what kernel buffers hold and the gateway's own."""
    with flowing(tmp_path, direction, kind, GIB) as (flow, _, here):
        before = here.proxy.resident_bytes()
        taken = steady(flow)
        assert taken <= kernel_bytes() + 4 * SMALL + (1 << 20), taken
        # The gateway's part of it, with what a loop reads in one turn.
        assert here.proxy.resident_bytes() - before <= 2 * MIB
        with here.idle_processor(0.1):
            time.sleep(0.5)


@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_side_reads_slowly(tmp_path, direction, kind):
    """A few MiB a second of a body of 1 GiB, for a second and a half: the sender is never further
    ahead than the buffers, and the gateway does not grow."""
    with flowing(tmp_path, direction, kind, GIB) as (flow, reader, here):
        reading = threading.Thread(
            target=flow.drink, args=[reader], kwargs={"rate": 16 * MIB, "seconds": 1.5}
        )
        time.sleep(0.1)
        before = here.proxy.resident_bytes()
        reading.start()
        ahead, grown = 0, 0
        while reading.is_alive():
            ahead = max(ahead, flow.sent - flow.received)
            grown = max(grown, here.proxy.resident_bytes() - before)
            time.sleep(0.02)
        assert flow.received > MIB, flow.received
        assert ahead <= kernel_bytes() + 4 * SMALL + (1 << 20), ahead
        assert grown <= 3 * MIB, grown


@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_a_gibibyte_passes(tmp_path, direction, kind):
    """Both sides as fast as they can: all of it arrives, and the gateway does not grow with it."""
    with flowing(tmp_path, direction, kind, GIB, buffers=1 << 20) as (flow, reader, here):
        before, most = here.proxy.resident_bytes(), 0
        drinking = threading.Thread(target=flow.drink, args=[reader], kwargs={"until": GIB})
        drinking.start()
        while drinking.is_alive():
            most = max(most, here.proxy.resident_bytes() - before)
            time.sleep(0.05)
        assert flow.received >= GIB
        assert most <= 8 * MIB, most


def test_many_who_do_not_read(tmp_path):
    """100 streams that nobody reads, whose origin has sent everything and closed: what the kernel
    held of them is read at its end, so a stream costs the receive buffer once more at the most."""
    size = 4 * MIB

    def handle(peer):
        peer.head()
        peer.sock.settimeout(3)
        with contextlib.suppress(OSError):
            peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size)
            peer.send(bytes(size))

    with scene(tmp_path, handle, timeouts={"write": "30s"}) as here:
        before = here.settled()
        clients = [Client(here.port, receive_buffer=4096) for _ in range(100)]
        for client in clients:
            client.request("/x")
        here.settled(20)
        grown = here.proxy.resident_bytes() - before.resident
        # High water, a turn's reads, and what the receive buffer had of it.
        assert grown / 100 <= 768 << 10, f"{grown / 100:.0f} bytes a stream"
        for client in clients:
            client.close()
        here.settled(20)
        assert here.settled().held == before.held
        here.must_work()
