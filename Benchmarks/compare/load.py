"""One measured round: wrk on loopback against one peer, the peer's CPU read from the kernel."""

import dataclasses
import pathlib
import re
import subprocess

from peers import Peer


@dataclasses.dataclass
class Sample:
    """Figures of one round: microseconds of CPU a request, requests a second, p99, RSS."""

    cpu_us: float
    rps: float
    p99_ms: float
    rss_kib: int


_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def script(folder: pathlib.Path, tokens: list[str]) -> pathlib.Path:
    """A wrk script that sends the same request to every peer, tokens in turn where given."""
    lines = ["local tokens = {"] + [f'"{t}",' for t in tokens] + ["}", """
local n, requests = 0, {}
local fields = {["Host"] = "gw.test", ["Content-Type"] = "application/json",
  ["Accept"] = "application/json, text/event-stream", ["MCP-Protocol-Version"] = "2025-11-25"}
local body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
function init(args)
  if #tokens == 0 then
    requests[1] = wrk.format("POST", "/mcp", fields, body)
  end
  for i, token in ipairs(tokens) do
    fields["Authorization"] = "Bearer " .. token
    requests[i] = wrk.format("POST", "/mcp", fields, body)
  end
end
function request()
  n = n % #requests + 1
  return requests[n]
end
"""]
    path = folder / f"load-{len(tokens)}.lua"
    path.write_text("\n".join(lines))
    return path


def round_of(peer: Peer, lua: pathlib.Path, seconds: int, connections: int) -> Sample:
    """Runs wrk once; raises when an answer was not 2xx or a socket failed."""
    before = peer.cpu_seconds()
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(lua),
         f"http://127.0.0.1:{peer.port}/mcp"],
        capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
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
