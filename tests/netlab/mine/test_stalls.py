"""A saw tooth is a stall: when it began and how long it lasted."""

from __future__ import annotations

import numpy as np
import pytest
from made import stalling

from visavis.netlab.mine.session import Observable, session
from visavis.netlab.mine.stalls import find_stalls


def test_stalls_are_found_with_their_lengths() -> None:
    found = find_stalls(stalling(1, seconds=60, every_s=4, length_s=0.3))
    assert found.begin_s.size == 15
    assert found.begin_s[0] == pytest.approx(3.7, abs=0.03)
    assert found.length_s == pytest.approx(np.full(15, 0.3), abs=0.03)
    assert found.floor_s == pytest.approx(0.022, abs=0.001)
    # The last 8 or so packets before the end wait hardly longer than the floor.
    assert found.held.mean() == pytest.approx(0.3 / 4, abs=0.02)


def test_jitter_is_no_stall() -> None:
    rng = np.random.default_rng(3)
    noisy = session("noisy", "made", np.arange(3000) * 0.02, observable=[Observable.DELAY],
                    delay_s=rng.uniform(0.02, 0.06, 3000))  # fmt: skip
    assert find_stalls(noisy).begin_s.size == 0


def test_a_session_without_delays_has_none() -> None:
    bare = session("bare", "made", [0.0, 1.0, 2.0], observable=[])
    assert find_stalls(bare).length_s.size == 0


def test_a_hold_that_lets_single_packets_through_is_one() -> None:
    time = np.arange(1000) * 0.02
    # From 5 to 9 s; every 25th packet of the time slips through 0.6 s after it was sent.
    wait = np.where((time >= 5) & (time < 9), np.maximum(9 - time, 0.0), 0.0)
    slips = (np.arange(1000) % 25 == 0) & (wait > 1)
    delay = 0.02 + np.where(slips, 0.6, wait)
    found = find_stalls(session("slow", "made", time, observable=[Observable.DELAY], delay_s=delay))
    assert found.begin_s.size == 1
    assert found.begin_s[0] == pytest.approx(5.0, abs=0.03)
    assert found.length_s[0] == pytest.approx(4.0, abs=0.05)
