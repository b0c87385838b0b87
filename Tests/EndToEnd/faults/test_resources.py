"""F30 to F33, F35: too few descriptors, too little memory, processor, log, threads."""

import contextlib
import os
import socket
import subprocess
import time

import pytest
import yaml
from support.gateway import environment, route
from support.places import GATEHOUSE, PLUGINS
from support.processes import Program, free_port, run, wait_until

from faults.client import Client, ask
from faults.inject import Injection
from faults.origin import Origin
from faults.scene import Bystander, Scene, scene

MIB = 1 << 20


@pytest.fixture
def injection(tmp_path):
    return Injection(tmp_path)


def events(peer):
    """An event stream that beats."""
    peer.head()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
    peer.send(b"Transfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(OSError):
        while not peer.wait_closed(0.1):
            peer.send(b"9\r\ndata: 1\n\n\r\n")


def quickly(port, seconds=1.0):
    """Whether a connection is answered within this time."""
    try:
        return ask(port, "/ok", seconds=seconds).status == 200
    except OSError:
        return False


def test_f30_no_descriptor_is_left(tmp_path):
    """64 descriptors and 200 clients: what runs lives on, accepting does not spin, and it recovers
    when they have gone."""
    with scene(tmp_path, events, before=["prlimit", "--nofile=64:64"]) as here:

        def fault():
            with Client(here.port) as stream:
                stream.request("/x")
                stream.until(b"data: 1\n\n")
                clients = []
                for _ in range(200):
                    sock = socket.socket()
                    sock.setblocking(False)
                    sock.connect_ex(("127.0.0.1", here.port))
                    clients.append(sock)
                with here.idle_processor(0.35):
                    for _ in range(10):
                        stream.until(b"data: 1\n\n")
                        time.sleep(0.05)
                assert here.proxy.descriptors() <= 64
                for sock in clients:
                    sock.close()
                    # The admin listener has descriptors of its own.
                    assert ask(here.admin, "/healthz", seconds=2).status == 200
                wait_until(lambda: quickly(here.port), 8, "recovery")
                stream.until(b"data: 1\n\n")

        here.prove(fault, bystander=False, settle=20)


@pytest.mark.parametrize("error", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])
def test_f30_accept_fails(tmp_path, injection, error):
    """By injected errno: no spinning, and accepting goes on when it can."""
    with scene(tmp_path, env=injection.environment) as here:

        def fault():
            with Client(here.port) as kept:
                assert kept.request("/ok").reply().status == 200
                injection.fail("accept", error)
                waiting = Client(here.port)
                before = injection.calls("accept"), injection.calls("epoll")
                with here.idle_processor(0.2):
                    time.sleep(0.6)
                    assert kept.request("/ok").reply().status == 200
                assert injection.calls("accept") - before[0] < 50
                assert injection.calls("epoll") - before[1] < 300
                injection.pass_again("accept")
                assert waiting.request("/ok").reply().status == 200
                waiting.close()

        here.prove(fault, bystander=False)


def test_f31_memory_is_short(tmp_path):
    """Above its bound the process refuses requests with 503 and ends kept connections; what runs
    goes on, the admin listener says why; when the load has gone it serves again by itself."""
    size = 64 * MIB

    def handle(peer):
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        with contextlib.suppress(OSError):
            while True:
                peer.send(bytes(MIB))

    limits = {"maxMemory": "72MiB"}
    with scene(tmp_path, handle, limits=limits, timeouts={"write": "30s"}) as here:
        assert here.proxy.resident_bytes() < 56 * MIB
        kept = Client(here.port)
        assert kept.request("/ok").reply().status == 200
        readers = []

        def is_refusing():
            for _ in range(10):
                reader = Client(here.port, receive_buffer=4096)
                reader.request("/x")
                readers.append(reader)
            return ask(here.admin, "/readyz").status == 503

        wait_until(is_refusing, 30, "refusing", pause=0.1)
        assert b"memory" in ask(here.admin, "/readyz").body
        reply = here.ask("/ok")
        assert reply.status == 503 and reply.has("retry-after"), reply.raw
        assert here.proxy.resident_bytes() < 160 * MIB
        reply = kept.request("/ok").reply()
        assert reply.status in (503, 0) and reply.ending != "open" or kept.ending(3) != "open"
        for reader in readers:
            reader.close()
        wait_until(lambda: quickly(here.port), 20, "recovery", pause=0.2)
        assert ask(here.admin, "/readyz").status == 200


