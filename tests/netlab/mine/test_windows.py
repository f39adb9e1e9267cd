"""From averages of windows: what was put in comes out, and no bursts are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made import averages

from visavis.netlab.generative import State
from visavis.netlab.mine.session import DelayKind, Session
from visavis.netlab.mine.windows import fit_windows


def fitted(*sessions: Session) -> State:
    (state,) = fit_windows(sessions).states.values()
    return state


def mean_of(points: list[tuple[float, float]]) -> float:
    levels, heights = np.array(points).T
    return float((np.diff(levels) * (heights[1:] + heights[:-1]) / 2).sum())


def test_lost_here_and_there_is_no_outage() -> None:
    state = fitted(averages(1, loss=0.01), averages(2, loss=0.01))
    assert state.loss.loss_good == pytest.approx(0.01, rel=0.1)
    assert state.loss.p_enter == 0
    assert state.outages is None


def test_as_many_windows_meet_outages_and_lose_as_much() -> None:
    # Every tenth window of 5 s was out for 1.5 s.
    state = fitted(averages(1, loss=0.005, out_s=1.5), averages(2, loss=0.005, out_s=1.5))
    assert state.outages is not None
    # Drawn at random, some windows meet two: nine in ten meet none.
    often = -np.log(0.9) / 5
    length = mean_of(state.outages.length_ms.model_dump()["points"]) / 1e3
    assert length == pytest.approx(1.5 / 50 / often, rel=0.02)
    mean = state.outages.every_s.model_dump()["mean"]
    assert length / (mean + length) == pytest.approx(1.5 / 50, rel=0.05)
    # What was lost besides is what was lost in the others.
    assert state.loss.loss_good == pytest.approx(0.005, rel=0.15)


def test_one_way_and_each_way_of_two() -> None:
    one = fitted(averages(1, loss=0.01))
    each = fitted(replace(averages(1, loss=0.01), delay_kind=DelayKind.ROUND_TRIP))
    assert one.delay_ms == pytest.approx(40, abs=1)
    assert each.delay_ms == pytest.approx(20, abs=0.5)
    assert (1 - each.loss.loss_good) ** 2 == pytest.approx(1 - one.loss.loss_good, abs=1e-4)


def test_the_delays_mean_is_the_recordings() -> None:
    made = averages(1)
    assert made.windows is not None
    state = fitted(made)
    assert state.queueing_ms is not None
    over = mean_of(state.queueing_ms.marginal.model_dump()["points"])
    assert state.delay_ms + over == pytest.approx(made.windows.delay_mean_s.mean() * 1e3, rel=0.05)


@pytest.mark.parametrize(("sigma", "least", "most"), [(0.0, 0.0, 0.1), (1.0, 0.4, 1.0)])
def test_memory_beyond_a_window_is_what_differs_between_windows(
    sigma: float, least: float, most: float
) -> None:
    state = fitted(averages(1, sigma=sigma))
    assert state.queueing_ms is not None
    slow = sum(part.share for part in state.queueing_ms.memory if part.time_s >= 5)
    assert least <= slow <= most


def test_without_any_answer_there_is_no_delay_to_fit() -> None:
    made = averages(1, loss=0.01)
    assert made.windows is not None
    nothing = np.full(made.windows.loss.size, np.nan)
    silent = replace(made.windows, delay_mean_s=nothing, delay_min_s=nothing, delay_max_s=nothing,
                     delay_std_s=nothing)  # fmt: skip
    state = fitted(replace(made, windows=silent))
    assert state.queueing_ms is None
    assert state.loss.loss_good == pytest.approx(0.01, rel=0.1)
