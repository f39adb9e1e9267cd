"""A network does to packets what its scenario says, and the same for whoever asks how."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visavis.errors import ScenarioError
from visavis.line import load_native, native_available
from visavis.netlab import Network, parse_scenario

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

DOCS = Path(__file__).parents[2] / "docs"
N = 5000


def network(seed: int = 1) -> Network:
    text = (DOCS / "netlab.md").read_text().split("```toml\n")[1].split("```")[0]
    return Network(parse_scenario(text), seed)


def test_one_by_one_and_all_at_once_are_the_same() -> None:
    times = np.arange(N) * 0.02
    sizes = np.full(N, 150, np.uint32)
    one = network()
    singly = [one.decide("up", now, 150) for now in times.tolist()]
    fates = network().decide_many("up", times, sizes)
    for fate, arrival, reason in zip(singly, fates.arrivals, fates.reasons, strict=True):
        if isinstance(fate, str):
            assert np.isnan(arrival) and Network.REASONS[reason - 1] == fate
        else:
            assert arrival == fate and reason == 0


def test_another_seed_is_another_network() -> None:
    times, sizes = np.arange(N) * 0.02, np.full(N, 150, np.uint32)
    one = network(1).decide_many("up", times, sizes).arrivals
    two = network(2).decide_many("up", times, sizes).arrivals
    assert not np.array_equal(one, two, equal_nan=True)


def test_directions_have_luck_of_their_own() -> None:
    times, sizes = np.arange(N) * 0.02, np.full(N, 150, np.uint32)
    both = network()
    up = both.decide_many("up", times, sizes).arrivals
    down = both.decide_many("down", times, sizes).arrivals
    assert not np.array_equal(up, down, equal_nan=True)


def test_both_languages_know_the_same_reasons() -> None:
    assert list(Network.REASONS) == load_native().RANGE_REASONS


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_has_64_bits(seed: int) -> None:
    with pytest.raises(ScenarioError, match="the seed is"):
        network(seed)


def test_rows_and_sizes_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="as many of one as of the other"):
        network().decide_many("up", np.zeros(2), np.zeros(3, np.uint32))
