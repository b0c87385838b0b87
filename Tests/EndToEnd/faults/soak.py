"""scripts/soak: half load, faults all the time, and whether the gateway is what it was before."""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from support.gateway import gateway, route
from support.places import ROOT
from support.processes import Program, free_port

from faults.misdeeds import MISDEEDS, origin
from faults.scene import TIMEOUTS, Levels, Scene

MIB = 1 << 20
TOOLS = ROOT / "Benchmarks" / "tools"
REQUEST = b"GET /load HTTP/1.1\r\nHost: gw.test\r\nAccept: */*\r\n\r\n"
# A stretch of load ends by itself, so that a gateway that hangs is noticed.
STRETCH = 12
# Connections of a stretch may wait that long for their first request.
HEAD = "18s"
CONNECTIONS = 32
# Of one core, as the gateway's own processor time.
SHARE = 0.5
# What the generator and the origin can do beside it on two cores.
MOST = 25_000
# What memory may rise over the second half, by the line through its samples: what the allocator
# has not settled in ten minutes is a leak.
SLOPE = 2 * MIB
NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port} backlog=4096;
location / {{ return 200 '{{"result":{{"tools":[]}}}}'; }} }} }}
"""


class Load:
    """The open-loop generator of the benchmarks, one stretch after the other."""

    def __init__(self, folder, port):
        self.port, self.tool, self.messages = port, folder / "load", folder / "messages"
        self.messages.write_bytes(b"%d\n%s" % (len(REQUEST), REQUEST))
        command = ["cc", "-O2", "-std=gnu11", "-o", self.tool, TOOLS / "load.c", "-lm"]
        subprocess.run([str(part) for part in command], check=True)
        self.stretches, self.failures = [], []

    def stretch(self, rate, seconds):
        count = max(int(rate * seconds), 100)
        words = [self.tool, self.port, CONNECTIONS, count, rate, self.messages]
        result = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        if result.returncode != 0:
            self.failures.append(result.stderr.strip() or f"status {result.returncode}")
            return
        self.stretches.append(json.loads(result.stdout))


class Soak:
    def __init__(self, here, load, rate):
        self.here, self.load, self.rate = here, load, rate
        self.over = threading.Event()
        self.played, self.unexpected, self.samples = Counter(), [], []

    def run(self, seconds):
        threads = [threading.Thread(target=self._play, args=[seed]) for seed in range(3)]
        threads += [threading.Thread(target=self._sample)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._lives():
            self.load.stretch(self.rate, min(STRETCH, max(1, deadline - time.monotonic())))
        self.over.set()
        for thread in threads:
            thread.join(30)

    def _lives(self):
        return self.here.proxy.process.poll() is None

    def _play(self, seed):
        chance = random.Random(seed)
        while not self.over.wait(chance.random() * 0.2) and self._lives():
            name = chance.choice(list(MISDEEDS))
            try:
                status, is_expected = MISDEEDS[name](self.here.port)
            except (OSError, AssertionError, ValueError) as error:
                status, is_expected = repr(error)[:100], False
            self.played[name] += 1
            if not is_expected:
                self.unexpected.append((name, status))

    def _sample(self):
        while not self.over.wait(1) and self._lives():
            self.samples.append((time.monotonic(), self.here.proxy.resident_bytes()))


def slope(samples):
    """Bytes by which the line through the second half of the samples rises over that half."""
    half = samples[len(samples) // 2 :]
    if len(half) < 5:
        return 0
    start = half[0][0]
    times, values = [at - start for at, _ in half], [value for _, value in half]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in times)
    rise = sum((at - middle) * (value - mean) for at, value in zip(times, values, strict=True))
    return rise / spread * times[-1]


def half_load(here, load):
    """The rate at which the gateway needs half of a core."""
    rate = 2000
    # A busy loop costs less for each request than an idle one: so twice.
    for _ in range(2):
        used = here.cpu_seconds()
        load.stretch(rate, 4)
        if load.failures:
            raise SystemExit(f"no load: {load.failures}")
        cost = (here.cpu_seconds() - used) / load.stretches.pop()["requests"]
        rate = min(int(SHARE / max(cost, 1e-6)), MOST)
    return rate


def row(name, value, bound="", is_held=True):
    print(f"{name:<34} {value:>22} {bound:>26}  {'' if is_held else 'MISSED'}".rstrip())
    return is_held


def report(soak, before, after, cpu):
    load = soak.load
    held = []
    requests = sum(one["requests"] for one in load.stretches)
    print(f"\n{'':<34} {'measured':>22} {'bound':>26}")
    row("requests of the good route", f"{requests:,}")
    row("rate", f"{soak.rate:,} /s")
    row("processor of the gateway", f"{cpu:.2f} of a core")
    for name, key in (("median", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us")):
        value = max((one[key] for one in load.stretches), default=0)
        row(f"latency, worst stretch, {name}", f"{value / 1000:.2f} ms")
    held.append(row("unexpected, good route", len(load.failures), "0", not load.failures))
    for name in sorted(soak.played):
        wrong = [status for one, status in soak.unexpected if one == name]
        text = f"{soak.played[name]} played"
        held.append(row(name, text, f"{len(wrong)} unexpected, 0", not wrong))
        if wrong:
            print(f"    {Counter(map(str, wrong)).most_common(3)}")
    for failure in load.failures[:3]:
        print(f"    {failure}")
    rise = slope(soak.samples)
    held.append(
        row(
            "memory, rise of second half",
            f"{rise / MIB:+.2f} MiB",
            f"{SLOPE / MIB} MiB",
            rise <= SLOPE,
        )
    )
    row("memory, before and after", f"{before.resident >> 20} and {after.resident >> 20} MiB")
    same = after.held == before.held
    held.append(row("descriptors", len(after.descriptors), len(before.descriptors), same))
    held.append(row("threads", after.threads, before.threads, same))
    pending = soak.here.pending()
    held.append(row("under way", int(sum(pending.values())), "0", not any(pending.values())))
    return all(held)


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, help="requests a second; else half of one core")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak"))
    port, admin = free_port(), free_port()
    bad, late, race = origin(), origin(), origin()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    routes = [
        route("/load", port),
        route("/ok", port),
        route("/bad", bad.port),
        route("/closed", free_port()),
        route("/late", late.port),
        route("/race", race.port),
    ]
    routes[2]["limits"] = {"maxBody": 2 * MIB}
    top = {
        "timeouts": {**TIMEOUTS, "idle": "120s", "requestHead": HEAD},
        "admin": {"port": admin},
        "accessLog": "off",
    }
    nginx = ["nginx", "-p", folder, "-c", folder / "nginx.conf"]
    with Program(nginx, ports=[port]), gateway(folder, routes, top=top, threads=2) as proxy:
        proxy.admin = admin
        here = Scene(proxy, bad, None)
        load = Load(folder, proxy.port)
        rate = options.rate or half_load(here, load)
        print(f"{options.minutes:g} minutes at {rate:,} requests a second", flush=True)
        # Once through everything, so that what is made only once is made.
        warm = Soak(here, load, rate)
        warm.run(min(30, options.minutes * 12))
        load.stretches.clear()
        before = here.settled(30)
        used, started = here.cpu_seconds(), time.monotonic()
        soak = Soak(here, load, rate)
        soak.run(options.minutes * 60)
        cpu = (here.cpu_seconds() - used) / (time.monotonic() - started)
        if proxy.process.poll() is not None:
            print(f"it ended with {proxy.process.returncode}: {proxy.error_text[-2000:]}")
            return 1
        soak.unexpected += warm.unexpected
        after: Levels = here.settled(30)
        return 0 if report(soak, before, after, cpu) else 1


if __name__ == "__main__":
    sys.exit(main())
