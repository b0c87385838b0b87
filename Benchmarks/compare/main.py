"""Compares the gateway with nginx, HAProxy and Envoy in one run, one worker each.

Rounds are interleaved (every peer once, then again), so that a drift of the machine meets all of
them alike. Printed are medians: CPU microseconds a request, requests a second, p99, RSS, and the
ratio of the CPU figures. With --check a missed bound ends with status 1.
"""

import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from load import Sample, round_of, script
from peers import Envoy, Gatehouse, HAProxy, Nginx, Peer, Upstream
from tokens import Keys

#: (scenario, peer compared with, greatest ratio of CPU a request)
BOUNDS = [
    ("plain", "nginx", 1.4),
    ("one token", "haproxy jwt_verify", 0.6),
    ("one token", "envoy jwt_authn cache", 1.0),
    ("2000 tokens", "haproxy jwt_verify", 0.6),
    ("2000 tokens", "envoy jwt_authn cache", 1.0),
]


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--dist", type=pathlib.Path, required=True, help="the built tree")
    p.add_argument("--envoy", help="the Envoy binary; without it Envoy is left out")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=int, default=3, help="length of one round")
    p.add_argument("--connections", type=int, default=64)
    p.add_argument("--only", action="append", help="a scenario: plain, one token, 2000 tokens")
    p.add_argument("--check", action="store_true", help="fail where a bound is missed")
    return p.parse_args()


def line_up(folder: pathlib.Path, args: argparse.Namespace, auth: bool) -> list[Peer]:
    """The peers of a scenario, not yet started."""
    kind = "auth" if auth else "plain"
    peers: list[Peer] = [Gatehouse("gatehouse", folder / f"gatehouse-{kind}", args.dist, auth)]
    if not auth:
        peers.append(Nginx("nginx", folder / "nginx"))
    peers.append(HAProxy("haproxy jwt_verify" if auth else "haproxy", folder / f"h-{kind}", auth))
    if args.envoy:
        if auth:
            for name, cache in [("envoy jwt_authn", False), ("envoy jwt_authn cache", True)]:
                peers.append(Envoy(name, folder / f"e-{cache}", args.envoy, True, cache))
        else:
            peers.append(Envoy("envoy", folder / "e-plain", args.envoy, False, False))
    return peers


def measure(peers: list[Peer], upstream: int, keys: Keys, lua: pathlib.Path,
            args: argparse.Namespace) -> dict[str, list[Sample]]:
    """Starts the peers, warms each once, then measures them in turn."""
    samples: dict[str, list[Sample]] = {p.name: [] for p in peers}
    try:
        for peer in peers:
            peer.start(upstream, keys)
            round_of(peer, lua, 1, args.connections)
        for _ in range(args.rounds):
            for peer in peers:
                samples[peer.name].append(round_of(peer, lua, args.seconds, args.connections))
    finally:
        for peer in peers:
            peer.stop()
    return samples


def median(samples: list[Sample], field: str) -> float:
    return statistics.median(getattr(s, field) for s in samples)


def report(scenario: str, samples: dict[str, list[Sample]]) -> None:
    ours = median(samples["gatehouse"], "cpu_us")
    print(f"\n## {scenario}\n")
    print(f"{'peer':24}{'cpu us/req':>12}{'req/s':>10}{'p99 ms':>9}{'RSS MiB':>9}{'ours/peer':>11}")
    for name, rows in samples.items():
        cpu = median(rows, "cpu_us")
        print(f"{name:24}{cpu:12.2f}{median(rows, 'rps'):10.0f}{median(rows, 'p99_ms'):9.2f}"
              f"{median(rows, 'rss_kib') / 1024:9.1f}{ours / cpu:11.2f}", flush=True)


def judge(results: dict[str, dict[str, list[Sample]]]) -> bool:
    """Prints each bound beside its figure; true when all that were measured hold."""
    print("\n## bounds\n")
    held = True
    for scenario, peer, bound in BOUNDS:
        rows = results.get(scenario, {})
        if peer not in rows:
            continue
        ratio = median(rows["gatehouse"], "cpu_us") / median(rows[peer], "cpu_us")
        verdict = "held" if ratio <= bound else "MISSED"
        held = held and ratio <= bound
        print(f"{scenario:14} against {peer:24} {ratio:5.2f} (at most {bound:.2f}) {verdict}")
    return held


def versions(args: argparse.Namespace) -> None:
    commands = [[str(args.dist / "bin/gatehouse"), "--version"], ["nginx", "-v"], ["haproxy", "-v"],
                ["wrk", "-v"]]
    if args.envoy:
        commands.append([args.envoy, "--version"])
    for command in commands:
        run = subprocess.run(command, capture_output=True, text=True)
        text = (run.stdout + run.stderr).strip().splitlines()
        print("; ".join(t.strip() for t in text[:2] if t.strip()))


def main() -> int:
    args = arguments()
    args.dist = args.dist.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-bench-"))
    keys = Keys()
    scenarios = {"plain": 0, "one token": 1, "2000 tokens": 2000}
    results = {}
    versions(args)
    print(f"{args.rounds} rounds of {args.seconds} s, {args.connections} connections, one worker each")
    upstream = Upstream("upstream", folder / "upstream")
    try:
        upstream.start()
        for scenario, count in scenarios.items():
            if args.only and scenario not in args.only:
                continue
            lua = script(folder, [keys.token(f"user-{n}") for n in range(count)])
            peers = line_up(folder, args, auth=count > 0)
            results[scenario] = measure(peers, upstream.port, keys, lua, args)
            report(scenario, results[scenario])
    finally:
        upstream.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if judge(results) or not args.check else 1


if __name__ == "__main__":
    sys.exit(main())
