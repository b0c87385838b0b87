"""F16 to F18: TLS, names, and a machine that has no port left."""

import time

import pytest

from faults.inject import EAI_AGAIN, EAI_FAIL, EAI_NONAME, Injection
from faults.origin import Origin, answering
from faults.scene import scene


@pytest.fixture
def injection(tmp_path):
    return Injection(tmp_path)


def named_route(path, origin):
    return {
        "matches": [{"path": {"pathPrefix": path}}],
        "backends": [{"host": f"backend.test:{origin.port}"}],
    }


NO_ANSWER = {
    "NXDOMAIN": lambda one: one.fail("resolve", EAI_NONAME),
    "SERVFAIL": lambda one: one.fail("resolve", EAI_AGAIN),
    "refused": lambda one: one.fail("resolve", EAI_FAIL),
    "empty": lambda one: one.resolve("empty"),
}


@pytest.mark.parametrize("what", NO_ANSWER)
def test_f17_a_name_without_an_answer_at_the_start(tmp_path, injection, what):
    """It starts, the route answers 503, and works as soon as the name does; no storm of
    questions."""
    NO_ANSWER[what](injection)
    origin = Origin()
    with scene(tmp_path, env=injection.environment, routes=[named_route("/named", origin)]) as here:

        def fault():
            for _ in range(20):
                reply = here.ask("/named")
                assert reply.status == 503 and reply.has("retry-after"), reply.raw
            assert reply.seconds < 1

        before = injection.calls("resolve")
        started = time.monotonic()
        here.prove(fault)
        # Once a second, twice for each question (the second without AI_ADDRCONFIG).
        assert injection.calls("resolve") - before <= 2 * (time.monotonic() - started) + 4
        assert here.record(status=503, path="/named")["outcome"] == "upstreamFailed"
        injection.pass_again("resolve")
        injection.resolve("address")
        deadline = time.monotonic() + 5
        while here.ask("/named").status != 200:
            assert time.monotonic() < deadline, "it did not recover"
            time.sleep(0.1)
    origin.stop()


def test_f17_a_resolver_that_hangs(tmp_path, injection):
    """The loops go on; whoever needs the name gets 504 after the time for connecting."""
    injection.resolve("hang")
    origin = Origin()
    with scene(tmp_path, env=injection.environment, routes=[named_route("/named", origin)]) as here:

        def fault():
            reply = here.ask("/named")
            assert reply.status == 504 and reply.seconds < 2, reply.raw

        here.prove(fault)
        injection.resolve("address")
        deadline = time.monotonic() + 5
        while here.ask("/named").status != 200:
            assert time.monotonic() < deadline, "it did not recover"
            time.sleep(0.1)
    origin.stop()


def test_f18_no_port_is_left(tmp_path, injection):
    """503 with a reason of its own; kept connections serve on, and nothing turns in circles."""
    with scene(
        tmp_path, answering(), env=injection.environment, timeouts={"upstreamIdle": "30s"}
    ) as here:
        kept = Origin()
        kept.stop()

        def fault():
            injection.fail("connect", "EADDRNOTAVAIL")
            # The good route has a kept connection; this one has none.
            with here.idle_processor():
                for _ in range(5):
                    reply = here.ask("/x")
                    assert reply.status == 503 and reply.has("retry-after"), reply.raw
            injection.pass_again("connect")

        here.must_work()
        for _ in range(2):
            fault()
            here.must_work()
        record = here.record(status=503)
        assert "exhausted" in json_text(record), record
        assert here.ask("/x").status == 200, "it recovers at once"


def json_text(record):
    import json

    return json.dumps(record)


@pytest.mark.parametrize("error", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])
def test_f18_no_socket_for_an_upstream(tmp_path, injection, error):
    with scene(tmp_path, env=injection.environment) as here:

        def fault():
            injection.fail("socket", error)
            assert here.ask("/x").status == 503
            injection.pass_again("socket")

        here.prove(fault, bystander=False)
        assert here.ask("/x").status == 200
