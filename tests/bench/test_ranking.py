"""Ways to send are ranked at equal bits, and a network ranks them as it does itself."""

from __future__ import annotations

import numpy as np
import pytest
from bench.fidelity import ranking

from visavis.line import native_available
from visavis.netlab.library import find
from visavis.netlab.mine.session import Observable, session


def test_all_ways_to_send_have_the_same_bits() -> None:
    ways = ranking.strategies()
    assert len({way.name for way in ways}) >= 10
    for each in ways:
        assert ranking._kbps("up", each.up) == pytest.approx(ranking.KBPS["up"], rel=0.01)
        assert ranking._kbps("down", each.down) == pytest.approx(ranking.KBPS["down"], rel=0.01)
        assert min(each.up.bitrate, each.down.bitrate) >= 12_000


@pytest.mark.skipif(not native_available(), reason="the native module is not installed")
def test_the_same_recording_ranks_them_alike_and_another_network_does_not() -> None:
    rng = np.random.default_rng(1)
    lost = rng.random(2000) < 0.08
    delay = np.where(lost, np.nan, 0.04 + rng.exponential(0.005, 2000))
    lossy = session("lossy", "made", np.arange(2000) * 0.02, delay_s=delay, lost=lost,
                    observable=[Observable.LOSS, Observable.DELAY])  # fmt: skip
    row = ranking.ranking_row(find("bufferbloat")[0], [lossy], [lossy], [1])
    assert row is not None
    assert row.fitted == 1.0
    assert row.synthetic < ranking.LEAST_TAU and row.ok is False
