"""Peers are compared at equally many cut-offs, to their favour."""

from __future__ import annotations

import pytest

from peers.sweep import NO_ANSWER_MS, Point, Setting, at_cut_rate, better, settings


def point(stack: str, delay: float, ms: float, cut_offs: int, sweep: str = "sweep") -> Point:
    setting = Setting(stack, f"{delay}", {}, sweep, delay)
    return Point(setting, (ms,) * (10 - cut_offs), cut_offs, 0)


def test_between_two_settings_lies_a_line() -> None:
    points = [point("peer", 0.3, 600, 4), point("peer", 0.8, 1000, 0)]
    match = at_cut_rate(points, "peer", 0.1)
    assert match is not None
    assert match.p50_ms == pytest.approx(900)


def test_settings_of_different_sweeps_are_not_joined() -> None:
    points = [point("peer", 0.3, 600, 4, "one"), point("peer", 0.8, 1000, 0, "other")]
    match = at_cut_rate(points, "peer", 0.1)
    assert match is not None
    assert match.p50_ms == 1000


def test_a_quick_and_patient_setting_wins() -> None:
    points = [point("peer", 0.3, 600, 1), point("peer", 0.8, 1000, 0), point("peer", 0, 700, 0, "")]
    match = at_cut_rate(points, "peer", 0.1)
    assert match is not None
    assert match.p50_ms == 600


def test_who_is_never_as_patient_has_no_match() -> None:
    assert at_cut_rate([point("peer", 0.3, 600, 4)], "peer", 0.3) is None


def test_the_better_peer_counts_and_our_own_settings_do_not() -> None:
    ours = point("visavis", 0, 400, 1, "")
    points = [ours, point("one", 0.5, 900, 1), point("two", 0.5, 800, 1)]
    match = better(points, ours)
    assert match is not None
    assert (match.stack, match.p50_ms) == ("two", 800)
    assert better([ours, point("one", 0.5, 900, 9)], ours) is None


def test_no_answer_counts_as_a_late_one() -> None:
    mute = Point(Setting("peer", "", {}), (500.0,), 0, 3)
    assert mute.ms(50) == NO_ANSWER_MS
    assert mute.row()["unanswered"] == 3
    assert Point(Setting("peer", "", {}), (), 4, 0).ms(50) == NO_ANSWER_MS


def test_every_delay_is_a_setting_and_the_defaults_are_always_there() -> None:
    found = settings({"eager": (0.3, 0.6), "vad": (0.5,)})
    assert [(s.stack, s.delay) for s in found] == [
        ("pipecat", 0.0), ("pipecat", 0.3), ("pipecat", 0.6), ("livekit", 0.0), ("livekit", 0.5),
    ]  # fmt: skip
    assert len({s.sweep for s in found if s.sweep}) == 2
