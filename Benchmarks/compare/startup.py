"""From the start of the process to the first answer, and its memory when nothing happens."""

import socket
import time

from bench import Bench
from figures import median
from load import message

STARTS = 20
LIMIT_MS, LIMIT_MIB = 150.0, 40.0


def run(bench: Bench) -> None:
    """With the plugins of the authenticated scenarios, and a request that they let through."""
    request = message(bench.keys.token("user-1")).encode()
    times: list[float] = []
    memory: list[float] = []
    with bench.upstream() as upstream:
        for number in range(STARTS):
            peer = bench.gatehouse(True)
            start = time.monotonic()
            try:
                peer.start(upstream.port, bench.keys, waits=False)
                _first_answer(peer.port, request, start + 20)
                times.append((time.monotonic() - start) * 1000)
                if number < 3:
                    time.sleep(1)
                    memory.append(peer.rss_kib() / 1024)
            finally:
                peer.stop()
    print(f"\n## start: {STARTS} times\n")
    print(f"first answer after {median(times):.0f} ms ({min(times):.0f} to {max(times):.0f}), "
          f"RSS idle {median(memory):.1f} MiB", flush=True)
    bench.row("start", peer="gatehouse", first_answer_ms=median(times), idle_mib=median(memory))
    bench.add("start", "to the first answer (median of 20)", median(times), "ms", LIMIT_MS,
              tolerance=1)
    bench.add("start", "RSS idle, both plugins", median(memory), "MiB", LIMIT_MIB, tolerance=1)


def _first_answer(port: int, request: bytes, end: float) -> None:
    """Asks until it is served."""
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(request)
                answer = connection.recv(4096)
        except OSError:
            time.sleep(0.001)
            continue
        if answer.startswith(b"HTTP/1.1 200 "):
            return
        if not answer.startswith(b"HTTP/1.1 503 "):
            raise RuntimeError(f"the first answer is {answer[:200]!r}")
        time.sleep(0.001)
    raise RuntimeError("not served within 20 s")
