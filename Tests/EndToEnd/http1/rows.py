"""The rows of the vectors, their cuts, and why some are judged otherwise than their author did."""

import base64
import json
import random

from support.places import ROOT

VECTORS = ROOT / "Tests" / "Vectors"
# A row longer than this is cut at its first and last 512 bytes and at 64 places between.
LONG = 4096
EDGE, BETWEEN, SEED = 512, 64, 9112


def load(name):
    found = []
    for line in (VECTORS / name).read_text().splitlines():
        row = json.loads(line)
        for key in ("raw", "req"):
            row[key] = base64.b64decode(row.get(key, ""))
        row["then"] = [base64.b64decode(part) for part in row.get("then", [])]
        found.append(row)
    return found


def places(count):
    """Where bytes of `count` are cut."""
    if count <= LONG:
        return list(range(1, count))
    middle = random.Random(SEED + count).sample(range(EDGE, count - EDGE), BETWEEN)
    return sorted({*range(1, EDGE + 1), *middle, *range(count - EDGE, count)})


def variants(raw):
    """(name, parts): whole, in two at every place, and one part between all places."""
    yield "whole", [raw]
    cuts = places(len(raw))
    for cut in cuts:
        yield f"cut at {cut}", [raw[:cut], raw[cut:]]
    if len(cuts) > 1:
        ends = [*cuts, len(raw)]
        yield "bytes", [raw[a:b] for a, b in zip([0, *ends], ends, strict=False)]
