"""F50, F52 to F54, F56, F57: libraries that are replaced, cut short, foreign or hostile."""

import os
import shutil
import subprocess
import time

import pytest
from support.gateway import environment
from support.places import GATEHOUSE, HERE, PLUGINS, ROOT
from support.processes import run

from faults.scene import scene

FIXTURES = ROOT / "Tests" / "Fixtures" / "plugins"
HEADERS = ROOT / "SDK" / "Sources" / "CGatehouse" / "include"


def compile_plugin(source, target):
    command = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread"]
    command += ["-fvisibility=hidden", "-I", HEADERS, "-I", FIXTURES, "-o", target, source]
    subprocess.run([str(part) for part in command], check=True)


def plugin_folder(folder, **sources):
    """The built plugins and these, by name."""
    target = folder / "plugins"
    shutil.copytree(PLUGINS, target)
    (folder / "lib").symlink_to(PLUGINS.parent / "lib")
    for name, source in sources.items():
        compile_plugin(source, target / f"{name}.so")
    return target


@pytest.fixture
def with_plugins(tmp_path):
    """A scene with further plugins; the policies of /x are given."""

    def make(policies, **sources):
        plugins = plugin_folder(tmp_path, **sources)
        made = scene(tmp_path, policies=policies, plugins=plugins)
        return plugins, made

    return make


def seen(here):
    reply = here.ask()
    assert reply.status == 200, reply.raw
    return reply.one("x-fixture-seen")


@pytest.mark.parametrize("how", ["copy", "truncate", "rename", "remove"])
def test_f50_a_library_is_replaced_while_it_is_mapped(with_plugins, how):
    """No effect: the gateway runs a copy of its own."""
    plugins, made = with_plugins({"fixture-policy": {}}, fixture=FIXTURES / "good_policy.c")
    with made as here:
        live = plugins / "fixture.so"

        def fault():
            assert seen(here) == "yes"
            if how == "copy":
                shutil.copyfile(PLUGINS / "cors.so", live)
            elif how == "truncate":
                os.truncate(live, 0)
            elif how == "rename":
                other = plugins / "other"
                shutil.copyfile(PLUGINS / "cors.so", other)
                other.rename(live)
            else:
                live.unlink(missing_ok=True)
                live.touch()
            for _ in range(20):
                assert seen(here) == "yes"
            reply = here.ask(fields=["X-Fixture: refuse"])
            assert (reply.status, reply.body) == (403, b"refused")

        here.prove(fault)


def other_machine(data):
    """The same library for a machine with another number."""
    return data[:18] + b"\xb7\x00" + data[20:] if data[18] == 0x3E else data[:18] + b"\x3e\x00"


