"""scripts/matrix: mode x provider x client, each cell a whole flow or an exact refusal."""

import argparse
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from matrix import scene, table
from matrix.scene import CLIENTS, EXPECTED, WRONG, Result, Scene
from support.places import ROOT

PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- matrix -->", "<!-- end of matrix -->"


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/matrix")
    parser.add_argument("--check", action="store_true", help="1 where a cell is not as declared")
    parser.add_argument("--rows", action="store_true", help="one row of each mode only")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/")
    parser.add_argument("--filter", default="", help="rows and clients that hold every word of it")
    parser.add_argument("-j", type=int, default=2, help="cells at the same time")
    return parser.parse_args()


def chosen(wanted):
    """The cells: pairs of row and client; a refused row has the client None."""
    cells = []
    for row in table.ROWS:
        if wanted.rows and not (row.is_sample or row.refused):
            continue
        for name in [""] if row.refused else CLIENTS:
            words = f"{row.name} {name}".lower()
            if all(word in words for word in wanted.filter.lower().split()):
                cells.append((row, CLIENTS.get(name)))
    return cells


def work(cells, jobs):
    """The result of each cell."""
    live = list(dict.fromkeys(row for row, kind in cells if kind))
    with (
        scene.mcp_server() as server,
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(jobs) as pool,
    ):
        running = Scene(live, Path(folder), server) if live else None
        try:
            futures = {
                cell: pool.submit(running.cell, *cell)
                if cell[1]
                else pool.submit(scene.refusal, cell[0])
                for cell in cells
            }
            found = {cell: future.result() for cell, future in futures.items()}
            for row in live:
                wrong = running.after(row)
                if wrong:
                    found[row, None] = Result(WRONG, wrong)
        finally:
            if running:
                running.stop()
    return found


def lines(found):
    """The table as Markdown; the notes are those of refusals and explained failures."""
    names = list(CLIENTS)
    yield "| mode | provider | " + " | ".join(names) + " | |"
    yield "|---" * (len(names) + 3) + "|"
    for row in dict.fromkeys(row for row, _ in found):
        of_row = {kind: result for (one, kind), result in found.items() if one is row}
        cells = {kind.name if kind else "": result for kind, result in of_row.items()}
        whole = cells.get("", Result(EXPECTED))
        notes = [f"“{whole.text}”"] if row.refused else []
        notes += [f"{name}: {c.text}" for name, c in cells.items() if name and c.state == "no"]
        states = [cells.get(name, whole).state for name in names]
        provider = " ".join(part for part in (row.provider, row.variant) if part)
        yield f"| {row.mode} | {provider} | " + " | ".join(states) + f" | {'; '.join(notes)} |"


def write(text):
    page = PAGE.read_text()
    pattern = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE.name} has no marks {BEGIN} and {END}")
    PAGE.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}{END}", page))


def main():
    wanted = arguments()
    cells = chosen(wanted)
    if not cells:
        sys.exit("no such cell")
    started = time.monotonic()
    found = work(cells, wanted.j)
    text = "".join(line + "\n" for line in lines(found))
    print(text, end="")
    wrong = [f"{row.name}, {kind.name if kind else 'row'}: {result.text}"
             for (row, kind), result in found.items() if result.state == WRONG]  # fmt: skip
    wrong += [f"no row for {mode} and {provider}" for mode, provider in table.missing()]
    # A filter leaves cells out on purpose; without one every cell has a result.
    print(f"{len(cells)} cells, {time.monotonic() - started:.0f} s", file=sys.stderr)
    for one in wrong:
        print(f"wrong: {one}", file=sys.stderr)
    if wanted.write:
        if wrong or wanted.rows or wanted.filter:
            sys.exit("only a whole table without a wrong cell is kept")
        write(text)
    sys.exit(1 if wrong and wanted.check else 0)


main()
