"""From sessions to scenarios that say where they come from, and mean what was recorded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from made import lossy, stalling
from typer.testing import CliRunner

from visavis.cli.app import app
from visavis.errors import TraceError
from visavis.netlab import load_scenario, parse_scenario
from visavis.netlab.generative import Generative
from visavis.netlab.mine.groups import SHIPPED, Group, found_groups, grouped, load_groups
from visavis.netlab.mine.mining import mine, split
from visavis.netlab.scenario import dump_scenario

GROUPS = [
    Group(name="stalls", what="holds", traces=["stalling-*"]),
    Group(name="loss", what="losses", traces=["lossy-*"], delay_ms=25),
]


@pytest.mark.usefixtures("mining")
def test_a_pattern_per_group_with_what_was_put_in() -> None:
    sessions = [stalling(n) for n in range(4)] + [lossy(n, packets=3000) for n in range(2)]
    stalls, loss = mine(grouped(sessions, GROUPS))
    assert stalls.scenario.origin.kind == "mined"
    assert stalls.scenario.origin.observable == ("delay",)
    assert "no loss: the source shows none" in stalls.scenario.origin.assumed
    assert "2 recordings fitted, 2 held out" in stalls.scenario.origin.source
    up = stalls.scenario.up
    assert isinstance(up, Generative)
    (state,) = up.states.values()
    assert state.delay_ms == pytest.approx(20, abs=0.5)
    assert state.outages is not None
    assert state.outages.mode == "hold"
    assert state.outages.length_ms.model_dump()["points"][0][1] == pytest.approx(300, abs=30)
    assert state.outages.every_s.model_dump()["mean"] == pytest.approx(3.7, rel=0.1)
    assert loss.scenario.origin.observable == ("loss", "delay")
    assert loss.scenario.figures["loss"] == pytest.approx(0.048, rel=0.4)
    assert (stalls.scenario.share or 0) + (loss.scenario.share or 0) == pytest.approx(1, abs=0.01)
    for each in (stalls, loss):
        assert parse_scenario(dump_scenario(each.scenario)) == each.scenario


def test_whole_recordings_are_held_out() -> None:
    sessions = [stalling(n) for n in range(5)]
    fitted, held = split(sessions)
    assert [each.name for each in held] == ["stalling-01", "stalling-03"]
    assert len(fitted) == 3
    assert split(sessions[:1]) == (sessions[:1], [])


@pytest.mark.usefixtures("mining")
def test_unlike_recordings_of_one_format_become_patterns_of_their_own() -> None:
    calm = [stalling(n, every_s=1000) for n in range(4)]
    rough = [stalling(n, every_s=2, length_s=0.8) for n in range(4, 8)]
    names = [group.name for group, _ in found_groups(calm + rough)]
    assert sorted(names) == ["made-stalling", "made-steady"]


@pytest.mark.usefixtures("mining")
def test_the_same_sessions_give_the_same_pattern() -> None:
    sessions = [stalling(n) for n in range(3)]
    one, two = (mine(grouped(sessions, GROUPS))[0].scenario for _ in range(2))
    assert one == two


def test_the_shipped_groups_are_sound() -> None:
    names = [group.name for group in load_groups(SHIPPED)]
    assert len(set(names)) == len(names) >= 8


def test_a_groups_file_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "groups.toml"
    file.write_text('[[pattern]]\nname = "x"\nwhat = "y"\ntrace = ["*"]\n')
    with pytest.raises(TraceError, match=r"pattern\.0\.trace"):
        load_groups(file)


def cellular() -> str:
    """Half a minute as CICV5G has it, with a stall every two seconds."""
    rows = ["pub_ms,sub_ms,delay_ms,speed_mps,cell,sinr_db,rsrp_dbm"]
    for n in range(1500):
        delay = 30 + n % 5 + (200 - n % 100 * 20 if n % 100 < 10 else 0)
        rows.append(f"{n * 20},{n * 20 + delay},{delay},0,a,1,1")
    return "\n".join(rows)


@pytest.mark.usefixtures("mining")
def test_the_command(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(cellular())
    done = CliRunner().invoke(
        app, ["netlab", "mine", str(tmp_path), "-o", str(tmp_path / "out"), "--json"]
    )
    assert done.exit_code == 0, done.output
    (pattern,) = json.loads(done.stdout)
    scenario = load_scenario(tmp_path / "out" / f"{pattern['name']}.toml")
    assert scenario.origin.observable == ("rtt",)
    assert pattern["held_out"] == 1


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("hello\nworld\n")
    done = CliRunner().invoke(app, ["netlab", "mine", str(tmp_path / "letter.txt")])
    assert done.exit_code == 2
    assert "no format that can be read" in done.stderr


def test_without_its_libraries_it_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    (tmp_path / "pings.csv").write_text(cellular())
    done = CliRunner().invoke(app, ["netlab", "mine", str(tmp_path), "-o", str(tmp_path)])
    assert done.exit_code == 2
    assert 'Mining needs ruptures, which is not installed: pip install "visavis[netlab]"' in (
        done.stderr
    )
