"""Runs of lost packets, and losses after losses, against counting one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.netlab.losses import after_loss, bursts

ROW = st.lists(st.booleans(), max_size=40)


@given(ROW)
def test_bursts_are_the_runs_of_lost_packets(row: list[bool]) -> None:
    runs = [len(list(run)) for lost, run in itertools.groupby(row) if lost]
    assert bursts(np.array(row, np.bool_)) == runs


@given(st.lists(ROW, max_size=4))
def test_losses_after_losses_of_all_rows_but_not_from_one_to_the_next(
    rows: list[list[bool]],
) -> None:
    after = [now for row in rows for before, now in itertools.pairwise(row) if before]
    expected = sum(after) / len(after) if after else None
    assert after_loss(np.array(row, np.bool_) for row in rows) == expected


def test_too_few_losses_say_nothing() -> None:
    lost = np.array([True, True, False, True, False])
    assert after_loss([lost], least=3) == pytest.approx(1 / 3)
    assert after_loss([lost], least=4) is None
