"""What became of the packets says which pattern a network had, and from when to when."""

from __future__ import annotations

import numpy as np
import pytest
from bench.sense.truth import Truth

from visavis.network.recognise import Level, Pattern

SECONDS = 60.0
TIMES = np.arange(round(SECONDS / 0.02)) * 0.02


def truth(*, lost: np.ndarray | None = None, late_s: np.ndarray | float = 0.0) -> Truth:
    arrivals = TIMES + 0.03 + late_s
    if lost is not None:
        arrivals[lost] = np.nan
    return Truth(TIMES, arrivals)


def between(low: float, high: float) -> np.ndarray:
    return np.asarray((low <= TIMES) & (high > TIMES))


def chance(share: float) -> np.ndarray:
    return np.random.default_rng(1).random(len(TIMES)) < share


def test_an_even_stream_is_good() -> None:
    assert [s.pattern for s in truth().segments] == [Pattern.GOOD]
    assert truth(lost=chance(0.001)).at(30.0) == (Pattern.GOOD, Level.LIGHT)


@pytest.mark.parametrize(
    ("pattern", "lost", "late_s"),
    [
        (Pattern.RANDOM_LOSS, chance(0.2), 0.0),
        (Pattern.SHORT_BURSTS, (np.arange(len(TIMES)) // 3) % 8 == 0, 0.0),
        (Pattern.LONG_BURSTS, TIMES % 2.0 < 0.3, 0.0),
        (Pattern.OUTAGE, np.ones(len(TIMES), bool), 0.0),
        (Pattern.CONGESTED, None, 0.3),
        (Pattern.JITTER, None, np.where(chance(0.3), 0.06, 0.0)),
    ],
)
def test_a_spell_begins_and_ends_where_it_does(
    pattern: Pattern, lost: np.ndarray | None, late_s: np.ndarray | float
) -> None:
    spell = between(20.0, 30.0)
    found = truth(
        lost=None if lost is None else lost & spell, late_s=np.where(spell, late_s, 0.0)
    ).segments
    assert [segment.pattern for segment in found] == [Pattern.GOOD, pattern, Pattern.GOOD]
    assert found[1].start == pytest.approx(20.0, abs=2.0)
    assert found[1].end == pytest.approx(30.0, abs=2.0)


def test_what_an_outage_holds_is_neither_lost_nor_late() -> None:
    held = truth(late_s=np.where(between(20.0, 23.0), 23.0 - TIMES, 0.0))
    assert [s.pattern for s in held.segments] == [Pattern.GOOD, Pattern.OUTAGE, Pattern.GOOD]
    assert held.gaps.shape == (1, 2)


def test_a_single_burst_or_stall_is_no_pattern() -> None:
    assert len(truth(lost=between(20.0, 20.3)).segments) == 1
    assert len(truth(late_s=np.where(between(20.0, 20.3), 20.3 - TIMES, 0.0)).segments) == 1


def test_how_much_is_lost_is_graded() -> None:
    assert truth(lost=chance(0.3)).at(30.0)[1] is Level.HEAVY
    assert truth(lost=chance(0.1)).at(30.0)[1] is Level.MIDDLING
