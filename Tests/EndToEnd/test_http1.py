"""Every row of the HTTP/1.1 vectors against the running gateway, in both directions: whole, in two
at every byte, byte by byte, and on a route that needs a token. Two processes share the rows."""

import json
import subprocess
import sys

import pytest
from support.places import HERE, ROOT

SHARES = 2
# Fewer variants than this mean that the rows were not found or not cut.
VARIANTS_LEAST = 200_000


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("http1")
    targets = [folder / f"{number}.json" for number in range(SHARES)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "http1.worker", str(number), str(SHARES), target], cwd=HERE
        )
        for number, target in enumerate(targets)
    ]
    try:
        assert [each.wait(280) for each in running] == [0] * SHARES
    finally:
        for each in running:
            each.kill()
    return [json.loads(target.read_text()) for target in targets]


@pytest.mark.parametrize(
    "kind", ["requests", "responses", "probe", "llhttp requests", "llhttp responses", "upstream"]
)
def test_every_row_in_every_cut(reports, kind):
    failures = [
        failure
        for report in reports
        for failure in report["failures"]
        if failure.startswith(f"{kind}: ")
    ]
    assert not failures, f"{len(failures)} failures\n" + "\n".join(failures[:20])


def test_nothing_was_left_out(reports):
    failures = [failure for report in reports for failure in report["failures"]]
    assert not failures, failures[:5]
    assert sum(report["variants"] for report in reports) > VARIANTS_LEAST


def test_our_rows_are_as_written():
    command = [sys.executable, ROOT / "Tests" / "Vectors" / "own" / "write.py", "--check"]
    assert subprocess.run(command, check=False).returncode == 0
