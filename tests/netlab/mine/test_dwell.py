"""How long states last and what follows which, from stays with known figures."""

from __future__ import annotations

import numpy as np
import pytest

from visavis.netlab.mine.dwell import semi_markov
from visavis.netlab.mine.marginal import durations
from visavis.netlab.mine.states import Stay


def stays(lengths: list[tuple[int, float]], session: int = 0) -> list[Stay]:
    """States and seconds, one after the other in one recording."""
    out, now = [], 0.0
    for state, length in lengths:
        out.append(Stay(session, state, now, now + length))
        now += length
    return out


def test_a_heavy_tail_keeps_its_quantiles() -> None:
    rng = np.random.default_rng(3)
    heavy = rng.pareto(1.5, 600) + 1
    turns = [each for n in heavy.tolist() for each in ((0, n), (1, 2.0))]
    dwell, _ = semi_markov(stays(turns), 2)
    assert dwell[0] == pytest.approx(heavy)
    levels, heights = np.array(durations(dwell[0]).points).T
    drawn = np.interp(rng.random(20_000), levels, heights)
    for level in (10, 50, 90, 99):
        assert np.percentile(drawn, level) == pytest.approx(np.percentile(heavy, level), rel=0.1)
    # Not as an exponential of the same mean, whose 99th percentile would be less by far.
    assert np.percentile(drawn, 99) > 1.2 * 4.6 * heavy.mean()


def test_what_follows_which() -> None:
    recording = [(0, 5.0), (1, 3.0), (0, 5.0), (2, 4.0), (0, 5.0), (1, 3.0), (0, 5.0)]
    _, follows = semi_markov(stays(recording), 3)
    assert follows == [{1: 2, 2: 1}, {0: 2}, {0: 1}]


def test_nothing_follows_from_one_recording_to_the_next() -> None:
    _, follows = semi_markov(stays([(0, 5.0)], 0) + stays([(1, 5.0)], 1), 2)
    assert follows == [{}, {}]


def test_time_is_shared_as_recorded_though_recordings_end_before_states_do() -> None:
    # State 1 was on in seven recordings from beginning to end, and once between two of state 0.
    recordings = [stays([(0, 10.0), (1, 10.0), (0, 10.0)], 0)]
    recordings += [stays([(1, 10.0)], number) for number in range(1, 8)]
    dwell, _ = semi_markov([stay for each in recordings for stay in each], 2)
    # They take turns, so that the mean stays are to each other as the whole times are: 80 to 20.
    assert dwell[1].mean() / dwell[0].mean() == pytest.approx(4, rel=1e-3)
    assert dwell[0] == pytest.approx([10, 10])
