"""Strategies by name, and those of a user's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from visavis.errors import ScenarioError, SettingsError
from visavis.netlab.experiment import SHIPPED, experiment, find_strategies
from visavis.network import Adaptive
from visavis.seam import DEFAULT_PLAN, UPLINK_PLAN

OWN = """
[deep]
what = "a second of deep redundancy upwards"
up = "dred=1000,loss=0.3"
down = { red = [1, 2], fec = false }

[careful]
kind = "adaptive"
up = "bitrate=24000"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    return path


def test_a_file_beside_names(own: Path) -> None:
    fixed, deep, careful = find_strategies(["fixed", str(own)])
    assert (fixed.up, fixed.down) == (UPLINK_PLAN, DEFAULT_PLAN)
    assert (deep.up.dred_ms, deep.up.expected_loss, deep.up.fec) == (1000, 0.3, False)
    assert (deep.down.red, deep.down.fec) == ((1, 2), False)
    assert careful.up.bitrate == 24_000
    assert isinstance(careful.controllers().up, Adaptive)


def test_each_call_has_controllers_of_its_own() -> None:
    one, two = (SHIPPED["ana"].controllers() for _ in range(2))
    assert one.up is not one.down and one.up is not two.up


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a", "is not valid TOML"),
        ("[a]\nkind = 'magic'", "a.kind: input should be 'fixed', 'adaptive' or 'ana'"),
        ("[a]\nup = 'magic=1'", "'magic' is not known"),
        ("[a]\nup = 'bitrate=1'", "a.bitrate: input should be greater than or equal to 6000"),
        ("[a]\nwrong = 1", "a.wrong"),
        ("a = 1", "a: "),
        ("['No Name']", "No Name"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        find_strategies([str(path)])
    assert said in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["magic"], "there is no strategy 'magic'; name a TOML file or some of plain, fec"),
        (["fixed", "fixed"], "'fixed' is named twice"),
        (["none.toml"], "cannot read none.toml"),
        ([], "no strategy is named"),
    ],
)
def test_mistakes_in_names(names: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        find_strategies(names)


@pytest.mark.parametrize(
    ("scenarios", "figures", "said"),
    [
        (["nowhere"], {}, "there is no scenario 'nowhere'"),
        (["clean", "clean"], {}, "'clean' is named twice"),
        ([], {}, "no scenario is named"),
        (["all"], {"seeds": 0}, "0 seeds; there must be 1 to"),
        (["all"], {"seconds": 3}, "they must last 9 s"),
        (["all"], {"seconds": float("nan")}, "they must last 9 s"),
        (["all"], {"seeds": 100_000}, "trials are more than"),
    ],
)
def test_mistakes_in_an_experiment(
    scenarios: list[str], figures: dict[str, float], said: str
) -> None:
    with pytest.raises(ScenarioError, match=said):
        experiment(scenarios, ["fixed"], **figures)  # type: ignore[arg-type]
