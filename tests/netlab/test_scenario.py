"""A scenario file is read strictly, and written so that it is read back the same."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import ScenarioError
from visavis.netlab import dump_scenario, json_schema, load_scenario, parse_scenario
from visavis.netlab.distribution import LogNormal, Quantiles
from visavis.netlab.generative import Generative

DOCS = Path(__file__).parents[2] / "docs"


def example() -> str:
    """The one of the documentation."""
    return (DOCS / "netlab.md").read_text().split("```toml\n")[1].split("```")[0]


def test_the_documented_example() -> None:
    scenario = parse_scenario(example())
    assert [stay.name for stay in scenario.chain or []] == ["good", "crowded"]
    assert isinstance(scenario.up, Generative)
    crowded = scenario.up.states["crowded"]
    assert crowded.queueing_ms is not None
    assert crowded.queueing_ms.marginal == LogNormal(median=60, sigma=0.8, max=1500)
    assert crowded.queueing_ms.memory[0].time_s == 2
    assert crowded.outages is not None and crowded.outages.mode == "hold"


def test_written_and_read_back() -> None:
    scenario = parse_scenario(example())
    text = dump_scenario(scenario, comment="Mined.\n\nBy hand.")
    assert text.startswith("# Mined.\n#\n# By hand.\n")
    assert "[0.5, 4.0]" in text
    assert parse_scenario(text) == scenario


@given(st.lists(st.floats(0, 1e10), min_size=2, max_size=20))
def test_any_quantiles_are_written_and_read_back(values: list[float]) -> None:
    points = [(n / (len(values) - 1), value) for n, value in enumerate(sorted(values))]
    scenario = parse_scenario(example())
    assert isinstance(scenario.up, Generative)
    good = scenario.up.states["good"]
    assert good.queueing_ms is not None
    process = good.queueing_ms.model_copy(update={"marginal": Quantiles(points=points)})
    states = {**scenario.up.states, "good": good.model_copy(update={"queueing_ms": process})}
    up = scenario.up.model_copy(update={"states": states})
    changed = scenario.model_copy(update={"up": up})
    assert parse_scenario(dump_scenario(changed)) == changed


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("memory = 0.5", "memory = [{ share = 0.3, time_s = 1 }]", "add up to 0.3; they must"),
        ("length_ms = 400", "length_ms = -1", "outages.length_ms.value is -1: input should be g"),
        ("median = 20, ", "", "chain.0.dwell_s.median is missing"),
        ('name = "crowded"', 'name = "packed"', "its chain has good, packed; both must be"),
        ('mode = "hold"', 'mode = "keep"', "mode is 'keep': input should be 'drop' or 'hold'"),
        ("delay_ms = 25", "dealy_ms = 25", "up.states.good.dealy_ms is not known; docs/netlab.md"),
        ('kind = "generative"', "", "up.kind is missing"),
        ("[1, 40]", "[0.9, 40]", "the first point must be at probability 0 and the last at 1"),
        ("[0.5, 4]", "[0.5, 44]", "after (0.5, 44) comes (1, 40); both must rise"),
        ("[[200, 0], [800, 0.1]]", "[[200, 0], [200, 0.1]]", "delays must rise"),
        ("low = 200e3", "low = 2000e3", "high must not be less"),
        ("visavis-scenario/1", "visavis-scenario/2", "format is 'visavis-scenario/2'"),
        ("[up]", "[up", "is not valid TOML"),
        ("share = 0.12", "share = nan", "share is nan"),
    ],
)
def test_what_is_wrong_and_where(right: str, wrong: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(example().replace(right, wrong, 1))
    assert said in str(caught.value)


def test_states_without_a_chain() -> None:
    text = example().replace("[[chain]]", "[[up.chain]]")
    assert parse_scenario(text).chain is None
    start, _, rest = example().partition("[[chain]]")
    without = start + rest[rest.index("[up]") :]
    with pytest.raises(ScenarioError, match="no chain says how they follow"):
        parse_scenario(without)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"cannot read .*none\.toml: No such file"):
        load_scenario(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load_scenario(tmp_path / "bytes.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_a_sentence(text: str) -> None:
    with pytest.raises(ScenarioError):
        parse_scenario(text)


def test_the_schema_for_editors_is_up_to_date() -> None:
    """`visavis netlab schema > docs/netlab.schema.json` mends it."""
    assert json.loads((DOCS / "netlab.schema.json").read_text()) == json_schema()


def test_what_the_schema_asks_for_is_in_the_example() -> None:
    assert set(json_schema()["required"]) <= set(tomllib.loads(example()))
