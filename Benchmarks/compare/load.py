"""The load on one peer: the same request bytes to all, and the peer's CPU read from the kernel."""

import dataclasses
import pathlib
import re
import subprocess

from peers import Peer
from processes import Tools

BODY = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


@dataclasses.dataclass
class Sample:
    """Figures of one round: microseconds of CPU a request, requests a second, p99, RSS."""

    cpu_us: float
    rps: float
    p99_ms: float
    rss_kib: int


def message(token: str | None) -> str:
    """The request that every peer gets."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return ("POST /mcp HTTP/1.1\r\nHost: gw.test\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
            f"{authorization}Content-Length: {len(BODY)}\r\n\r\n{BODY}")


def script(folder: pathlib.Path, tokens: list[str]) -> pathlib.Path:
    """A wrk script that sends these bytes, the tokens in turn where some are given."""
    lines = ["local requests = {"]
    lines += [f"[==[{message(token)}]==]," for token in tokens or [None]]
    lines += ["}", "local n = 0", "function request()", "  n = n % #requests + 1",
              "  return requests[n]", "end", ""]
    path = folder / f"load-{len(tokens)}.lua"
    # In a long string a line break of the source is one byte, so the bytes are written as escapes.
    text = "\n".join(lines).replace("\r\n", "]==] .. \"\\r\\n\" .. [==[")
    path.write_text(text)
    return path


def messages(path: pathlib.Path, tokens: list[str | None]) -> pathlib.Path:
    """The same requests as a file for `load`."""
    with path.open("w") as out:
        for text in map(message, tokens):
            out.write(f"{len(text)}\n{text}")
    return path


def round_of(peer: Peer, lua: pathlib.Path, seconds: float, connections: int) -> Sample:
    """Runs wrk once; raises when an answer was not 2xx or a socket failed."""
    before = peer.cpu_seconds()
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(lua),
         f"http://127.0.0.1:{peer.port}/mcp"],
        capture_output=True, text=True, check=True, timeout=float(seconds) + 30).stdout
    cpu = peer.cpu_seconds() - before
    bad = re.search(r"Non-2xx.*|Socket errors:.*", out)
    if bad:
        raise RuntimeError(f"{peer.name}: {bad.group(0)}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", out)
    return Sample(
        cpu_us=cpu / max(requests, 1) * 1e6,
        rps=float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        p99_ms=float(p99.group(1)) * _UNITS[p99.group(2)],
        rss_kib=peer.rss_kib())


def counted(tools: Tools, peer: Peer, file: pathlib.Path, requests: int, connections: int,
            rate: float = 0) -> tuple[float, dict]:
    """So many requests with our own generator: CPU microseconds a request, and its figures."""
    before = peer.cpu_seconds()
    out = tools.load(peer.port, connections, requests, rate, file)
    return (peer.cpu_seconds() - before) / requests * 1e6, out
