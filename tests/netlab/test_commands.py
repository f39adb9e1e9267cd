"""`visavis netlab` from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from visavis.cli.app import app
from visavis.line import native_available
from visavis.netlab import load_scenario
from visavis.netlab.library import PATTERNS, names

native = pytest.mark.skipif(not native_available(), reason="visavis-line is not installed")


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["netlab", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_what_comes_with_visavis() -> None:
    rows = json.loads(run("list", "--json"))
    assert {row["name"] for row in rows} == set(names()) >= {"clean", "gilbert20", "tunnel"}
    assert "gilbert20" in run("list")


@pytest.mark.parametrize("name", names())
def test_each_says_what_it_is_and_where_it_is_from(name: str) -> None:
    scenario = load_scenario(PATTERNS / f"{name}.toml")
    assert scenario.name == name
    # Figures of others come with what was seen in them, or with what was put in its place.
    origin = scenario.origin
    assert origin.kind == "synthetic" or origin.observable or origin.assumed


@native
def test_figures_of_a_scenario(tmp_path: Path) -> None:
    found = json.loads(run("show", "gilbert20", "--seconds", "2000", "--json"))
    assert abs(found["up"]["loss"] - 0.2) < 0.01
    assert abs(found["up"]["mean_burst"] - 2) < 0.1
    assert found["down"]["delay_p50_ms"] == 20
    copy = tmp_path / "own.toml"
    copy.write_text((PATTERNS / "random10.toml").read_text())
    shown = run("show", str(copy))
    assert "loss = { loss_good = 0.1 }" in shown
    assert re.search(r"lost +(9|10)\.", shown)


@native
@pytest.mark.native
def test_a_call_in_virtual_time() -> None:
    first = run("run-one", "random10", "--seconds", "10", "--seed", "4", "--json")
    assert json.loads(first)["answered"] == 1
    assert run("run-one", "random10", "--seconds", "10", "--seed", "4", "--json") == first


@native
def test_a_relay_that_stops_by_itself() -> None:
    output = run("relay", "clean", "--to", "127.0.0.1:9", "--seconds", "0.2", "--json")
    assert json.loads(output.splitlines()[-1])["delivered"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nowhere"], "there is no scenario 'nowhere'; name a TOML file or one of"),
        (["show", "none.toml"], "cannot read none.toml"),
        (["relay", "clean", "--to", "nowhere"], "--to is 'nowhere'; it must be HOST:PORT"),
        (["run-one", "clean", "--seconds", "1"], "it must be longer than 3 s"),
        (["run-one", "clean", "--plan", "magic=1"], "magic"),
    ],
)
def test_mistakes_are_sentences(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["netlab", *arguments])
    assert result.exit_code == 2
    assert said in result.output + result.stderr


def test_the_schema_is_json() -> None:
    assert json.loads(run("schema"))["title"].startswith("visavis scenario")
