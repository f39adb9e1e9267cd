"""Packet level: what can be rebuilt, when, and what the listeners make of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.line import native_available
from visavis.netlab.experiment import SHIPPED, Depth, Trial, run_trial
from visavis.netlab.experiment.measures import words_of
from visavis.netlab.experiment.packets.listen import handed_up, played
from visavis.netlab.experiment.packets.repair import ask_again, known_at, resend
from visavis.netlab.library import find
from visavis.network.baselines import PLAIN
from visavis.seam import SendPlan

SLOTS = 60
SENT = 3 + 0.02 * np.arange(SLOTS)


def known(plan: SendPlan, lost: set[int]) -> np.ndarray:
    """A packet a slot, 20 ms on its way."""
    arrival = SENT + 0.02
    arrival[list(lost)] = np.nan
    slot = np.arange(SLOTS)
    return known_at([plan], np.zeros_like(slot), slot, slot >= 0, arrival, SLOTS)[0]


def late(plan: SendPlan, lost: set[int], slot: int) -> float:
    """How much later than in time a slot is known, in slots."""
    return float(round((known(plan, lost)[slot] - SENT[slot]) / 0.02 - 1, 3))


def test_what_nothing_protects_is_lost() -> None:
    assert np.flatnonzero(np.isnan(known(PLAIN, {5, 6}))).tolist() == [5, 6]


def test_a_copy_comes_as_much_later_as_it_is_behind() -> None:
    assert late(replace(PLAIN, red=(2,)), {5}, 5) == 2
    assert np.isnan(known(replace(PLAIN, red=(2,)), {5, 7})[5])
    assert late(replace(PLAIN, red=(1, 3)), {5, 6}, 5) == 3


def test_in_band_fec_covers_one_packet() -> None:
    plan = replace(PLAIN, fec=True, expected_loss=0.1)
    assert late(plan, {5}, 5) == 1
    assert np.isnan(known(plan, {5, 6})[5]) and not np.isnan(known(plan, {5, 6})[6])


def test_deep_redundancy_covers_its_reach_from_the_next_packet() -> None:
    plan = replace(PLAIN, dred_ms=200, expected_loss=0.2)
    lost = set(range(10, 25))
    table = known(plan, lost)
    assert np.flatnonzero(np.isnan(table)).tolist() == list(range(10, 15))
    assert late(plan, lost, 20) == 5


def test_repairs_solve_as_many_as_came() -> None:
    plan = replace(PLAIN, repair_every=2, repair_window=8)
    assert np.isfinite(known(plan, {11, 13})).all()
    assert np.isnan(known(plan, set(range(11, 25)))).any()


def test_an_outage_is_sent_again_after_a_round_trip() -> None:
    table = known(PLAIN, set(range(10, 30)))
    arrival = SENT + 0.02
    arrival[10:30] = np.nan
    resend(table, SENT, arrival)
    assert np.isfinite(table).all()
    # Seen with slot 30, asked for a little later, there and back.
    assert 0.05 < table[10] - (SENT[30] + 0.02) < 0.12


def test_what_came_before_its_time_is_asked_for_again_while_it_is_of_use() -> None:
    early = SENT - 0.4
    arrival = early + 0.02
    arrival[[10, 11]] = np.nan
    table = arrival.copy()
    ask_again(table, early, arrival, SENT + 0.04)
    assert np.isfinite(table).all()
    # Seen with packet 12, asked for, and there with one that leaves after that.
    assert 0.03 < table[10] - arrival[12] < 0.08
    table = arrival.copy()
    ask_again(table, early, arrival, early)
    assert np.flatnonzero(np.isnan(table)).tolist() == [10, 11]


def test_a_word_waits_for_what_was_lost_before_it() -> None:
    table = SENT + 0.02
    table[4] = SENT[4] + 0.1
    handed = handed_up(table)
    assert handed[5] >= handed[4] >= table[4]
    assert handed[3] == pytest.approx(SENT[3] + 0.02)


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.floats(0.02, 2)), min_size=SLOTS, max_size=SLOTS))
def test_nobody_hears_what_has_not_come(delays: list[float | None]) -> None:
    table = SENT + np.array([np.nan if d is None else d for d in delays])
    ear, wait = played(table, SENT, 0.02)
    heard = ~np.isnan(ear)
    assert not (heard & np.isnan(table)).any()
    assert (ear[heard] >= table[heard]).all() and (wait >= 0).all()
    handed = handed_up(table)
    assert (np.isnan(handed) == np.isnan(table)).all()
    assert (handed[~np.isnan(table)] >= table[~np.isnan(table)] - 1e-6).all()


def test_a_word_of_which_a_quarter_is_missing_is_lost() -> None:
    table = 3 + 0.02 * np.arange(300)
    assert words_of(table, 1).lost == 0
    table[:3] = np.nan
    assert words_of(table, 1).lost == 0
    table[3] = np.nan
    assert (words_of(table, 1).said, words_of(table, 1).lost) == (6, 1)


@pytest.mark.native
@pytest.mark.skipif(not native_available(), reason="visavis-line is not installed")
def test_redundancy_saves_words_and_costs_bits() -> None:
    scenario, folder = find("random10")
    rows = {
        name: run_trial(Trial(scenario, folder, SHIPPED[name], 1, 60.0, Depth.PACKETS)).row
        for name in ("plain", "red1", "adaptive")
    }
    assert rows["plain"]["up_concealed"] > 5 * rows["red1"]["up_concealed"]
    assert rows["plain"]["up_kbps"] < 0.9 * rows["red1"]["up_kbps"]
    assert rows["adaptive"]["plans"] >= 2
    assert rows["adaptive"]["words_lost"] <= rows["plain"]["words_lost"]
