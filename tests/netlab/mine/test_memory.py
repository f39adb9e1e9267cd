"""The times over which delay remembers."""

from __future__ import annotations

import numpy as np
import pytest

from visavis.netlab.mine.memory import fit_memory

pytestmark = pytest.mark.usefixtures("mining")


def wandering(tau_s: float, share: float, step_s: float = 0.02, rows: int = 40_000) -> np.ndarray:
    rng = np.random.default_rng(4)
    rho = np.exp(-step_s / tau_s)
    slow = np.empty(rows)
    value = 0.0
    for n, draw in enumerate(rng.standard_normal(rows)):
        value = rho * value + np.sqrt(1 - rho**2) * draw
        slow[n] = value
    fresh = rng.standard_normal(rows)
    return np.exp(np.sqrt(share) * slow + np.sqrt(1 - share) * fresh)


def test_a_slow_part_and_a_fresh_part_are_told_apart() -> None:
    found = fit_memory([wandering(1.0, 0.6)], 0.02, 30.0)
    assert sum(part.share for part in found) == pytest.approx(1.0)
    assert sum(part.share for part in found if part.time_s <= 0.03) == pytest.approx(0.4, abs=0.1)
    slow = [part for part in found if part.time_s > 0.03]
    assert sum(part.share * part.time_s for part in slow) / sum(
        part.share for part in slow
    ) == pytest.approx(1.0, rel=0.5)


def test_too_little_to_tell_is_fresh() -> None:
    assert [part.time_s for part in fit_memory([np.array([1.0, 2.0])], 0.02, 30.0)] == [0.0]
