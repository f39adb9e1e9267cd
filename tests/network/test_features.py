"""Features of the last seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.network.links import bursts, gilbert, independent, reports

from visavis.network.features import DownSide, Features, Feeler, Seen, of_up
from visavis.seam import FarReport, LinkReport


def last(lost: list[bool], **delays: float) -> Features:
    feeler = Feeler()
    return [feeler.add(of_up(report)) for report in reports(lost, **delays)][-1]


def test_independent_losses_come_singly() -> None:
    seen = last(independent(0.2, 5.0))
    assert seen.loss == pytest.approx(0.2, abs=0.06)
    assert seen.loss_after_loss == pytest.approx(0.2, abs=0.08)


def test_the_mean_burst_is_that_of_the_network() -> None:
    found = [last(gilbert(0.3, 3.0, 5.0, seed)).burst for seed in range(10)]
    assert sum(found) / 10 == pytest.approx(3.0, abs=0.4)


def test_long_bursts_are_counted_and_measured() -> None:
    seen = last(bursts(2.0, 0.3, 9.0))
    assert seen.long_bursts == 4
    assert seen.long_share == pytest.approx(1.0)
    assert seen.long_burst == pytest.approx(15.0)


def test_what_came_late_was_not_lost() -> None:
    feeler = Feeler()
    feeler.add(Seen(0.1, received=4, lost=1, runs=(1, 0, 0, 0)))
    assert feeler.add(Seen(0.2, received=5, late=1)).loss == 0.0


def test_a_queue_that_stands_differs_from_jitter() -> None:
    feeler = Feeler()
    leaping = [feeler.add(Seen(n / 10, received=5, queue_ms=200.0 * (n % 2))) for n in range(20)]
    assert leaping[-1].standing_ms == 0.0
    assert last([False] * 100, queue_ms=200.0).standing_ms == 200.0


def test_what_was_is_forgotten() -> None:
    seen = last([True] * 50 + [False] * 50 * 21)
    assert (seen.loss, seen.burst, seen.long_bursts) == (0.0, 1.0, 0)


def test_what_the_far_end_told_is_counted_once() -> None:
    down, feeler = DownSide(), Feeler()
    told = FarReport(window_ms=500.0, received=24, lost=1, loss_runs=(1, 0, 0, 0), longest_loss=1)
    for n in range(5):
        report = LinkReport(at=1.0 + n / 10, far=replace(told, age_ms=n * 100.0))
        seen = feeler.add(down.of(report))
    assert seen.loss == pytest.approx(1 / 25)
    assert down.of(LinkReport(at=1.6, far=told)).received == 24


def test_loss_is_known_from_congestion_control_alone() -> None:
    down = DownSide()
    seen = down.of(LinkReport(at=1.0, window_ms=100.0, loss_down=0.4))
    assert (seen.received, seen.lost, seen.events) == (3.0, 2.0, 2.0)


counts = st.floats(0, 1000)


@given(
    st.lists(
        st.builds(
            Seen,
            at=st.just(0.0),
            received=counts,
            lost=counts,
            late=counts,
            runs=st.none() | st.tuples(*[st.integers(0, 1000)] * 4),
            longest=st.integers(0, 10_000),
            queue_ms=counts,
            jitter_ms=counts,
        ),
        min_size=1,
        max_size=60,
    )
)
def test_figures_stay_in_their_ranges(coming: list[Seen]) -> None:
    feeler = Feeler()
    for n, seen in enumerate(coming):
        got = feeler.add(replace(seen, at=n * 0.7))
        assert 0 <= got.loss <= 1 and 0 <= got.loss_now <= 1
        assert got.burst >= 1 and 0 <= got.loss_after_loss < 1
        assert 0 <= got.long_share <= 1 and got.long_burst >= 0
