"""Latency at half of saturation under an open loop, and what a second worker costs."""

import pathlib
import re
import signal
import subprocess
import time

from bench import Bench
from figures import median, ratio
from load import counted, messages
from peers import Peer

#: The greatest p99 as a multiple of nginx's, and CPU with two workers as a multiple of one's.
LATENCY, WORKERS = 1.1, 1.1
#: Calls of futex a request: fewer is none, a thread that ends or begins to sleep now and then.
FUTEX = 0.001


def run(bench: Bench) -> None:
    """The rate is half of what the slower of both serves in a closed loop, the same for both."""
    args = bench.args
    file = messages(bench.folder / "plain", [None])
    peers: list[Peer] = [bench.gatehouse(False), bench.nginx()]
    rounds = max(5, args.rounds)
    p99: dict[str, list[float]] = {peer.name: [] for peer in peers}
    p50: dict[str, list[float]] = {peer.name: [] for peer in peers}
    with bench.upstream() as upstream, bench.running(peers, upstream.port):
        most = [max(counted(bench.tools, peer, file, 30_000, args.connections)[1]["rate"]
                    for _ in range(2)) for peer in peers]
        rate = min(most) / 2
        for number in range(rounds):
            # Turn about, so that neither is always the one that comes after the other.
            for peer in peers if number % 2 == 0 else reversed(peers):
                out = counted(bench.tools, peer, file, int(rate * args.seconds),
                              args.connections, rate)[1]
                p99[peer.name].append(out["p99_us"])
                p50[peer.name].append(out["p50_us"])
    print(f"\n## open loop: {rate:.0f} requests a second, {rounds} rounds\n")
    for peer in p99:
        bench.row("open loop", peer=peer, rate=rate, p50_us=median(p50[peer]),
                  p99_us=median(p99[peer]))
        print(f"{peer:24} p50 {median(p50[peer]):8.0f} us   p99 {median(p99[peer]):8.0f} us",
              flush=True)
    bench.add("open loop", "rate", rate, "req/s")
    bench.add("open loop", "p99", median(p99["gatehouse"]), "us")
    bench.add("open loop", "p99 / nginx", median(p99["gatehouse"]) / median(p99["nginx"]), "x",
              LATENCY)


def workers(bench: Bench) -> None:
    """CPU a request of two workers beside one, and the system calls of both."""
    args = bench.args
    file = messages(bench.folder / "plain", [None])
    one, two = bench.gatehouse(False), bench.gatehouse(False, threads=2)
    cpu: dict[str, list[float]] = {one.name: [], two.name: []}
    with bench.upstream() as upstream, bench.running([one, two], upstream.port):
        rate = counted(bench.tools, one, file, 30_000, args.connections)[1]["rate"] / 2
        for _ in range(args.rounds):
            for peer in (one, two):
                cpu[peer.name].append(counted(
                    bench.tools, peer, file, int(rate * args.seconds), args.connections, rate)[0])
        calls = {peer.name: _calls(bench, peer, file) for peer in (one, two)}
    print("\n## workers\n")
    for name, rows in cpu.items():
        bench.row("two workers", peer=name, cpu_us=median(rows), calls=", ".join(
            f"{call} {count:.3f}" for call, count in calls[name].items()))
        print(f"{name:24} {median(rows):8.2f} us a request at {rate:.0f} a second; system calls: "
              + ", ".join(f"{call} {count:.4f}" for call, count in calls[name].items()), flush=True)
    bench.add("two workers", "CPU a request / one worker", ratio(cpu[two.name], cpu[one.name]),
              "x", WORKERS)
    for name in cpu:
        bench.add("two workers", f"futex a request, {name}", calls[name].get("futex", 0), "",
                  FUTEX, tolerance=1)


def _calls(bench: Bench, peer: Peer, file: pathlib.Path, requests: int = 10_000) -> dict:
    """System calls a request, counted by strace over so many requests."""
    counted(bench.tools, peer, file, 1000, bench.args.connections)
    log = peer.folder / "strace.txt"
    tracer = subprocess.Popen(["strace", "-c", "-f", "-o", str(log), "-p", str(peer.process.pid)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        _wait_for_tracer(peer.process.pid, tracer)
        counted(bench.tools, peer, file, requests, bench.args.connections)
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)
    found = {}
    for line in log.read_text().splitlines():
        row = re.fullmatch(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)\s*", line)
        if row and row.group(2) != "total":
            found[row.group(2)] = int(row.group(1)) / requests
    if not found:
        raise RuntimeError("strace counted nothing")
    return dict(sorted(found.items(), key=lambda row: -row[1])[:8])


def _wait_for_tracer(pid: int, tracer: subprocess.Popen) -> None:
    """Returns when all threads are traced."""
    end = time.monotonic() + 10
    while time.monotonic() < end and tracer.poll() is None:
        statuses = [(task / "status").read_text()
                    for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
        if all(f"TracerPid:\t{tracer.pid}" in text for text in statuses):
            return
        time.sleep(0.02)
    raise RuntimeError("strace could not attach (ptrace forbidden?)")
