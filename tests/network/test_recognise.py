"""Patterns are recognised soon, and not where there are none."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.network.links import bursts, gilbert, independent, reports, verdicts

from visavis.network.recognise import Level, LossChange, Pattern, Verdict


def switches(coming: list[Verdict]) -> int:
    found = [verdict.pattern for verdict in coming]
    return sum(a is not b for a, b in itertools.pairwise(found))


def share(coming: list[Verdict], pattern: Pattern) -> float:
    return sum(verdict.pattern is pattern for verdict in coming) / len(coming)


def began(coming: list[Verdict], pattern: Pattern) -> float:
    return next(v.features.at for v in coming if v.pattern is pattern)


@pytest.mark.parametrize(
    ("lost", "pattern"),
    [
        (independent(0.10, 60.0), Pattern.RANDOM_LOSS),
        (independent(0.30, 60.0), Pattern.RANDOM_LOSS),
        (gilbert(0.20, 2.5, 60.0), Pattern.SHORT_BURSTS),
        (bursts(1.0, 0.3, 60.0), Pattern.LONG_BURSTS),
    ],
)
def test_loss_of_each_kind_is_recognised(lost: list[bool], pattern: Pattern) -> None:
    coming = verdicts(reports(lost))
    assert began(coming, pattern) < 5.0
    assert share(coming[100:], pattern) > 0.9


@pytest.mark.parametrize(
    ("delays", "pattern"),
    [
        ({"queue_ms": 300.0, "jitter_ms": 5.0}, Pattern.CONGESTED),
        ({"queue_ms": 20.0, "jitter_ms": 30.0}, Pattern.JITTER),
    ],
)
def test_delay_of_each_kind_is_recognised(delays: dict[str, float], pattern: Pattern) -> None:
    coming = verdicts(reports([False] * 500, **delays))
    assert began(coming, pattern) < 1.0 and coming[-1].pattern is pattern


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_link_with_a_stray_loss_stays_good(seed: int) -> None:
    minutes = 5
    coming = verdicts(reports(independent(0.001, minutes * 60.0, seed)))
    assert switches(coming) <= 0.1 * minutes


def test_one_burst_is_no_pattern() -> None:
    coming = verdicts(reports([False] * 500 + [True] * 15 + [False] * 2000))
    assert share(coming, Pattern.GOOD) == 1.0


def test_an_outage_is_known_before_it_is_over_and_forgotten_soon() -> None:
    coming = verdicts(reports([False] * 500 + [True] * 100 + [False] * 100))
    assert began(coming, Pattern.OUTAGE) == pytest.approx(10.6, abs=0.11)
    assert coming[-1].pattern is Pattern.GOOD


def test_loss_that_ends_is_over_some_seconds_later() -> None:
    coming = verdicts(reports(independent(0.1, 20.0) + [False] * 1500))
    over = next(v.features.at for v in coming if v.features.at > 20 and v.pattern is Pattern.GOOD)
    assert 24.0 < over < 36.0


def test_the_same_burst_never_alarms_alone() -> None:
    change = LossChange()
    assert not change.add(5, 100)
    assert not change.add(5, 0)


def test_confidence_grows_with_what_agrees() -> None:
    coming = verdicts(reports([False] * 500))
    assert coming[0].confidence < 0.2 < 0.9 < coming[-1].confidence


def test_heavy_loss_is_graded() -> None:
    assert verdicts(reports(independent(0.03, 30.0)))[-1].level is Level.LIGHT
    assert verdicts(reports(independent(0.30, 30.0)))[-1].level is Level.HEAVY


@settings(max_examples=25)
@given(st.lists(st.booleans(), min_size=500, max_size=500), st.integers(1, 40))
def test_switches_are_bounded_and_the_same_every_time(fates: list[bool], stretch: int) -> None:
    """Whatever comes: a switch to the better takes seconds, so there is at most one a second."""
    lost = [fate for fate in fates for _ in range(stretch)][:3000]
    coming = verdicts(reports(lost))
    assert switches(coming) <= 2 + len(lost) / 50
    assert coming == verdicts(reports(lost))
