"""The classifier tells networks apart, and only networks."""

from __future__ import annotations

import numpy as np
import pytest
from made import averages, lossy, stalling

from visavis.netlab.mine.classifier import auc, described
from visavis.netlab.mine.session import Observable, Session, session


def of_level(seed: int, level_s: float) -> Session:
    """A minute, each second of its own spread, about a level."""
    rng = np.random.default_rng(seed)
    time = np.arange(0, 60, 0.05)
    spread = rng.gamma(3.0, 0.003, 61)[time.astype(int)]
    return session(f"level-{seed}", "made", time, observable=[Observable.DELAY],
                   delay_s=level_s + spread * rng.random(time.size))  # fmt: skip


@pytest.mark.usefixtures("mining")
def test_two_halves_of_one_network_cannot_be_told_apart() -> None:
    sessions = [of_level(n, 0.02) for n in range(4)]
    found = auc(sessions[::2], sessions[1::2])
    assert found == pytest.approx(0.5, abs=0.1)


@pytest.mark.usefixtures("mining")
def test_two_networks_can() -> None:
    found = auc([of_level(n, 0.02) for n in range(2)], [of_level(n, 0.04) for n in range(2, 4)])
    assert found is not None and found > 0.98


@pytest.mark.usefixtures("mining")
def test_knowing_a_recording_again_does_not_help() -> None:
    # Each recording has a level of its own, and both sets have high and low ones: whoever trained
    # on other windows of the same recordings would tell them all.
    one = [of_level(1, 0.02), of_level(2, 0.06)]
    other = [of_level(3, 0.03), of_level(4, 0.05)]
    found = auc(one, other)
    assert found is not None and found < 0.9


def test_too_little_to_tell() -> None:
    few = [of_level(1, 0.02)]
    assert auc(few, [of_level(2, 0.04), of_level(3, 0.04)]) is None
    brief = [stalling(n, seconds=10) for n in range(4)]
    assert auc(brief[:2], brief[2:]) is None
    assert auc([averages(1)], [averages(2)]) is None


def test_what_it_sees_of_a_second() -> None:
    made = lossy(1, packets=500)
    table = described(made)
    assert table.shape == (10, 8)
    assert table[:, 0] == pytest.approx(made.lost.reshape(10, 50).mean(axis=1))
    assert not np.isnan(described(stalling(1, seconds=10))).any()
