"""Every row of the fault matrix has a test here, named by its id, or is one of those that belong to
what is not there yet."""

import ast
import json
from pathlib import Path

from support.places import ROOT

# HTTP/2 towards upstreams (F15); the watchdog, reload and the supervisor.
LATER = {"F15", "F34", "F40", "F41", "F43", "F45", "F46", "F48", "F51", "F55"}


def matrix():
    text = (ROOT / "Tests" / "Vectors" / "fault_matrix.jsonl").read_text()
    return [json.loads(line)["id"] for line in text.splitlines()]


def tested():
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_f"):
                found.add(node.name.split("_")[1].upper())
    return found


def test_every_row_has_a_test():
    rows = matrix()
    assert len(rows) == len(set(rows)) == 64
    assert set(rows) - tested() == LATER
    assert tested() <= set(rows) - LATER
