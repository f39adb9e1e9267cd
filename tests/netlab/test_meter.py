"""Reports made of packets alone tell what the line would tell of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.link_window import join
from visavis.netlab.meter import reports
from visavis.seam import LinkReport


def told(lost: set[int], late_s: dict[int, float] | None = None, count: int = 500) -> LinkReport:
    """Of packets every 20 ms, all reports joined."""
    times = np.arange(count) * 0.02
    arrivals = times + 0.03
    for number, late in (late_s or {}).items():
        arrivals[number] += late
    arrivals[sorted(lost)] = np.nan
    return join(list(reports(times, arrivals)))


def test_runs_are_told_by_their_length() -> None:
    report = told({50, 100, 101, *range(200, 204), *range(300, 311)})
    assert (report.lost, report.loss_runs, report.longest_loss) == (18, (1, 1, 1, 1), 11)


def test_what_is_overtaken_is_reordered_or_late() -> None:
    report = told(set(), {100: 0.03, 200: 0.09})
    assert (report.lost, report.reordered, report.late) == (1, 1, 1)


def test_silence_is_told_while_it_lasts() -> None:
    times = np.arange(500) * 0.02
    arrivals = np.where((times > 4.0) & (times < 6.0), np.nan, times + 0.03)
    quiet = [report.quiet_ms for report in reports(times, arrivals) if 4.2 < report.at < 6.0]
    assert quiet == pytest.approx([200.0 - 30.0 + 100 * (n) for n in range(len(quiet))], abs=101)


def test_a_queue_and_jitter_are_told() -> None:
    report = told(set(), dict.fromkeys(range(400, 500), 0.1))
    assert report.queue_ms == pytest.approx(100.0)
    shaken = told(set(), {n: 0.01 * (n % 2) for n in range(500)})
    assert shaken.jitter_ms == pytest.approx(10.0, abs=0.5)


@settings(max_examples=50)
@given(st.sets(st.integers(1, 290)), st.dictionaries(st.integers(1, 290), st.floats(0, 0.5)))
def test_every_packet_is_received_or_lost(lost: set[int], late: dict[int, float]) -> None:
    report = told(lost, late, count=300)
    known = report.received + report.lost - report.late
    # What came last is not judged yet when the last report is made.
    assert 280 <= known <= 300
    assert sum(report.loss_runs) <= report.lost
