"""Recordings: inline or in a CSV file beside the scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import ScenarioError
from visavis.netlab import parse_scenario
from visavis.netlab.rows import Row, read_rows, write_rows

SCENARIO = """
format = "visavis-scenario/1"
name = "recorded"
what = "as recorded"
origin = { kind = "mined", source = "a test" }
[up]
kind = "replay"
"""


def test_inline_rows_reach_the_range() -> None:
    scenario = parse_scenario(SCENARIO + 'rows = [[0, 20], [0.02, "lost"], [0.04, 21, 1e6]]')
    ways = json.loads(scenario.for_range(Path()))
    expected = [[0, 20, None], [0.02, None, None], [0.04, 21, 1e6]]
    assert ways["up"]["rows"] == ways["down"]["rows"] == expected


def test_rows_of_a_file_beside_the_scenario(tmp_path: Path) -> None:
    rows: list[Row] = [(0.0, 20.0, None), (0.5, None, 1e6)]
    write_rows(tmp_path / "up.csv", rows)
    scenario = parse_scenario(SCENARIO + 'file = "up.csv"')
    assert json.loads(scenario.for_range(tmp_path))["up"]["rows"] == [list(row) for row in rows]


times = st.lists(st.floats(0, 1e6), min_size=2, max_size=50, unique=True).map(sorted)
delays = st.none() | st.floats(0, 60_000)
capacities = st.none() | st.floats(0, 1e12)


@given(times, st.data())
def test_any_rows_are_written_and_read_back(times: list[float], data: st.DataObject) -> None:
    import tempfile

    rows = [(at, data.draw(delays), data.draw(capacities)) for at in times]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write_rows(path, rows)
        assert read_rows(path) == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its first line must be time_s,delay_ms"),
        ("time,delay\n0,1\n", "begins with 'time,delay'"),
        ("time_s,delay_ms\n0,20\n", "there are 1 rows; a replay has 2"),
        ("time_s,delay_ms\n0,20\n0,21\n", "row 2 is at 0 s, the one before it at 0 s"),
        ("time_s,delay_ms\n0,20\n1,lots\n", "line 3: delay_ms is 'lots'; it must be a number"),
        ("time_s,delay_ms\n0,20\n1,nan\n", "delay_ms is 'nan'"),
        ("time_s,delay_ms\n0,20\n1\n", "line 3 has 1 cells"),
        ("time_s,delay_ms,capacity_bps\n0,20,-1\n", "line 2: capacity_bps is '-1'"),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read_rows(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["../up.csv", "/etc/passwd", "", ".hidden", "a/b"])
def test_a_file_lies_beside_the_scenario(name: str) -> None:
    with pytest.raises(ScenarioError, match=r"up\.file"):
        parse_scenario(SCENARIO + f'file = "{name}"')


def test_either_rows_or_a_file() -> None:
    with pytest.raises(ScenarioError, match="needs either file or rows"):
        parse_scenario(SCENARIO)
