"""F26: the wall clock is set while the gateway runs."""

import time

import pytest

from faults.client import Client, ask
from faults.inject import faketime_library
from faults.keyserver import KeyServer, secured, status, wait_for_keys


@pytest.fixture
def keys():
    server = KeyServer()
    yield server
    server.stop()


class FakeClock:
    """libfaketime with the monotonic clock left alone; `step` moves the wall clock."""

    def __init__(self, folder):
        self.file = folder / "faketime"
        self.file.write_text("+0\n")
        self.environment = {
            "LD_PRELOAD": faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds):
        self.file.write_text(f"{seconds:+d}\n")


@pytest.mark.parametrize("hours", [1, -1])
def test_f26_the_clock_steps(tmp_path, keys, hours):
    """Deadlines do not fire and do not stall; exp and nbf follow the wall clock; it is logged."""
    clock = FakeClock(tmp_path)

    def handle(peer):
        while (head := peer.head()) is not None:
            if b"slow" in head.split(b"\r\n")[0]:
                peer.origin.wait_for(lambda o: "go" in o.notes, 5)
            if b"never" in head.split(b"\r\n")[0]:
                peer.wait_closed(10)
                return
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with secured(
        tmp_path,
        keys,
        handle=handle,
        env=clock.environment,
        # env puts what libfaketime shares between processes into the environment.
        before=["/usr/bin/env"],
        timeouts={"response": "2s"},
    ) as here:
        now = int(time.time())
        soon = keys.issuer.token(exp=now + 1800)
        later = keys.issuer.token(nbf=now + 1800, exp=now + 36000, sub="later")
        past = keys.issuer.token(iat=now - 7200, exp=now - 1800, sub="past")
        wait_for_keys(here, keys, soon)
        assert [status(here, t) for t in (soon, later, past)] == [200, 401, 401]
        with Client(here.port) as idle, Client(here.port) as waiting:
            assert idle.request("/ok").reply().status == 200
            waiting.request("/x/slow", fields=[f"Authorization: Bearer {soon}"])
            here.origin.wait_for(lambda o: any(b"slow" in head for head in o.heads))
            clock.step(3600 * hours)
            wanted = [401, 200, 401] if hours > 0 else [200, 401, 200]
            # iat is not compared; a token from before its nbf is refused.
            time.sleep(0.6)
            assert [status(here, t) for t in (soon, later, past)] == wanted
            # Neither the idle connection nor the exchange under way met its deadline.
            assert idle.request("/ok").reply().status == 200
            here.origin.tell("go")
            assert waiting.reply().status == 200
        current = later if hours > 0 else soon
        reply = ask(here.port, "/x/never", fields=[f"Authorization: Bearer {current}"])
        assert reply.status == 504 and 1.5 < reply.seconds < 4, (reply.raw, reply.seconds)
        clock.step(0)
        time.sleep(0.6)
        assert [status(here, t) for t in (soon, later, past)] == [200, 401, 401]
        here.proxy.wait_for_line("clock")
        for record in here.records():
            assert 0 <= record["durationUs"] < 20_000_000, record
        here.must_work()
