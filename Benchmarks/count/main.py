"""Counts instructions and allocations a request under callgrind; holds them to the thresholds.

One connection in lockstep; what N further requests cost is the difference of a run of N and one
of 2N. Where each request has a token that was never seen, libcrypto's verification is left out:
what it costs depends on the signature, and is not ours to change. The gateway is the static build
with its symbols, SWIFT_DETERMINISTIC_HASHING=1. Its allocations are compared with those of a bare
SwiftNIO forwarder of bytes (Benchmarks/forwarder), everything with the committed figures
(thresholds.json, plus 2 %, where tokens are new 5 %). --check: status 1 on a miss; --commit: writes
the figures of this run as the thresholds; --stages: the cost of each stage; --memory: what an idle
event stream holds instead.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "compare"))

import callgrind
import lockstep
import memory
import stages
from processes import free_port
from tokens import AUDIENCE, ISSUER, Keys

HERE = pathlib.Path(__file__).resolve().parent
THRESHOLDS = HERE / "thresholds.json"
#: How far a figure may lie above the committed one.
TOLERANCE = 1.02
#: The same where each request has a new token: there are fewer of them, so that what goes by the
#: clock weighs more.
NEW_TOLERANCE = 1.05
#: Calls a request that the periodic sweep may add: it runs by the clock, not by requests.
NOISE = 0.5
#: The features by which the C library and libcrypto choose their code.
FEATURES = ["avx", "avx2", "avx512f", "avx512vl", "bmi1", "bmi2", "erms", "fsrm", "fma", "movbe",
            "pclmulqdq", "rtm", "sha_ni", "sse4_1", "sse4_2", "ssse3", "vaes", "vpclmulqdq"]
CASES = ["forwarder", "plain", "known token"]
#: A token that was never seen in each request, by algorithm.
NEW = {f"new {name}": name for name in ("RS256", "ES256", "EdDSA")}
#: Requests of such a run for each of another: a verification takes long under callgrind.
NEW_SHARE = 5


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--gateway", type=pathlib.Path, required=True, help="the binary with symbols")
    p.add_argument("--forwarder", type=pathlib.Path, required=True)
    p.add_argument("--plugins", type=pathlib.Path, nargs="+", required=True, metavar="FILE",
                   help="the plugin libraries with symbols")
    p.add_argument("--runtime", type=pathlib.Path, required=True,
                   help="the folder of the libraries that the plugins need")
    p.add_argument("--requests", type=int, default=1000, help="N")
    p.add_argument("--check", action="store_true")
    p.add_argument("--commit", action="store_true")
    p.add_argument("--stages", action="store_true")
    p.add_argument("--memory", action="store_true",
                   help="only the memory of an idle event stream")
    p.add_argument("--top", type=int, default=0, metavar="COUNT",
                   help="also the functions with the most instructions")
    p.add_argument("--only", action="append", choices=[*CASES, *NEW], metavar="CASE",
                   help=f"measured, not judged: {', '.join([*CASES, *NEW])}; may be repeated")
    p.add_argument("--json", type=pathlib.Path)
    return p.parse_args()


def configuration(port: int, upstream: int, jwks: str | None) -> str:
    """The gateway's configuration, with the policies where a key set is given: in the text itself,
    because a file would be looked at by the clock."""
    policies = f"""
      policies:
        cors:
          allowOrigins: ["*"]
          allowHeaders: [mcp-protocol-version, content-type, authorization]
          exposeHeaders: [Mcp-Session-Id]
        mcpAuthentication:
          mode: strict
          issuer: {ISSUER}
          audiences: ["{AUDIENCE}"]
          jwks: {jwks}
          resourceMetadata:
            resource: {AUDIENCE}
            scopesSupported: [read:all]""" if jwks else ""
    return f"""accessLog: off
binds:
- port: {port}
  address: 127.0.0.1
  listeners:
  - routes:
    - name: count{policies}
      backends:
      - host: 127.0.0.1:{upstream}
