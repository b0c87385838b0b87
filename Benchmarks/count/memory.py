"""What an idle event stream holds in memory, by the place that allocated it (valgrind's DHAT)."""

import collections
import json
import pathlib
import re
import subprocess
import time

from processes import Tools, end_with_parent, free_port, stop
from stages import demangled

STREAMS = 400
#: The frames that pass an allocation on: the place is the first frame below them.
CARRIERS = re.compile(
    r"^(malloc|calloc|realloc|memalign|posix_memalign|aligned_alloc|_?swift_\w+|swift::|operator new|"
    r"__?platform|\$ss\w*Array|\$ss\d*_Contiguous|\$ss\d+ManagedBuffer|\$sSa|\$sSD|\$ss\d+_)")


def _frame(text: str) -> str:
    """The function of a frame: '0x4C: name (in /bin/x)'."""
    return text.partition(": ")[2].rpartition(" (")[0] or text


def _site(frames: list[str]) -> str:
    names = [_frame(text) for text in frames]
    return next((name for name in names if not CARRIERS.match(name)), names[-1])


def report(gateway: pathlib.Path, configuration, folder: pathlib.Path) -> list[dict]:
    """Opens so many streams under DHAT; prints and returns the bytes that each holds."""
    tools = Tools(folder)
    origin, upstream = tools.stream_origin(STREAMS, 0)
    port, out = free_port(), folder / "dhat.json"
    (folder / "config.yaml").write_text(configuration(port, upstream, None))
    client = None
    with open(folder / "log.txt", "wb") as log:
        process = subprocess.Popen(
            ["valgrind", "--tool=dhat", "--num-callers=20", f"--dhat-out-file={out}", str(gateway),
             "run", "-f", str(folder / "config.yaml"), "--threads", "1", "--plugin-dir",
             str(folder / "none")],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=end_with_parent,
            env={"PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"})
    try:
        _wait(process, port, folder)
        client = tools.stream_client(port, STREAMS, 0)
        time.sleep(2)
        # Ended while the streams are open: what is held then is what they hold.
        process.terminate()
        process.wait(60)
    finally:
        for each in (client, process, origin):
            if each:
                stop(each)
    return _show(json.loads(out.read_text()))


def _wait(process: subprocess.Popen, port: int, folder: pathlib.Path) -> None:
    needle = f":{port:04X} 00000000:0000 0A"
    for _ in range(600):
        if process.poll() is None and needle in pathlib.Path("/proc/net/tcp").read_text():
            return
        time.sleep(0.1)
    raise RuntimeError("does not listen:\n" + (folder / "log.txt").read_text()[-2000:])


def _short(name: str) -> str:
    """Module, type and function, without how it was specialised and its parameters."""
    name = re.sub(r"^.* (?:of|in) (?=[A-Z])", "", name).replace("NIOPosix.(", "(")
    return re.sub(r" in _[0-9A-F]{32}", "", re.split(r"\(_?\w*:| -> ", name)[0])[:90]


def _show(document: dict) -> list[dict]:
    table = document["ftbl"]
    held: dict[str, list[float]] = collections.defaultdict(lambda: [0.0, 0.0])
    for point in document["pps"]:
        # Bytes and blocks at the moment when most was held.
        if point["gbk"] < 0.8 * STREAMS:
            continue
        row = held[_site([table[at] for at in point["fs"]])]
        row[0] += point["gb"] / STREAMS
        row[1] += point["gbk"] / STREAMS
    rows = sorted(held.items(), key=lambda row: -row[1][0])
    names = demangled([name for name, _ in rows])
    print(f"\n## an idle event stream: bytes and blocks by allocation site ({STREAMS} streams)\n")
    table = [{"peer": _short(names[name]), "bytes": size, "blocks": blocks}
             for name, (size, blocks) in rows]
    table.append({"peer": "all", "bytes": sum(row["bytes"] for row in table),
                  "blocks": sum(row["blocks"] for row in table)})
    for row in table:
        print(f"{row['bytes']:9.0f} {row['blocks']:6.2f}  {row['peer']}")
    return table
