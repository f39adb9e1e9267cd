"""Which plan for which network."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.network.baselines import AnaLike, Fixed, Oracle, fec_only, red_1
from visavis.network.features import Features
from visavis.network.policy import (
    Adaptive,
    Direction,
    Far,
    Strategy,
    Talk,
    View,
    fit,
    wire_bps,
)
from visavis.network.recognise import Level, Pattern, Verdict
from visavis.seam import DEFAULT_PLAN, UPLINK_PLAN, SendPlan
from visavis.settings.plan import PlanSettings


def view(
    pattern: Pattern,
    direction: Direction = Direction.DOWN,
    level: Level = Level.MIDDLING,
    far: Far = Far.LINE,
    budget_bps: float | None = None,
    talk: Talk = Talk.NOBODY,
) -> View:
    return View(Verdict(pattern, level, 1.0, 0.0, Features()), direction, far, budget_bps, talk)


@pytest.mark.parametrize("direction", Direction)
def test_a_good_network_costs_no_copies(direction: Direction) -> None:
    plan = Adaptive()(view(Pattern.GOOD, direction))
    assert wire_bps(plan) <= wire_bps(Fixed(SendPlan())(view(Pattern.GOOD)))
    assert not plan.red


@pytest.mark.parametrize("pattern", [Pattern.RANDOM_LOSS, Pattern.SHORT_BURSTS])
def test_an_ear_gets_a_copy_against_single_losses(pattern: Pattern) -> None:
    plan = Adaptive()(view(pattern))
    assert plan.fec and plan.red == (1,) and not plan.dred_ms


def test_only_long_bursts_bring_deep_redundancy_to_an_ear() -> None:
    deep = [p for p in Pattern if Adaptive()(view(p)).dred_ms]
    assert deep == [Pattern.LONG_BURSTS]


def test_a_recogniser_gets_copies_only_while_much_is_lost() -> None:
    calm, light, heavy = (
        Adaptive(UPLINK_PLAN)(view(pattern, Direction.UP, level))
        for pattern, level in [
            (Pattern.GOOD, Level.LIGHT),
            (Pattern.RANDOM_LOSS, Level.LIGHT),
            (Pattern.RANDOM_LOSS, Level.HEAVY),
        ]
    )
    assert calm == light == replace(heavy, red=()) and heavy.red
    spoken = view(Pattern.RANDOM_LOSS, Direction.UP, Level.HEAVY, talk=Talk.AGENT)
    assert not Adaptive(UPLINK_PLAN)(spoken).red, "nobody waits for words"


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("pattern", Pattern)
def test_of_a_browser_s_microphone_only_the_bitrate_changes(pattern: Pattern, level: Level) -> None:
    usual = Adaptive(UPLINK_PLAN)(view(Pattern.GOOD, Direction.UP, far=Far.BROWSER))
    plan = Adaptive(UPLINK_PLAN)(view(pattern, Direction.UP, level, far=Far.BROWSER))
    assert replace(plan, bitrate=usual.bitrate) == usual and not plan.dred_ms
    assert (plan.bitrate < usual.bitrate) == (pattern is Pattern.CONGESTED)


@pytest.mark.parametrize("pattern", Pattern)
def test_a_browser_is_sent_no_deep_redundancy(pattern: Pattern) -> None:
    assert not Adaptive()(view(pattern, far=Far.BROWSER)).dred_ms


def test_a_queue_gets_fewer_bits() -> None:
    good, queue = (Adaptive()(view(p)) for p in (Pattern.GOOD, Pattern.CONGESTED))
    assert wire_bps(queue) < 0.75 * wire_bps(good)
    less = Adaptive()(view(Pattern.CONGESTED, budget_bps=30_000.0))
    assert wire_bps(less) <= 30_000


def test_a_step_adaptor_turns_fec_on_late_and_off_later() -> None:
    ana = AnaLike()

    def at(loss: float) -> bool:
        verdict = Verdict(Pattern.GOOD, Level.LIGHT, 1.0, 0.0, Features(loss=loss))
        return ana(View(verdict, Direction.DOWN)).fec

    assert [at(loss) for loss in (0.0, 0.04, 0.06, 0.04, 0.01)] == [False, False, True, True, False]


def test_the_oracle_plans_for_what_it_is_told() -> None:
    oracle = Oracle(lambda at: (Pattern.LONG_BURSTS, Level.HEAVY))
    assert oracle(view(Pattern.GOOD)) == Adaptive()(view(Pattern.LONG_BURSTS, level=Level.HEAVY))


views = st.builds(
    view,
    st.sampled_from(Pattern),
    st.sampled_from(Direction),
    st.sampled_from(Level),
    st.sampled_from(Far),
    st.none() | st.floats(0, 1e9),
    st.sampled_from(Talk),
)
MAKERS = [Adaptive, lambda: Fixed(DEFAULT_PLAN), fec_only, red_1, AnaLike]


@given(views, st.sampled_from(MAKERS))
def test_every_plan_is_within_bounds_and_the_same_again(seen: View, make: type[Strategy]) -> None:
    plan = make()(seen)
    assert PlanSettings(**asdict(plan)).for_call() == plan
    assert make()(seen) == plan


@given(st.integers(6_000, 128_000), st.floats(0, 3e5), st.sampled_from([(), (1,), (1, 2)]))
def test_what_is_fitted_never_grows(bitrate: int, bps: float, red: tuple[int, ...]) -> None:
    plan = SendPlan(bitrate=bitrate, red=red)
    smaller = fit(plan, bps)
    assert wire_bps(smaller) <= wire_bps(plan)
    assert smaller.bitrate <= bitrate
    PlanSettings(**asdict(smaller))