def test_f32_the_processor_is_taken_away(tmp_path):
    """One processor shared with others that want all of it: slower, and still every request is
    answered; nothing piles up."""
    processor = str(min(os.sched_getaffinity(0)))
    with scene(tmp_path, before=["taskset", "-c", processor]) as here:

        def fault():
            hogs = [
                subprocess.Popen(["taskset", "-c", processor, "sh", "-c", "while :; do :; done"])
                for _ in range(3)
            ]
            try:
                with Bystander(here.port, pause=0.001) as one:
                    with Bystander(here.port, "/x", pause=0.001):
                        time.sleep(1.0)
                        health = ask(here.admin, "/healthz", seconds=5)
                        assert health.status == 200 and health.seconds < 1.5, health.seconds
                assert one.count > 15, one.count
            finally:
                for hog in hogs:
                    hog.kill()
                    hog.wait()

        here.prove(fault, bystander=False)


def shell_program(folder, shell_tail, env=None, port=None):
    """A gateway whose standard output and error a shell has set up."""
    good = Origin()
    port, admin = port or free_port(), free_port()
    path = folder / "log.yaml"
    listeners = [{"routes": [route("/ok", good.port), route("/x", good.port)]}]
    path.write_text(
        yaml.safe_dump(
            {"binds": [{"port": port, "listeners": listeners}], "admin": {"port": admin}}
        )
    )
    command = f"exec {GATEHOUSE} run -f {path} --plugin-dir {PLUGINS} --threads 1 {shell_tail}"
    program = Program(["bash", "-c", command], ports=[port], env=environment(**(env or {})))
    program.port, program.admin = port, admin
    return program, good


LOGS = {
    "full disk": "> /dev/full 2> /dev/full",
    "closed": ">&- 2>&-",
    "nobody reads": "> >(exec true) 2> >(exec true)",
    "blocked pipe": "> >(exec sleep 30) 2> >(exec sleep 30)",
}


@pytest.mark.parametrize("what", LOGS)
def test_f33_the_log_takes_nothing(tmp_path, what):
    """Requests do not notice: 20,000 records are far more than any pipe holds."""
    program, good = shell_program(tmp_path, LOGS[what])
    with program:
        here = Scene(program, good, good)

        def fault():
            with Client(program.port) as client:
                batch = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n" * 100
                for _ in range(100):
                    client.send(batch)
                    for _ in range(100):
                        assert client.reply().status == 200

        here.prove(fault, growth=6 * MIB)
    good.stop()


def test_f33_writes_fail_for_a_while(tmp_path, injection):
    """ENOSPC for half a second: requests go on, the process lives."""
    injection.log_only()
    with scene(tmp_path, env=injection.environment) as here:

        def fault():
            injection.fail("write", "ENOSPC")
            for _ in range(50):
                assert here.ask("/x").status == 200
            injection.pass_again("write")

        here.prove(fault)


@pytest.mark.parametrize("error", ["EAGAIN", "ENOMEM"])
def test_f35_no_process_can_be_started(tmp_path, injection, error):
    """The child that tries out a library cannot be made: the library is not used, its routes answer
    503, the rest serves. Nothing is opened untried."""
    injection.fail("spawn", error)
    policies = {"cors": {"allowOrigins": ["*"]}}
    with scene(tmp_path, env=injection.environment, policies=policies) as here:
        assert injection.calls("spawn") > 0

        def fault():
            assert here.ask("/x").status == 503

        here.prove(fault)
        here.proxy.wait_for_line("cors")


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_f35_no_thread_can_be_started(tmp_path, injection, after):
    """At the start: it ends with a sentence and status 3, not with a trap."""
    path = tmp_path / "c.yaml"
    listeners = [{"routes": [{"backends": [{"host": "127.0.0.1:9"}]}]}]
    path.write_text(yaml.safe_dump({"binds": [{"port": free_port(), "listeners": listeners}]}))
    injection.fail("thread", "EAGAIN", after=after)
    command = [GATEHOUSE, "run", "-f", path, "--plugin-dir", PLUGINS, "--threads", 2]
    result = run(command, env=environment(**injection.environment), seconds=20)
    assert result.returncode == 3, (result.returncode, result.stderr[-500:])
    assert "thread" in result.stderr, result.stderr
