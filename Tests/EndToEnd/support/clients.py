"""Runs the client programs of clients/, each in the environment of its SDK."""

import json
import os
from dataclasses import dataclass

from support.places import HERE, python
from support.processes import free_port, run


@dataclass(frozen=True)
class ClientKind:
    """A client: its environment, its program, and the arguments that choose its protocol."""

    name: str
    venv: str
    program: str
    arguments: tuple = ()


SDK2 = ClientKind("mcp-2.3.0", "mcp2", "sdk2.py")
SDK2_LEGACY = ClientKind("mcp-2.3.0-legacy", "mcp2", "sdk2.py", ("--mode", "legacy"))
SDK1 = ClientKind("mcp-1.30.0", "mcp1", "sdk1.py")
FASTMCP = ClientKind("fastmcp-4.1.0", "fastmcp", "fast.py")
STRICT = ClientKind("strict", "tests", "strict.py")
ALL = (SDK2, SDK2_LEGACY, SDK1, FASTMCP, STRICT)


# What the demo server and servers/sdk_server.py both offer.
CALL = ("add", {"a": 2, "b": 40}, "42")
STREAM = ("slow", {"steps": 5, "delay": 0.01}, 5)


def use(kind, url, *, user="testuser", password="testpass", **options):
    """The report of one whole flow; see clients/report.py for its members."""
    command = [python(kind.venv), HERE / "clients" / kind.program, url, *kind.arguments]
    command += ["--tool", CALL[0], "--arguments", json.dumps(CALL[1])]
    command += ["--stream-tool", STREAM[0], "--stream-arguments", json.dumps(STREAM[1])]
    if kind is not FASTMCP:
        options.setdefault("redirect_uri", f"http://127.0.0.1:{free_port()}/callback")
    for name, value in options.items():
        # One word: a secret may begin with a hyphen.
        name = f"--{name.replace('_', '-')}"
        command.append(name if value is True else f"{name}={value}")
    env = dict(os.environ, LOGIN_USER=user, LOGIN_PASSWORD=password)
    result = run(command, env=env, seconds=90)
    if not result.stdout.strip():
        raise RuntimeError(f"{kind.name} said nothing:\n{result.stderr[-3000:]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


def check(report):
    """That the whole flow went well: tools, a call, and every step of a stream in its order."""
    assert "error" not in report, report
    assert {CALL[0], STREAM[0]} <= set(report["tools"]), report
    assert CALL[2] in report["call"], report
    assert report["progress"] == sorted(report["progress"]), report
    assert len(report["progress"]) == STREAM[2], report
