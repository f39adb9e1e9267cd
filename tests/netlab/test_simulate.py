"""Whole calls on a scenario in virtual time: they are answered, and the same for a seed."""

from __future__ import annotations

import pytest

from visavis.errors import ScenarioError
from visavis.line import native_available
from visavis.netlab import Scenario, parse_scenario
from visavis.netlab.library import find
from visavis.netlab.simulate import simulate

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]


def scenario(state: str) -> Scenario:
    return parse_scenario(
        'format = "visavis-scenario/1"\nname = "test"\nwhat = "a test"\n'
        'origin = { kind = "synthetic", source = "a test" }\n'
        f'[up]\nkind = "generative"\n[up.states.only]\n{state}'
    )


def test_on_a_clean_network_all_is_heard_and_answered() -> None:
    outcome = simulate(find("clean")[0], seconds=28).to_dict()
    assert outcome["connected_s"] < 1
    assert outcome["asked"] == outcome["answered"] == 4
    assert outcome["up"]["loss"] == outcome["down"]["loss"] == 0
    assert outcome["up"]["delay_p50_ms"] == 20
    # The last words are still under way when the call ends.
    assert outcome["ingest"].get("missing", 0) <= 3
    # Speech of 50 packets a second and a little more, for 25 s.
    assert 1200 <= outcome["ingest"]["received"] <= 1260


def test_the_same_twice_and_another_for_another_seed() -> None:
    lossy = find("gilbert20")[0]
    one, two, other = (simulate(lossy, seed=seed, seconds=10) for seed in (7, 7, 8))
    assert one.to_dict() == two.to_dict()
    assert one.ledgers == two.ledgers
    # To the byte: what a rounded rate may hide.
    assert one.traffic == two.traffic
    assert one.to_dict() != other.to_dict()


def test_loss_is_felt() -> None:
    outcome = simulate(find("gilbert20")[0], seed=3, seconds=16).to_dict()
    assert 0.1 < outcome["up"]["loss"] < 0.3
    assert outcome["up"]["lost"].keys() == {"loss"}
    assert outcome["ingest"]["recovered"] > 25


def test_a_narrow_link_is_filled_by_the_call_itself() -> None:
    outcome = simulate(scenario("capacity = { bps = 30000 }"), seconds=15).to_dict()
    assert outcome["up"]["lost"]["queue"] > 0
    assert outcome["up"]["delay_p95_ms"] > 200


def test_where_nothing_gets_through_no_call_comes_up() -> None:
    outcome = simulate(scenario("loss = { loss_good = 1 }"), seconds=10).to_dict()
    assert outcome["connected_s"] is None
    assert outcome["answered"] == 0
    assert outcome["up"]["loss"] == 1


@pytest.mark.parametrize("seconds", [0, 3, float("nan"), 1e9])
def test_a_call_has_a_sensible_length(seconds: float) -> None:
    with pytest.raises(ScenarioError, match="it must be longer than 3 s"):
        simulate(find("clean")[0], seconds=seconds)
