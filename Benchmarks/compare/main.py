"""Compares the gateway with nginx, HAProxy and Envoy in one run; prints figures beside bounds.

Rounds are interleaved (every peer once, then again), so that a drift of the machine meets all of
them alike; a ratio is the median of the rounds' ratios. With --check a missed bound ends with
status 1. Everything that is started ends with this process.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import counts
import document
import fresh
import openloop
import startup
import streams
import throughput
from bench import Bench
from processes import Tools
from tokens import Keys

SCENARIOS: dict[str, Callable[[Bench], None]] = {
    **{name: lambda bench, name=name: throughput.run(bench, name)
       for name in throughput.SCENARIOS},
    "new tokens": fresh.run,
    "open loop": openloop.run,
    "two workers": openloop.workers,
    "idle streams": streams.memory,
    "live streams": streams.latency,
    "start": startup.run,
    "counts": counts.run,
}


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--dist", type=pathlib.Path, required=True, help="the built tree")
    p.add_argument("--envoy", help="the Envoy binary; without it Envoy is left out")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=int, default=2, help="length of one round")
    p.add_argument("--connections", type=int, default=64)
    p.add_argument("--only", action="append", choices=list(SCENARIOS), metavar="SCENARIO",
                   help=f"one of: {', '.join(SCENARIOS)}; may be repeated")
    p.add_argument("--check", action="store_true", help="fail where a bound is missed")
    p.add_argument("--json", type=pathlib.Path,
                   help="also write the figures to this file; with --only, into it")
    p.add_argument("--document", type=pathlib.Path,
                   help="only write the figures of the --json file into this Markdown file")
    return p.parse_args()


def versions(args: argparse.Namespace) -> dict[str, str]:
    commands = {"gatehouse": [str(args.dist / "bin/gatehouse"), "--version"],
                "nginx": ["nginx", "-v"], "haproxy": ["haproxy", "-v"], "wrk": ["wrk", "-v"],
                "libcrypto": ["openssl", "version"]}
    if args.envoy:
        commands["envoy"] = [args.envoy, "--version"]
    found = {"kernel": platform.release(), "processors": str(os.cpu_count())}
    for name, command in commands.items():
        run = subprocess.run(command, capture_output=True, text=True)
        lines = [line.strip() for line in (run.stdout + run.stderr).splitlines() if line.strip()]
        # Envoy begins with the path of its binary.
        found[name] = re.sub(r"^\S*/envoy\s+", "envoy ", lines[0]) if lines else "?"
    return found


@contextlib.contextmanager
def come_first() -> Iterator[None]:
    """Other work on the machine disturbs less: what is started here goes before it, all peers,
    the load and the origin alike. Priorities hold within a scheduler's group, so where sessions
    are groups this one's is raised as well, and put back."""
    group = pathlib.Path("/proc/self/autogroup")
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    before = None
    with contextlib.suppress(OSError):
        nice = group.read_text().split()[-1]
        group.write_text("-20")
        before = nice
    print(f"priority     {os.getpriority(os.PRIO_PROCESS, 0)}; load average "
          f"{os.getloadavg()[0]:.1f}")
    try:
        yield
    finally:
        if before is not None:
            group.write_text(before)


def judge(bench: Bench) -> bool:
    """Prints each figure beside its bound; true when all that were measured hold."""
    print("\n## bounds (a ratio or time counts as held within 3 %)\n")
    for figure in bench.figures:
        print(figure.line())
    missed = [figure for figure in bench.figures if not figure.held]
    print(f"\n{len(missed)} missed of {sum(f.bound is not None for f in bench.figures)}")
    return not missed


def main() -> int:
    args = arguments()
    args.dist = args.dist.resolve()
    if args.json:
        args.json = args.json.resolve()
    if args.document:
        document.fill(args.document, json.loads(args.json.read_text()))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    known = versions(args)
    for name, text in known.items():
        print(f"{name:12} {text}")
    print(f"{args.rounds} rounds of {args.seconds} s, {args.connections} connections")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-bench-"))
    try:
        bench = Bench(args, folder, Keys(), Tools(folder))
        with come_first():
            for name, run in SCENARIOS.items():
                if not args.only or name in args.only:
                    run(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    held = judge(bench)
    print(f"{time.monotonic() - started:.0f} s")
    if args.json:
        write(args, known, bench)
    return 0 if held or not args.check else 1


def write(args: argparse.Namespace, known: dict[str, str], bench: Bench) -> None:
    """The run as JSON; a run of some scenarios replaces these alone."""
    found = {"versions": known, "rounds": args.rounds, "seconds": args.seconds,
             "connections": args.connections, "figures": [], "tables": {}}
    if args.only and args.json.exists():
        before = json.loads(args.json.read_text())
        measured = {figure.scenario for figure in bench.figures}
        found["figures"] = [f for f in before["figures"] if f["scenario"] not in measured]
        found["tables"] = before["tables"]
    found["figures"] += [figure.document() for figure in bench.figures]
    found["tables"] |= bench.tables
    args.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
