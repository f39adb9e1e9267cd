"""Loss comes out as it went in, and nothing is said that the source does not show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made import lossy, stalling

from visavis.netlab.mine.loss import fit_loss
from visavis.netlab.mine.session import Observable


def test_gilberts_figures() -> None:
    found = fit_loss([lossy(1), lossy(2)], None, both_ways=False)
    assert found.p_enter == pytest.approx(0.02, rel=0.15)
    assert found.p_leave == pytest.approx(0.4, rel=0.1)
    assert found.step_ms == 20
    assert found.loss_good == 0


def test_without_bursts_losses_are_independent() -> None:
    unknown = replace(lossy(1), observable=frozenset([Observable.LOSS, Observable.DELAY]))
    found = fit_loss([unknown], None, both_ways=False)
    assert found.p_enter == 0
    assert found.loss_good == pytest.approx(0.02 / 0.42, rel=0.15)
    elsewhere = fit_loss([unknown], 0.9, both_ways=False)
    assert elsewhere.p_leave == pytest.approx(0.1)


def test_each_way_of_a_round_trip_has_half() -> None:
    unknown = replace(lossy(1), observable=frozenset([Observable.LOSS]))
    one, both = (fit_loss([unknown], None, both_ways=way).loss_good for way in (False, True))
    assert 1 - np.square(1 - both) == pytest.approx(one, abs=1e-4)


def test_no_loss_where_none_shows() -> None:
    assert fit_loss([stalling(1)], 0.9, both_ways=False).loss_good == 0
