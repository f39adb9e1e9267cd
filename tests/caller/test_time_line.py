"""Frames land on the time line where they were said and heard, whatever the ticks did."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.caller.pacing import TickSender
from visavis.caller.track import SpokenClock, Track

TICK = 0.02


def frame(value: int) -> np.ndarray:
    return np.full(480, value, np.int16)


@given(st.lists(st.floats(0, 0.008), min_size=5, max_size=60), st.integers(0, 4))
def test_late_ticks_do_not_tear_a_stretch(lateness: list[float], gap: int) -> None:
    track = Track(24000)
    for n, late in enumerate(lateness):
        track.add(10 + n * TICK + late, frame(n + 1))
    assert len(track.stretches()) == 1
    at, pcm = track.stretches()[0]
    assert 10 <= at <= 10 + max(lateness)
    assert np.array_equal(pcm[::480], np.arange(1, len(lateness) + 1))


def test_a_gap_is_kept_as_silence() -> None:
    track = Track(24000)
    track.add(1.0, frame(1))
    track.add(1.5, frame(2))
    out = track.render(1.0, 2.0)
    assert len(out) == 24000
    assert set(np.flatnonzero(out)) == {*range(480), *range(12000, 12480)}


@given(st.floats(-1, 3), st.floats(0, 3))
def test_rendering_any_window_never_fails(start: float, length: float) -> None:
    track = Track(24000)
    for n in range(10):
        track.add(1 + n * TICK, frame(7))
    assert len(track.render(start, start + length)) == round(length * 24000)


def test_an_empty_track() -> None:
    track = Track(24000)
    assert track.end is None
    assert not track.render(0, 1).any()


def test_samples_are_as_old_as_they_lie_before_the_end_of_their_frame() -> None:
    clock = SpokenClock(16000)
    clock.sent(320, 5.0)
    clock.sent(640, 5.02)
    assert clock.spoken_at(0) == pytest.approx(4.98)
    assert clock.spoken_at(319) == pytest.approx(5.0 - 1 / 16000)
    assert clock.spoken_at(320) == pytest.approx(5.0)
    assert clock.spoken_at(640) is None
    assert clock.spoken_at(-1) is None


class Engine:
    """Sends one queued frame at every tick of its grid."""

    def __init__(self, phase: float) -> None:
        self.phase = phase
        self.ticks = 0
        self.queue = 0
        self.sent: list[float] = []

    def run(self, until: float) -> list[float]:
        """Ticks that ran by `until`."""
        ran = []
        while self.phase + self.ticks * TICK <= until:
            at = self.phase + self.ticks * TICK
            self.ticks += 1
            ran.append(at)
            if self.queue:
                self.queue -= 1
                self.sent.append(at)
        return ran


@given(
    st.floats(0, 0.0199),
    st.lists(st.floats(0.001, 0.4), min_size=1, max_size=40),
    st.integers(1, 8),
)
def test_the_pacing_knows_when_each_frame_left(
    phase: float, pauses: list[float], lead: int
) -> None:
    engine, pacing = Engine(phase), TickSender(TICK, lead)
    now, told = phase, []
    for at in engine.run(now):
        pacing.ticked(at)
    for pause in pauses:
        told += pacing.left(now)
        engine.queue += pacing.fill(now)
        now += pause
        # Stay clear of a tick's very moment, where either order is right.
        off = (now - phase) % TICK
        if min(off, TICK - off) < 1e-4:
            now += 2e-4
        for at in engine.run(now):
            pacing.ticked(at)
    told += pacing.left(now)
    assert [n for n, _ in told] == list(range(1, len(engine.sent) + 1))
    assert [at for _, at in told] == pytest.approx(engine.sent, abs=1e-6)


def test_a_late_tick_does_not_move_the_grid_but_a_moved_grid_does() -> None:
    pacing = TickSender(TICK, 1)
    for n in range(10):
        pacing.ticked(n * TICK + (0.006 if n == 5 else 0))
    pacing.fill(0.19)
    assert pacing.left(0.2001) == [(1, pytest.approx(0.2))]
    for n in range(11, 60):
        pacing.ticked(n * TICK + 0.01)
    pacing.fill(59 * TICK + 0.011)
    assert pacing.left(61 * TICK) == [(2, pytest.approx(60 * TICK + 0.01))]


def test_nothing_is_sent_before_a_tick_was_seen() -> None:
    pacing = TickSender(TICK, 4)
    assert pacing.fill(1.0) == 0
    assert pacing.left(1.0) == []
