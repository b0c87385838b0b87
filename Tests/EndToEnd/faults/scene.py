"""A gateway with one good route and one that a test breaks, and the proof that nothing is left.

Every fault runs twice: the first time fills caches and pools, the second must leave descriptors,
threads and memory as they were. Meanwhile a client uses the good route: all its requests must be
answered (security.md §8, invariants).
"""

import contextlib
import json
import os
import threading
import time
from pathlib import Path

from support.gateway import gateway, route
from support.places import PLUGINS
from support.processes import free_port, wait_until

from faults.client import ask
from faults.origin import Origin

# Short, so that a test waits for hundreds of milliseconds; drain is for the end of each test.
TIMEOUTS = {
    "requestHead": "600ms",
    "idle": "5s",
    "requestBody": "600ms",
    "connect": "500ms",
    "response": "600ms",
    "upstreamIdle": "300ms",
    "write": "600ms",
    "drain": "300ms",
}


class Bystander:
    """A client of the good route, while something else is broken."""

    def __init__(self, port, path="/ok", pause=0.02):
        self.port, self.path, self.pause = port, path, pause
        self.count, self.worst, self.failures = 0, 0.0, []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.over.wait(self.pause):
            try:
                reply = ask(self.port, self.path, fields=["Connection: close"])
            except OSError as error:
                self.failures.append(repr(error))
                continue
            self.count += 1
            self.worst = max(self.worst, reply.seconds)
            if reply.status != 200 or not reply.is_complete:
                self.failures.append(reply.raw)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.thread.join(20)
        if kind is None:
            assert not self.failures, self.failures[:3]
            # Generous: the machine has two cores and other tests run.
            assert self.worst < 2.0, self.worst


class Levels:
    """What a process holds, by /proc."""

    def __init__(self, program):
        folder = Path(f"/proc/{program.pid}")
        self.descriptors = sorted(kind(folder / "fd" / name) for name in listed(folder / "fd"))
        self.threads = len(listed(folder / "task"))
        self.resident = program.resident_bytes()

    @property
    def held(self):
        return self.descriptors, self.threads


def listed(folder):
    return os.listdir(folder)


def kind(link):
    with contextlib.suppress(OSError):
        return os.readlink(link).split(":")[0]
    return "gone"


class Scene:
    """`proxy`: the gateway; `origin`: behind /x, the one that a test breaks; `good`: behind /ok."""

    def __init__(self, proxy, origin, good):
        self.proxy, self.origin, self.good = proxy, origin, good
        self.port = proxy.port
        self.admin = proxy.admin

    def ask(self, *arguments, **named):
        return ask(self.port, *arguments, **named)

    def prove(self, fault, times=2, growth=2 << 20, bystander=True, settle=15):
        """Runs the fault; afterwards the good route works and the levels are those of before."""
        before = None
        for turn in range(max(times, 1)):
            if turn == times - 1 and times > 1:
                before = self.settled(settle)
            with Bystander(self.port) if bystander else contextlib.nullcontext():
                fault()
            self.must_work()
        if before:
            self.returned(before, growth, settle)

    def must_work(self):
        assert self.proxy.process.poll() is None, self.proxy.error_text[-2000:]
        reply = self.ask("/ok", fields=["Connection: close"])
        assert reply.status == 200, reply.raw

    def settled(self, seconds=15):
        """The levels, once they stay the same for half a second."""
        seen = []

        def is_steady():
            seen.append(Levels(self.proxy))
            return len(seen) > 5 and len({str(one.held) for one in seen[-6:]}) == 1

        wait_until(is_steady, seconds, "steady levels", pause=0.1)
        return seen[-1]

    def returned(self, before, growth, seconds=15):
        def is_back():
            now = Levels(self.proxy)
            return now.held == before.held

        try:
            wait_until(is_back, seconds, "levels", pause=0.05)
        except TimeoutError:
            now = Levels(self.proxy)
            raise AssertionError(f"{before.held} before, {now.held} after") from None
        wait_until(lambda: not any(self.pending().values()), seconds, f"{self.pending()} gone")
        grown = Levels(self.proxy).resident - before.resident
        bound = max(growth, before.resident // 20)
        assert grown <= bound, f"{grown} bytes more, {bound} allowed"

    def metric(self, name, text=None, **labels):
        """The sum of a metric over the series that have these labels; `text`: an earlier scrape."""
        total = 0.0
        for line in (text or self.scrape()).splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{")[0] != name:
                continue
            if all(f'{key}="{label}"' in series for key, label in labels.items()):
                total += float(value)
        return total

    def scrape(self):
        return ask(self.admin, "/metrics").body.decode()

    def pending(self):
        """What is under way, by the gateway's own gauges."""
        text = self.scrape()
        connections = "gatehouse_upstream_connections"
        return {
            "exchanges": self.metric("gatehouse_exchanges_open", text),
            "connections": self.metric("gatehouse_downstream_connections_open", text),
            "requests that wait": self.metric("gatehouse_upstream_pending_requests", text),
            "upstream": self.metric(connections, text, state="active"),
            "connecting": self.metric(connections, text, state="connecting"),
        }

    def records(self):
        return [json.loads(line) for line in list(self.proxy.lines) if line.startswith("{")]

    def record(self, seconds=5, **members):
        """The last access record with these members, waited for."""

        def found():
            for record in reversed(self.records()):
                if all(record.get(name) == value for name, value in members.items()):
                    return record
            return None

        with self.proxy.changed:
            assert self.proxy.changed.wait_for(found, seconds), (members, self.records()[-4:])
            return found()

    def cpu_seconds(self):
        """Processor time of the gateway so far."""
        fields = Path(f"/proc/{self.proxy.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @contextlib.contextmanager
    def idle_processor(self, most=0.3):
        """The block must cost the gateway less than this share of a processor."""
        started, used = time.monotonic(), self.cpu_seconds()
        yield
        took = max(time.monotonic() - started, 0.2)
        share = (self.cpu_seconds() - used) / took
        assert share <= most, f"{share:.2f} of a processor for {took:.1f} s"


@contextlib.contextmanager
def scene(
    folder,
    handle=None,
    *,
    port=None,
    routes=(),
    timeouts=None,
    limits=None,
    top=None,
    env=None,
    threads=1,
    policies=None,
    origin=None,
    before=(),
    plugins=PLUGINS,
):
    """`handle`: what the origin behind /x does; `port`: another port behind /x; `routes`: more."""
    origin, good = origin or Origin(handle), Origin()
    admin = free_port()
    document = {"timeouts": {**TIMEOUTS, **(timeouts or {})}, "admin": {"port": admin}}
    document.update(top or {})
    if limits:
        document["limits"] = limits
    all_routes = [
        route("/ok", good.port),
        route("/x", port or origin.port, **(policies or {})),
        *routes,
    ]
    try:
        with gateway(
            folder,
            all_routes,
            plugins=plugins,
            top=document,
            env=env,
            threads=threads,
            before=before,
        ) as proxy:
            proxy.admin = admin
            yield Scene(proxy, origin, good)
            if proxy.process.poll() is not None:
                raise AssertionError(f"it ended: {proxy.error_text[-2000:]}")
    finally:
        origin.stop()
        good.stop()
