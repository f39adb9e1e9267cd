"""Which frame of the microphone left when, through an engine that sends one every 20 ms.

The engine's ticks lie on a grid that its batches show. A queue that is never empty loses one
frame a tick, so the times follow from when it was first filled; a queue that ran dry (a stall of
this process) starts again at the first tick after it was filled.
"""

from __future__ import annotations

import math

LATE_S = 0.003
_MOVED_AFTER = 25
"""Ticks off the grid in a row after which the grid is taken to have moved."""
_EPS = 1e-6


class TickSender:
    """Pure: every entry takes `now`. Frames are counted, not samples."""

    def __init__(self, tick_s: float, lead: int) -> None:
        self._tick_s = tick_s
        self._lead = lead
        self._phase: float | None = None
        self._off_grid = 0
        self._run_start = 0.0
        self._run_first = 0
        self._queued = 0
        self._told = 0

    def ticked(self, at: float) -> None:
        """A tick ran at `at`; it may have been late."""
        if self._phase is None:
            self._phase = at
            return
        turns = round((at - self._phase) / self._tick_s)
        late = at - (self._phase + turns * self._tick_s)
        if late < -_EPS:
            self._phase, self._off_grid = at, 0
        elif late > LATE_S:
            self._off_grid += 1
            if self._off_grid >= _MOVED_AFTER:
                self._phase, self._off_grid = at, 0
        else:
            self._off_grid = 0

    def fill(self, now: float) -> int:
        """How many frames to queue now, so that `lead` of them wait. None before the first
        tick was seen."""
        if self._phase is None:
            return 0
        sent = self._sent(now)
        if sent >= self._queued:
            turns = math.floor((now - self._phase) / self._tick_s + _EPS) + 1
            self._run_start = self._phase + turns * self._tick_s
            self._run_first = self._queued
        count = self._lead - (self._queued - sent)
        self._queued += count
        return count

    def left(self, now: float) -> list[tuple[int, float]]:
        """(frames sent altogether, when) for each frame that left since the last call. To be
        called before `fill`, which may begin a new run."""
        out = [
            (frame + 1, self._run_start + (frame - self._run_first) * self._tick_s)
            for frame in range(self._told, self._sent(now))
        ]
        self._told += len(out)
        return out

    def _sent(self, now: float) -> int:
        if self._queued == 0:
            return 0
        ticks = math.floor((now - self._run_start) / self._tick_s + _EPS) + 1
        return min(self._queued, self._run_first + max(0, ticks))
