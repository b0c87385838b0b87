"""One row of each delivery mode with every client, and every refusal (issue: the delivery modes).
`scripts/matrix --check` runs all rows."""

import pytest
from matrix import table
from matrix.scene import CLIENTS, EXPECTED, EXPLAINED, REFUSED, Scene, refusal

SAMPLES = [row for row in table.ROWS if row.is_sample]
REFUSALS = [row for row in table.ROWS if row.refused]


@pytest.fixture(scope="module")
def scene(tmp_path_factory, sdk_server):
    running = Scene(SAMPLES, tmp_path_factory.mktemp("matrix"), sdk_server)
    yield running
    running.stop()


def test_the_table_is_whole():
    assert table.missing() == []
    assert sorted(row.mode for row in SAMPLES) == sorted(table.MODES)
    assert len({row.path for row in table.ROWS}) == len(table.ROWS)


@pytest.mark.parametrize("kind", CLIENTS.values(), ids=CLIENTS.keys())
@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: row.name)
def test_row(scene, row, kind):
    result = scene.cell(row, kind)
    assert result.state == (EXPLAINED if kind.name in row.fails else EXPECTED), result.text


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: row.name)
def test_what_the_provider_saw(scene, row):
    """After the flows above, or one of its own where it runs alone."""
    if row.checks and not scene.fakes[row].seen("token"):
        assert scene.cell(row, CLIENTS["strict"]).state == EXPECTED
    assert scene.after(row) == ""


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.name)
def test_refusal(row):
    result = refusal(row)
    assert result.state == REFUSED, result.text