def test_f52_what_is_no_library(tmp_path):
    """Refused with a reason before any of it runs; nothing hangs; the rest works. The unit tests
    have every length of a library."""
    plugins = plugin_folder(tmp_path)
    whole = (PLUGINS / "cors.so").read_bytes()
    files = {
        "empty": b"",
        "random": os.urandom(40_000),
        "machine": other_machine(whole),
        "zeros": bytes(len(whole)),
        "32bit": whole[:4] + b"\x01" + whole[5:],
    }
    for number in range(24):
        files[f"cut{number}"] = whole[: len(whole) * number // 24]
    for name, data in files.items():
        (plugins / f"bad-{name}.so").write_bytes(data)
    os.mkfifo(plugins / "bad-fifo.so")
    (plugins / "bad-folder.so").mkdir()
    (plugins / "bad-link.so").symlink_to("/nowhere")
    (plugins / "bad-device.so").symlink_to("/dev/zero")
    started = time.monotonic()
    result = run([GATEHOUSE, "plugin", "list", "--plugin-dir", plugins], env=environment())
    assert time.monotonic() - started < 20
    assert result.returncode == 1, result
    text = result.stdout + result.stderr
    for name in [*files, "fifo", "link", "device"]:
        assert f"bad-{name}.so" in text, (name, text)
    assert "cors" in result.stdout
    with scene(tmp_path, plugins=plugins, policies={"cors": {"allowOrigins": ["*"]}}) as here:
        here.prove(lambda: here.must_work())
        assert here.ask(fields=["Origin: http://a.test"]).has("access-control-allow-origin")


REFUSED = {
    # F53
    "wrong_abi": "ABI",
    "missing_symbol": "gatehouse_plugin_entry_v1",
    "missing_descriptor": ".gatehouse",
    "undefined_symbol": "undefined",
    "needs_service": "",
    "no_provider_table": "",
    "bad_manifest": "manifest",
    # F54
    "entry_fails": "",
    "crash": "",
    "hang": "",
    "leave": "",
    "fork_and_leave": "",
    "signal": "",
    "scribble": "",
}


def check_refused(with_plugins, name):
    plugins, made = with_plugins({"fixture": {}}, bad=FIXTURES / f"{name}.c")
    with made as here:
        line = here.proxy.wait_for_line("bad.so", 20)
        assert REFUSED[name] in line, line

        def fault():
            reply = here.ask()
            assert reply.status == 503, reply.raw
            here.must_work()

        here.prove(fault)


VERSIONS = ["wrong_abi", "missing_symbol", "missing_descriptor", "undefined_symbol"]
VERSIONS += ["needs_service", "no_provider_table", "bad_manifest"]


@pytest.mark.parametrize("name", VERSIONS)
def test_f53_a_library_for_another_host(with_plugins, name):
    """A refusal that says why; the routes that name it answer 503, the others serve."""
    check_refused(with_plugins, name)


@pytest.mark.parametrize("name", sorted(set(REFUSED) - set(VERSIONS)))
def test_f54_a_library_that_misbehaves_when_it_is_loaded(with_plugins, name):
    """A child finds out; the gateway starts, with nothing of it in its own state."""
    before = (os.getcwd(), os.umask(0o022))
    os.umask(before[1])
    check_refused(with_plugins, name)


HOSTILE = {
    # What is answered with 5xx, or with a body that shows that the host refused.
    "unknown action": 503,
    "responded without": 503,
    "pause without": 503,
    "fail": 503,
    "respond twice": 201,
    "lengths": 200,
    "splitting": 200,
    "framing": 200,
    "huge body": 200,
    "wild state": 200,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_f56_a_plugin_that_answers_with_garbage(with_plugins, what):
    """Every value is checked like a peer's: this exchange fails, or the call is refused."""
    _, made = with_plugins({"hostile": {}}, hostile=HERE / "faults" / "hostile.c")
    with made as here:

        def fault():
            for _ in range(5):
                reply = here.ask(fields=[f"X-Hostile: {what}"])
                assert reply.status == HOSTILE[what] or (
                    HOSTILE[what] == 503 and reply.status in (500, 502)
                ), reply.raw
                assert b"Evil" not in reply.raw and not reply.has("transfer-encoding")
                if HOSTILE[what] == 200 and what != "wild state":
                    name, first, second = reply.body.decode().rsplit(" ", 2)
                    assert name == what and int(first) != 0, reply.body
                    assert int(second) != 0 or what == "huge body", reply.body
            assert here.ask().status == 200

        here.prove(fault)


def test_f57_handles_beyond_their_life(with_plugins):
    """An exchange and an operation of long ago, and a call from another thread: refused by their
    generation, without touching what has their place now."""
    _, made = with_plugins({"hostile": {}}, hostile=HERE / "faults" / "hostile.c")
    with made as here:

        def fault():
            # The operation's deadline ends its exchange; both handles are kept.
            reply = here.ask(fields=["X-Hostile: keep and pause"])
            assert reply.status >= 200 and reply.seconds < 3, reply.raw
            here.ask(fields=["X-Hostile: stale"])
            for _ in range(10):
                reply = here.ask(fields=["X-Hostile: stale"])
                first, second = map(int, reply.body.split()[1:])
                assert first != 0 and second != 0, reply.body
            reply = here.ask(fields=["X-Hostile: threaded"])
            first, second = map(int, reply.body.split()[1:])
            assert first != 0 and second != 0, reply.body

        here.prove(fault)
