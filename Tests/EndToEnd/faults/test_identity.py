"""F20 to F25: the authorization server is down, slow or lies; keys rotate."""

import contextlib
import gzip
import json
import threading
import time

import pytest
from support.processes import free_port
from support.tokens import Issuer

from faults.client import Client
from faults.keyserver import (
    AUDIENCE,
    METADATA,
    KeyServer,
    demand,
    http,
    secured,
    status,
    wait_for_keys,
)
from faults.scene import scene

MIB = 1 << 20


@pytest.fixture
def keys():
    server = KeyServer()
    yield server
    server.stop()


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
    threads = [threading.Thread(target=lambda n=n: results.append(work(n))) for n in range(count)]
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
