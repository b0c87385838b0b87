"""Event streams: memory of an idle one, and how late events arrive."""

import json
import pathlib
import time

from bench import Bench
from figures import median
from peers import Peer
from processes import raise_file_limit, stop

IDLE, LIVE = 8000, 1000
#: Events a second on each live stream.
RATE = 10
#: What may come on top of nginx's p99, microseconds.
LATENESS_US = 300.0
ROUNDS = 5
#: As a multiple of nginx's memory: what is allowed where the document names every allocation site.
FALLBACK = 1.15
DOCUMENT = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/performance.md"


def _is_explained() -> bool:
    block = DOCUMENT.read_text().partition("<!-- figures: memory -->")[2].partition("<!-- end -->")
    return block[0].count("\n|") > 5



def memory(bench: Bench) -> None:
    """Resident memory that 8,000 idle streams add, both connections of each."""
    if raise_file_limit() < 2 * IDLE + 500:
        raise RuntimeError(f"{2 * IDLE + 500} open files are needed: raise `ulimit -n`")
    print(f"\n## {IDLE} idle event streams\n")
    each: dict[str, float] = {}
    for peer in [bench.gatehouse(False, streams=IDLE), bench.nginx(IDLE), *bench.envoy(False)]:
        origin, port = bench.tools.stream_origin(IDLE, 0)
        client = None
        try:
            with bench.running([peer], port):
                time.sleep(0.5)
                before = peer.rss_kib()
                client = bench.tools.stream_client(peer.port, IDLE, 0)
                time.sleep(1)
                after = peer.rss_kib()
                each[peer.name] = (after - before) / IDLE
                bench.row("idle streams", peer=peer.name, before_mib=before / 1024,
                          with_mib=after / 1024, each_kib=each[peer.name])
                print(f"{peer.name:24} {before / 1024:8.1f} MiB before, {after / 1024:8.1f} with "
                      f"them: {each[peer.name]:6.2f} KiB each", flush=True)
                stop(client)
        finally:
            if client:
                stop(client)
            stop(origin)
    bench.add("idle streams", f"RSS of an idle stream ({IDLE})", each["gatehouse"], "KiB",
              each["nginx"], fallback=FALLBACK * each["nginx"] if _is_explained() else None)


def _lateness(bench: Bench, peer: Peer) -> dict:
    """One round: the origin begins anew, so that every peer meets it alike."""
    origin, port = bench.tools.stream_origin(LIVE, RATE)
    client = None
    try:
        with bench.running([peer], port):
            client = bench.tools.stream_client(peer.port, LIVE, bench.args.seconds)
            out, _ = client.communicate(timeout=60)
            return json.loads(out)
    finally:
        if client:
            stop(client)
        stop(origin)


def latency(bench: Bench) -> None:
    """From when an event was due at the origin to its arrival at the client."""
    raise_file_limit()
    rows: dict[str, list[dict]] = {"gatehouse": [], "nginx": []}
    for _ in range(ROUNDS):
        for peer in (bench.gatehouse(False, streams=LIVE), bench.nginx(LIVE)):
            rows[peer.name].append(_lateness(bench, peer))
    print(f"\n## events on {LIVE} streams, {RATE} a second on each\n")
    for name, found in rows.items():
        bench.row("live streams", peer=name,
                  **{key: median([r[key] for r in found]) for key in ("p50_us", "p99_us")})
        print(f"{name:24}" + "".join(
            f" {key[:-3]} {median([r[key] for r in found]):7.0f} us"
            for key in ("p50_us", "p99_us", "p999_us"))
            + f", {median([r['rate'] for r in found]):.0f} a second", flush=True)
    p99 = {name: median([r["p99_us"] for r in found]) for name, found in rows.items()}
    bench.add("live streams", "p99 of an event's lateness", p99["gatehouse"] / 1000, "ms",
              (p99["nginx"] + LATENESS_US) / 1000)
