"""F20 to F26: the authorization server is down, slow or lies; keys rotate; the clock jumps."""

import contextlib
import gzip
import json
import threading
import time

import pytest
from support.processes import free_port
from support.tokens import Issuer

from faults.client import Client, ask
from faults.inject import faketime_library
from faults.origin import Origin
from faults.scene import scene

AUDIENCE = "http://gw.test/mcp"
METADATA = "/.well-known/oauth-protected-resource/x"
MIB = 1 << 20


class KeyServer(Origin):
    """Serves a key set at /jwks.json; `answer` replaces the whole response."""

    def __init__(self, issuer=None):
        self.issuer = issuer or Issuer("http://as.test", AUDIENCE)
        self.answer = None
        self.document = self.issuer.key_set()
        super().__init__(self._serve_keys)

    def _serve_keys(self, peer):
        while peer.head() is not None:
            if callable(self.answer):
                return self.answer(peer)
            peer.send(self.answer or http(json.dumps(self.document).encode()))

    @property
    def fetches(self):
        return len(self.heads)

    def policy(self, **more):
        return {
            "issuer": self.issuer.issuer,
            "audiences": [self.issuer.audience],
            "jwks": {"url": f"http://127.0.0.1:{self.port}/jwks.json"},
            "resourceMetadata": {"resource": AUDIENCE},
            **more,
        }


def http(body, status=200, kind="application/json", more=b""):
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + more + b"\r\n" + body


@pytest.fixture
def keys():
    server = KeyServer()
    yield server
    server.stop()


def secured(folder, keys, **more):
    return scene(folder, policies={"mcpAuthentication": keys.policy()}, **more)


def status(here, token):
    fields = [f"Authorization: Bearer {token}"] if token else []
    return here.ask(fields=fields).status


def wait_for_keys(here, keys, token=None):
    """Without asking for them: that would use up what is allowed for a while."""
    keys.wait_for(lambda k: k.fetches > 0)
    time.sleep(0.3)
    deadline = time.monotonic() + 10
    while status(here, token or keys.issuer.token()) != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def demand(here, keys, kid="nobody"):
    """A token with an unknown key makes the gateway ask for newer keys."""
    stranger = Issuer(keys.issuer.issuer, AUDIENCE, kid)
    return here.ask(fields=[f"Authorization: Bearer {stranger.token()}"])


def test_f20_the_authorization_server_is_down(tmp_path, keys):
    """Known keys verify on, new tokens as well; the metadata is served."""
    with secured(tmp_path, keys) as here:
        wait_for_keys(here, keys)
        keys.stop()

        def fault():
            for number in range(5):
                assert status(here, keys.issuer.token(sub=f"user-{number}")) == 200
            assert demand(here, keys).status == 401
            assert status(here, None) == 401
            assert here.ask(METADATA).status == 200

        here.prove(fault)


BAD_ANSWERS = {
    "500": http(b"{}", 500),
    "HTML": http(b"<html>sign in</html>", kind="text/html"),
    "empty set": http(b'{"keys": []}'),
    "no JSON": http(b'{"keys": [{'),
    "another shape": http(b'["keys"]'),
    "redirect": b"HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "nothing": lambda peer: None,
    "timeout": lambda peer: peer.wait_closed(20),
    "garbage": lambda peer: peer.send(b"\x16\x03\x01garbage\r\n\r\n"),
    # F25
    "oversized": http(b'{"keys": [' + b" " * (4 * MIB) + b"]}"),
    "endless": lambda peer: endless(peer),
    "drip": lambda peer: drip(peer),
    "gzip bomb": http(gzip.compress(bytes(64 * MIB)), more=b"Content-Encoding: gzip\r\n"),
}
LIMITS = {"oversized", "endless", "drip", "gzip bomb"}


