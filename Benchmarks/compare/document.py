"""Writes the figures of a run into a document, between its marks."""

import pathlib
import re

#: Heading of a column, its key in the row, digits after the point.
COLUMNS = {
    "plain": [("CPU us", "cpu_us", 2), ("ours / it", "ratio", 2), ("requests/s", "requests", 0),
              ("p99 ms", "p99_ms", 2), ("RSS MiB", "rss_mib", 1)],
    "new tokens": [("libcrypto us", "libcrypto_us", 1), ("known us", "known_us", 1),
                   ("new us", "new_us", 1), ("new - known - libcrypto", "ours_us", 1),
                   ("lower quartile", "low_us", 1), ("upper", "high_us", 1)],
    "open loop": [("requests/s", "rate", 0), ("p50 us", "p50_us", 0), ("p99 us", "p99_us", 0)],
    "two workers": [("CPU us", "cpu_us", 2), ("system calls a request", "calls", 0)],
    "idle streams": [("RSS before, MiB", "before_mib", 1), ("with them, MiB", "with_mib", 1),
                     ("each, KiB", "each_kib", 2)],
    "live streams": [("p50 us", "p50_us", 0), ("p99 us", "p99_us", 0)],
    "memory": [("bytes", "bytes", 0), ("blocks", "blocks", 2)],
    "start": [("first answer, ms", "first_answer_ms", 0), ("RSS idle, MiB", "idle_mib", 1)],
    "counts": [("instructions", "instructions", 0), ("malloc", "malloc", 2),
               ("swift_allocObject", "swift_allocObject", 2)],
    "stages": [("plain", "plain", 0), ("known token", "known_token", 0)],
}
COLUMNS["one token"] = COLUMNS["2000 tokens"] = COLUMNS["plain"]


def _cell(value: str | float, digits: int) -> str:
    return value if isinstance(value, str) else f"{round(value, digits) + 0.0:.{digits}f}"


def table(scenario: str, rows: list[dict]) -> str:
    columns = COLUMNS[scenario]
    lines = ["| | " + " | ".join(name for name, _, _ in columns) + " |",
             "|---" * (len(columns) + 1) + "|"]
    lines += ["| " + " | ".join([row["peer"]] + [_cell(row[key], digits)
                                                 for _, key, digits in columns]) + " |"
              for row in rows]
    return "\n".join(lines)


def bounds(figures: list[dict]) -> str:
    lines = ["| scenario | figure | measured | at most | |", "|---|---|---|---|---|"]
    for f in figures:
        bound = "" if f["bound"] is None else f"{f['bound']:.{f['digits']}f}"
        verdict = f["verdict"] if f["held"] else "**missed**"
        lines.append(f"| {f['scenario']} | {f['name']} | {f['value']:.{f['digits']}f} {f['unit']} | {bound} "
                     f"| {verdict} |")
    return "\n".join(lines)


def versions(found: dict) -> str:
    names = [f"* {name}: {text}" for name, text in found["versions"].items()]
    return "\n".join(names + [f"* {found['rounds']} rounds of {found['seconds']} s, "
                              f"{found['connections']} connections"])


def fill(path: pathlib.Path, found: dict) -> None:
    """Each `<!-- figures: NAME -->` to `<!-- end -->` gets the table of that name."""
    def block(match: re.Match) -> str:
        name = match.group(1)
        if name == "bounds":
            text = bounds(found["figures"])
        elif name == "versions":
            text = versions(found)
        elif name in found["tables"]:
            text = table(name, found["tables"][name])
        else:
            return match.group(0)
        return f"<!-- figures: {name} -->\n{text}\n<!-- end -->"

    text = path.read_text()
    path.write_text(re.sub(r"<!-- figures: ([\w ]+) -->\n.*?<!-- end -->", block, text,
                           flags=re.DOTALL))
