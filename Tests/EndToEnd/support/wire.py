"""The rows of the vectors."""

import base64
import json

from support.places import ROOT

VECTORS = ROOT / "Tests" / "Vectors"


def rows(name, direction=None):
    """The rows of a vector file, `raw` and `req` as bytes."""
    found = []
    for line in (VECTORS / name).read_text().splitlines():
        row = json.loads(line)
        if direction and row.get("dir") != direction:
            continue
        for key in ("raw", "req"):
            row[key] = base64.b64decode(row.get(key, ""))
        found.append(row)
    return found
