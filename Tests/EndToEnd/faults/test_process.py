"""F42, F44, F47, F49: signals, absurd configurations, and what a crash must not leave behind."""

import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from support.gateway import environment
from support.places import GATEHOUSE, PLUGINS
from support.processes import free_port

from faults.client import Client
from faults.origin import OK
from faults.scene import scene
from faults.sparse import many_streams


def slow_answer(peer):
    """Answers when the test says so."""
    while peer.head() is not None:
        peer.origin.wait_for(lambda o: "go" in o.notes, 10)
        peer.send(OK)


def drained(folder, handle, **timeouts):
    return scene(folder, handle, timeouts={"response": "20s", **timeouts})


def ended(here):
    """The exit status; the scene's own check is for those that live on."""
    return here.proxy.wait(20)


def refuses(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_f42_sigterm_finishes_what_runs(tmp_path):
    """All requests under way are answered in full, with Connection: close; idle connections and
    listeners close at once; exit 0."""
    with pytest.raises(AssertionError, match="it ended"):
        with drained(tmp_path, slow_answer, drain="15s") as here:
            idle = Client(here.port)
            assert idle.request("/ok").reply().status == 200
            busy = [Client(here.port).request("/x") for _ in range(100)]
            here.origin.wait_for(lambda o: len(o.heads) == 100)
            started = time.monotonic()
            here.proxy.signal(signal.SIGTERM)
            here.proxy.wait_for_line("draining")
            assert idle.ending(5) == "fin"
            here.origin.tell("go")
            for client in busy:
                reply = client.reply()
                assert reply.status == 200 and reply.is_complete, reply.raw
                assert reply.one("connection") == "close"
                assert client.ending() == "fin"
            assert ended(here) == 0
            assert time.monotonic() - started < 10, "not by the deadline"
            assert refuses(here.port)
            assert len([r for r in here.records() if r["status"] == 200]) >= 101


def test_f42_streams_end_at_the_deadline(tmp_path):
    """1,000 event streams: cut short visibly, not as if the origin had ended them; exit 4 says that
    something was cut, in time."""
    with many_streams() as streams, pytest.raises(AssertionError, match="it ended"):
        limits = {"maxUpstreamConnections": 2000}
        with scene(tmp_path, port=streams.port, limits=limits, timeouts={"drain": "1s"}) as here:
            streams.open(here.port, 1000)
            started = time.monotonic()
            here.proxy.signal(signal.SIGTERM)
            # Until then they live.
            assert streams.heartbeat() == 1000
            rests = []
            for sock in streams.clients:
                sock.settimeout(10)
                data = b""
                try:
                    while part := sock.recv(4096):
                        data += part
                except ConnectionError:
                    pass
                rests.append(data)
            assert not any(data.endswith(b"0\r\n\r\n") for data in rests)
            assert ended(here) == 4
            assert 0.8 < time.monotonic() - started < 6
            assert len([r for r in here.records() if r["outcome"] == "drained"]) == 1000


# Two of one kind within a moment may be one for the kernel (signal(7)).
@pytest.mark.parametrize(
    ("second", "pause"), [(signal.SIGTERM, 0.3), (signal.SIGINT, 0.3), (signal.SIGINT, 0)]
)
def test_f44_a_second_signal_ends_it_at_once(tmp_path, second, pause):
    """Documented in docs/configuration.md: exit 4, at once."""
    with pytest.raises(AssertionError, match="it ended"):
        with drained(tmp_path, slow_answer, drain="20s") as here:
            client = Client(here.port).request("/x")
            here.origin.wait_for(lambda o: len(o.heads) == 1)
            here.proxy.signal(signal.SIGTERM)
            time.sleep(pause)
            started = time.monotonic()
            here.proxy.signal(second)
            status = here.proxy.wait(10)
            assert status == 4 and time.monotonic() - started < 1.5, status
            client.close()


def many(count, line):
    return "\n".join(line.replace("@", str(number)) for number in range(count))


HOST = "      backends: [{host: '127.0.0.1:9'}]\n"
START = "binds:\n- port: @PORT\n  listeners:\n  - routes:\n"


def configuration(**sections):
    document = {
        "binds": [
            {"port": 1, "listeners": [{"routes": [{"backends": [{"host": "127.0.0.1:9"}]}]}]}
        ],
        **sections,
    }
    return yaml.safe_dump(document)


ABSURD = {
    "a million routes": lambda: START + many(1_000_000, "    - {name: r@, backends: []}"),
    "deep": lambda: "binds: " + "[" * 100_000,
    "anchors": lambda: (
        "a0: &a0 [x, x]\n"
        + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    ),
    "long scalar": lambda: "binds: " + "x" * 5_000_000,
    "no limits": lambda: configuration(limits={"maxHead": 0}),
    "no fields": lambda: configuration(limits={"maxFields": 0}),
    "no connections": lambda: configuration(limits={"maxConnections": 0}),
    "10 GiB head": lambda: configuration(limits={"maxHead": "10GiB"}),
    "10 GiB buffer": lambda: configuration(limits={"maxBufferedBody": "10GiB"}),
    "2^63": lambda: configuration(limits={"maxBody": 2**63}),
    "2^70": lambda: configuration(limits={"maxBody": 2**70}),
    "negative": lambda: configuration(limits={"maxBody": -1}),
    "port 65536": lambda: START.replace("@PORT", "65536") + "    -" + HOST[5:],
    "a billion years": lambda: configuration(timeouts={"response": "9999999999999999h"}),
    "no time": lambda: configuration(timeouts={"connect": "0s"}),
    "binary": lambda: "\x00\x01\x02\ufffe",
}


@pytest.mark.parametrize("what", ABSURD)
def test_f47_an_absurd_configuration(tmp_path, what):
    """Refused with a message, in bounded time and memory; never a trap."""
    path = tmp_path / "c.yaml"
    path.write_text(ABSURD[what](), errors="surrogatepass")
    started = time.monotonic()

    def bounded():
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

    for command in ("validate", "run"):
        result = subprocess.run(
            [GATEHOUSE, command, "-f", path, "--plugin-dir", PLUGINS],
            env=environment(),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
            preexec_fn=bounded,
        )
        assert result.returncode == 1, (result.returncode, result.stderr[-500:])
        assert "error" in result.stderr and len(result.stderr) < 200_000, len(result.stderr)
    assert time.monotonic() - started < 30


def test_f47_many_routes_that_are_allowed(tmp_path):
    """10,000 routes: it starts, and finds the last one as fast as the first."""
    port = free_port()
    routes = [
        {
            "name": f"r{number}",
            "matches": [{"path": {"exact": f"/r{number}"}}],
            "backends": [{"host": "127.0.0.1:9"}],
        }
        for number in range(10_000)
    ]
    with scene(tmp_path, routes=routes) as here:

        def fault():
            times = []
            for path in ("/r0", "/r9999", "/r10000"):
                reply = here.ask(path)
                assert reply.status == (404 if path == "/r10000" else 502)
                times.append(reply.seconds)
            assert max(times) < 0.5, times

        here.prove(fault, growth=6 << 20)
    assert port


def test_f49_a_crash_leaves_no_secrets(tmp_path):
    """No core file, and nothing of a token in what was logged."""
    token = "c2VjcmV0LXRva2Vu.THIS-IS-SECRET"
    os.chmod(tmp_path, 0o777)
    with pytest.raises(AssertionError, match="it ended"):
        with drained(tmp_path, slow_answer) as here:
            limits = Path(f"/proc/{here.proxy.pid}/limits").read_text()
            line = next(line for line in limits.splitlines() if "core file" in line)
            assert line.split()[4:6] == ["0", "0"], line
            client = Client(here.port)
            client.request(f"/x?token={token}", fields=[f"Authorization: Bearer {token}"])
            here.origin.wait_for(lambda o: len(o.heads) == 1)
            here.proxy.signal(signal.SIGABRT)
            assert here.proxy.wait(20) == -signal.SIGABRT
            said = "".join(here.proxy.lines) + here.proxy.error_text
            assert token not in said and "SECRET" not in said
    folders = [tmp_path, Path.cwd(), Path(f"/proc/{os.getpid()}/cwd")]
    assert not [file for folder in folders for file in folder.glob("core*") if file.is_file()]