"""


def die_with_parent() -> None:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def command(case: str, folder: pathlib.Path, port: int, upstream: int, keys: Keys,
            args: argparse.Namespace) -> list[str]:
    if case == "forwarder":
        return [str(args.forwarder), str(port), str(upstream)]
    jwks = None if case == "plain" else keys.jwks
    (folder / "config.yaml").write_text(configuration(port, upstream, jwks))
    return [str(args.gateway), "run", "-f", str(folder / "config.yaml"), "--threads", "1",
            "--plugin-dir", str(args.folder / ("plugins" if jwks else "none"))]


def messages(case: str, count: int, keys: Keys) -> Iterator[bytes]:
    """So many requests of a case; tokens that are new are of one size."""
    if case in NEW:
        for number in range(count):
            yield lockstep.request(keys.token(f"new-{number:06}", NEW[case]))
    else:
        token = keys.token("user-1") if case == "known token" else None
        yield from itertools.repeat(lockstep.request(token), count)


def run(case: str, count: int, keys: Keys, folder: pathlib.Path,
        args: argparse.Namespace) -> callgrind.Profile:
    """One run under callgrind with so many requests."""
    folder.mkdir(parents=True)
    out = folder / "callgrind.out"
    port = free_port()
    environment = {"PATH": "/usr/bin:/bin", "SWIFT_DETERMINISTIC_HASHING": "1",
                   "SWIFT_BACKTRACE": "enable=no", "LD_PRELOAD": str(args.preload),
                   "COUNTED_PROGRAM": str(args.gateway)}
    with lockstep.Origin() as origin, open(folder / "log.txt", "wb") as log:
        process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
             f"--callgrind-out-file={out}",
             *command(case, folder, port, origin.port, keys, args)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            preexec_fn=die_with_parent)
        try:
            wait_until_open(process, port, folder)
            try:
                lockstep.drive(port, messages(case, count, keys))
            except (RuntimeError, OSError) as reason:
                raise RuntimeError(f"{case}: {reason}\n{tail(folder)}") from reason
            process.terminate()
            process.wait(60)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return callgrind.read(out)


def wait_until_open(process: subprocess.Popen, port: int, folder: pathlib.Path) -> None:
    end = time.monotonic() + 60
    needle = f":{port:04X} 00000000:0000 0A"
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"ended early:\n{tail(folder)}")
        # No connection of ours before the first counted one: the kernel's table says it listens.
        tables = pathlib.Path("/proc/net/tcp").read_text()
        if needle in tables:
            return
        time.sleep(0.05)
    raise RuntimeError(f"does not listen after 60 s:\n{tail(folder)}")


def tail(folder: pathlib.Path) -> str:
    """The end of what a run wrote."""
    return (folder / "log.txt").read_text(errors="replace")[-2000:]


def measure(args: argparse.Namespace, folder: pathlib.Path) -> dict[str, callgrind.Profile]:
    """The cost of a request in each case; two runs at a time."""
    keys = Keys()
    requests = {case: args.requests // (NEW_SHARE if case in NEW else 1)
                for case in args.only or [*CASES, *NEW]}
    with concurrent.futures.ThreadPoolExecutor(max(1, min(2, os.cpu_count() or 1))) as pool:
        jobs = {(case, times): pool.submit(
            run, case, times * n, keys, folder / f"{case}-{times}".replace(" ", "-"), args)
            for case, n in requests.items() for times in (1, 2)}
        profiles = {key: job.result() for key, job in jobs.items()}
    return {case: callgrind.difference(profiles[case, 2], profiles[case, 1], n)
            for case, n in requests.items()}


def make_tree(folder: pathlib.Path, args: argparse.Namespace) -> None:
    """Copies with symbols but without debug information, which valgrind cannot read as Swift
    writes it; names them in `args`."""
    def copy(binary: pathlib.Path, name: str) -> pathlib.Path:
        to = folder / name
        subprocess.run(["objcopy", "--strip-debug", str(binary), str(to)], check=True)
        return to
    args.folder = folder
    for name in ("bin", "plugins", "none"):
        (folder / name).mkdir()
    (folder / "lib").symlink_to(args.runtime.resolve())
    args.gateway = copy(args.gateway, "bin/gatehouse")
    args.forwarder = copy(args.forwarder, "bin/forwarder")
    for plugin in args.plugins:
        copy(plugin, f"plugins/{plugin.name.removeprefix('lib')}")
    args.preload = folder / "self.so"
    subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o",
                    str(args.preload), str(HERE / "self.c")], check=True)


def figures(case: str, profile: callgrind.Profile) -> dict[str, float]:
    theirs = profile.inside(callgrind.VERIFICATION, "GatehouseJOSE") if case in NEW else 0
    return {"instructions": round(profile.instructions - theirs),
            "malloc": round(profile.called(callgrind.ALLOCATORS), 2),
            "swift_allocObject": round(profile.called(callgrind.OBJECTS), 2)}


def cpu_features() -> list[str]:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            present = set(line.split())
            return [name for name in FEATURES if name in present]
    return []


def toolchain() -> dict[str, str]:
    def first(*words: str) -> str:
        ran = subprocess.run(words, capture_output=True, text=True)
        return (ran.stdout.strip() or ran.stderr.strip()).splitlines()[0]
    return {"swift": first("swift", "--version"), "libc": os.confstr("CS_GNU_LIBC_VERSION") or "",
            "valgrind": first("valgrind", "--version")}


def judge(found: dict[str, dict[str, float]]) -> list[dict]:
    """Each figure beside its bound."""
    rows: list[dict] = []

    def row(case: str, what: str, bound: float, meaning: str, warns: bool = False) -> None:
        rows.append({"case": case, "what": what, "value": found[case][what],
                     "bound": round(bound, 2), "meaning": meaning, "warns": warns})

    for case in CASES[1:]:
        for what in ("malloc", "swift_allocObject"):
            row(case, what, max(found["forwarder"][what], 0) + NOISE, "the bare forwarder's")
    if not THRESHOLDS.exists():
        return rows
    committed = json.loads(THRESHOLDS.read_text())
    same = committed["cpu"] == cpu_features()
    for case in [*CASES[1:], *NEW]:
        for what in found[case]:
            tolerance = NEW_TOLERANCE if case in NEW else TOLERANCE
            bound = max(committed["figures"][case][what], 0) * tolerance
            meaning = f"committed + {round(100 * tolerance - 100)} %"
            if what == "instructions":
                row(case, what, bound, meaning, warns=not same)
            else:
                row(case, what, bound + NOISE, meaning)
    if not same:
        print("this CPU's features differ from those of the committed instruction counts: "
              f"{sorted(set(committed['cpu']) ^ set(cpu_features()))}; a miss is a warning")
    if committed["toolchain"] != toolchain():
        print(f"committed with {committed['toolchain']}, this is {toolchain()}")
    return rows


def show(rows: list[dict]) -> bool:
    """Prints the figures; true when all hold, a warning aside."""
    print("\n## counts a request\n")
    good = True
    for row in rows:
        held = row["value"] <= row["bound"]
        verdict = "held" if held else "WARNING" if row["warns"] else "MISSED"
        good = good and (held or row["warns"])
        print(f"{row['case']:12} {row['what']:18} {row['value']:10.2f} (at most "
              f"{row['bound']:10.2f}, {row['meaning']}) {verdict}")
    return good


def main() -> int:
    args = arguments()
    # SIGTERM like Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="gatehouse-count-") as folder:
        make_tree(pathlib.Path(folder), args)
        if args.memory:
            rows = memory.report(args.gateway, configuration, pathlib.Path(folder))
            if args.json and args.json.exists():
                # Into the figures of a comparison, where the document takes it from.
                known = json.loads(args.json.read_text())
                known.setdefault("tables", {})["memory"] = rows
                args.json.write_text(json.dumps(known, indent=2) + "\n")
            return 0
        profiles = measure(args, pathlib.Path(folder))
    found = {case: figures(case, profile) for case, profile in profiles.items()}
    print(f"{'':12}{'instructions':>14}{'malloc':>10}{'swift_allocObject':>20}  a request")
    for case, row in found.items():
        print(f"{case:12}{row['instructions']:14.0f}{row['malloc']:10.2f}"
              f"{row['swift_allocObject']:20.2f}")
    for case in profiles if args.top else []:
        stages.top(case, profiles[case], args.top)
    if args.only:
        return 0
    costs = stages.report({case: profiles[case] for case in CASES[1:]}) if args.stages else {}
    document = {"cpu": cpu_features(), "toolchain": toolchain(), "requests": args.requests,
                "figures": found}
    if args.commit:
        THRESHOLDS.write_text(json.dumps(document, indent=2) + "\n")
        print(f"wrote {THRESHOLDS}")
    rows = judge(found)
    if args.json:
        args.json.write_text(json.dumps({**document, "judged": rows, "stages": costs}, indent=2) + "\n")
    return 0 if show(rows) or not args.check else 1


if __name__ == "__main__":
    sys.exit(main())