def endless(peer):
    with contextlib.suppress(OSError):
        peer.send(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(10_000):
            peer.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
        peer.origin.tell("all was taken")


def drip(peer):
    with contextlib.suppress(OSError):
        peer.send(b"HTTP/1.1 200 x\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(300):
            peer.send(b" ")
            time.sleep(0.05)
        peer.origin.tell("all was taken")


def check_bad_refetch(tmp_path, keys, what):
    with secured(tmp_path, keys) as here:
        wait_for_keys(here, keys)
        asked = keys.fetches
        keys.answer = BAD_ANSWERS[what]
        before = here.settled()
        # One that waits for the outcome: within the time for a fetch.
        reply = demand(here, keys)
        assert reply.status in (401, 503) and reply.seconds < 8, reply.raw
        keys.wait_for(lambda k: k.fetches > asked)
        for number in range(5):
            assert status(here, keys.issuer.token(sub=f"user-{number}")) == 200
        assert demand(here, keys).status in (401, 503)
        assert "all was taken" not in keys.notes
        # The keys are still there when the answer is over, and so is everything else.
        keys.wait_for(lambda k: k.open == 0, 8)
        assert status(here, keys.issuer.token(sub="later")) == 200
        here.must_work()
        here.returned(before, 4 * MIB)
        here.proxy.wait_for_line("key set")


@pytest.mark.parametrize("what", sorted(set(BAD_ANSWERS) - LIMITS))
def test_f21_a_key_set_that_is_none(tmp_path, keys, what):
    """What is known stays; it is tried again, later and later."""
    check_bad_refetch(tmp_path, keys, what)


@pytest.mark.parametrize("what", sorted(LIMITS))
def test_f25_a_key_set_without_measure(tmp_path, keys, what):
    """Bounded in size and in time; no content coding, no redirect."""
    check_bad_refetch(tmp_path, keys, what)


def test_f21_retries_are_spaced(tmp_path, keys):
    keys.answer = http(b"{}", 500)
    with secured(tmp_path, keys) as here:
        time.sleep(4)
        # After 0.5 s, 1 s, 2 s, each and up to a half more.
        assert 2 <= keys.fetches <= 5, keys.fetches
        reply = here.ask(fields=[f"Authorization: Bearer {keys.issuer.token()}"])
        assert reply.status == 503 and reply.has("retry-after")


def test_f22_the_keys_were_never_loaded(tmp_path):
    """It starts; the protected route is 503 with Retry-After until the server is there."""
    port = free_port()
    issuer = Issuer("http://as.test", AUDIENCE)
    policy = {
        "issuer": issuer.issuer,
        "audiences": [AUDIENCE],
        "jwks": {"url": f"http://127.0.0.1:{port}/jwks.json"},
        "resourceMetadata": {"resource": AUDIENCE},
    }
    with scene(tmp_path, policies={"mcpAuthentication": policy}) as here:

        def fault():
            reply = here.ask(fields=[f"Authorization: Bearer {issuer.token()}"])
            assert reply.status == 503 and int(reply.one("retry-after")) > 0, reply.raw
            assert here.ask(METADATA).status == 200

        here.prove(fault)
        server = late_key_server(port, issuer)
        deadline = time.monotonic() + 15
        while status(here, issuer.token()) != 200:
            assert time.monotonic() < deadline, "it did not recover by itself"
            time.sleep(0.05)
        server.stop()


def late_key_server(port, issuer):
    import socket

    server = KeyServer(issuer)
    late = socket.socket()
    late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    late.bind(("127.0.0.1", port))
    late.listen(16)
    old, server.listener = server.listener, late
    old.close()
    threading.Thread(target=server._accept, daemon=True).start()
    return server


def in_parallel(count, work):
    results = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(work(n))) for n in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_f23_keys_rotate_under_load(tmp_path, keys):
    """One fetch for all who wait; they are let go together, and none of them gets 401."""
    with secured(tmp_path, keys, threads=2) as here:
        wait_for_keys(here, keys)
        asked = keys.fetches
        new = Issuer(keys.issuer.issuer, AUDIENCE, "key-2")
        document = {"keys": keys.issuer.key_set()["keys"] + new.key_set()["keys"]}

        def slowly(peer):
            # All of them wait by now.
            peer.origin.wait_for(lambda o: "go" in o.notes, 5)
            peer.send(http(json.dumps(document).encode()))

        keys.answer = slowly
        released = threading.Timer(0.5, lambda: keys.tell("go"))
        released.start()
        tokens = [new.token(sub=f"user-{number}") for number in range(60)]
        statuses = in_parallel(60, lambda number: status(here, tokens[number]))
        assert statuses == [200] * 60, statuses
        assert keys.fetches == asked + 1
        assert status(here, keys.issuer.token(sub="old")) == 200


def test_f24_a_flood_of_unknown_keys(tmp_path, keys):
    """One fetch in the cool-down; good tokens are served as before."""
    with secured(tmp_path, keys) as here:
        wait_for_keys(here, keys)
        asked = keys.fetches
        good = f"Authorization: Bearer {keys.issuer.token()}"
        head, body, signature = keys.issuer.token().split(".")
        import base64

        def forged(number):
            text = json.dumps({"alg": "RS256", "kid": f"k{number}", "typ": "at+jwt"})
            return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

        started = time.monotonic()

        def flood():
            with Client(here.port) as client:
                number = 0
                while number < 3000:
                    batch = range(number, number + 50)
                    for one in batch:
                        client.request(
                            "/x",
                            fields=[f"Authorization: Bearer {forged(one)}.{body}.{signature}"],
                        )
                    for _ in batch:
                        assert client.reply().status == 401
                    number += 50

        def fault():
            thread = threading.Thread(target=flood)
            thread.start()
            worst = 0.0
            while thread.is_alive():
                reply = here.ask(fields=[good])
                assert reply.status == 200
                worst = max(worst, reply.seconds)
            thread.join()
            assert worst < 1.0, worst

        here.prove(fault, growth=6 * MIB)
        assert keys.fetches - asked <= 1 + (time.monotonic() - started) // 30


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

    with secured(tmp_path, keys, handle=handle, env=clock.environment,
        # env puts what libfaketime shares between processes into the environment.
        before=["/usr/bin/env"], timeouts={"response": "2s"}) as here:
        now = int(time.time())
        soon = keys.issuer.token(exp=now + 1800)
        later = keys.issuer.token(nbf=now + 1800, exp=now + 36000, sub="later")
        past = keys.issuer.token(exp=now - 1800, sub="past")
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


