"""Measured distributions as quantile points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.netlab.mine.marginal import durations, half, quantiles


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=60))
def test_points_rise_and_keep_the_extremes(values: list[float]) -> None:
    found = quantiles(np.array(values)).points
    assert found[0][1] == pytest.approx(min(values), rel=1e-3)
    assert found[-1][1] == pytest.approx(max(values), rel=1e-3)


def test_two_halves_make_the_whole() -> None:
    rng = np.random.default_rng(1)
    whole = rng.gamma(2.0, 5.0, 4000) + rng.gamma(2.0, 5.0, 4000)
    part = half(whole)
    sums = rng.choice(part, 20_000) + rng.choice(part, 20_000)
    for level in (10, 50, 90, 99):
        assert np.percentile(sums, level) == pytest.approx(np.percentile(whole, level), rel=0.05)


def test_durations_keep_the_mean_of_a_heavy_tail() -> None:
    values = np.random.default_rng(2).pareto(1.3, 500) + 0.1
    levels, heights = np.array(durations(values).points).T
    mean = (np.diff(levels) * (heights[1:] + heights[:-1]) / 2).sum()
    assert mean == pytest.approx(values.mean(), rel=0.01)
