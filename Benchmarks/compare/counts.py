"""Instructions and allocations a request: Benchmarks/count as one scenario of the comparison."""

import json
import pathlib
import subprocess
import sys

from bench import Bench

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def run(bench: Bench) -> None:
    """The forwarder and the gateway with symbols are where scripts/bench built them."""
    out = bench.folder / "counts.json"
    static = ROOT / ".build-static/release"
    print("\n## counts", flush=True)
    subprocess.run(
        [sys.executable, str(ROOT / "Benchmarks/count/main.py"),
         "--gateway", str(static / "gatehouse"), "--forwarder", str(static / "NIOForwarder"),
         "--runtime", str(ROOT / "dist/lib"), "--json", str(out), "--stages", "--plugins",
         *(str(ROOT / f".build/release/lib{name}.so") for name in ("cors", "mcpAuthentication"))],
        check=True)
    document = json.loads(out.read_text())
    for case, figures in document["figures"].items():
        bench.row("counts", peer=case, **figures)
    for stage in document["stages"]["plain"]:
        bench.row("stages", peer=stage, **{
            case.replace(" ", "_"): costs[stage] for case, costs in document["stages"].items()})
    for row in document["judged"]:
        # Its bounds hold the tolerance already; where the CPU differs a miss is a warning.
        bench.add("counts", f"{row['case']}: {row['what']}, {row['meaning']}", row["value"], "",
                  None if row["warns"] else row["bound"], tolerance=1)
