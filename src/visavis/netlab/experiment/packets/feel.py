"""Link reports of one end, from the packets that reach it: what the native line's own say of
losses and delay (crates/line, `report/`), made of times alone."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Final

from visavis.seam import LinkReport

WINDOW_MS: Final = 100.0
LOST_AFTER: Final = 3
"""Later packets that have come, until one counts as lost."""
BASE_S: Final = 5.0
"""The least delay is of the last one to two of these."""
TREND: Final = 20
_RUNS: Final = (1, 3, 9)
"""Longest runs of losses that count as the first, second and third kind of `seam.LossRuns`."""


class Feeler:
    """Of one end and the direction it receives. Times in seconds, and they never fall."""

    def __init__(self) -> None:
        self._coming: list[tuple[float, int, float]] = []
        self._sent = 0
        self._highest = -1
        self._gap: dict[int, tuple[int, int]] = {}
        """A run of missing packets by its first: how many, and later ones that have come."""
        self._given_up: set[int] = set()
        self._heard_at = 0.0
        self._bases = [float("inf"), float("inf")]
        self._base_at = 0.0
        self._delay = 0.0
        self._jitter = 0.0
        self._trend: deque[tuple[float, float]] = deque(maxlen=TREND)

    def speech(self, sent_at: float, arrival: float | None) -> None:
        """The next speech packet; it arrives then, or never."""
        if arrival is not None:
            heapq.heappush(self._coming, (arrival, self._sent, sent_at))
        self._sent += 1

    def other(self, arrival: float) -> None:
        """Some other packet: a sign of life."""
        heapq.heappush(self._coming, (arrival, -1, 0.0))

    def report(self, now: float) -> LinkReport:
        """Of the last 100 ms."""
        received = late = reordered = 0
        ended: list[int] = []
        coming = self._coming
        while coming and coming[0][0] <= now:
            arrival, number, sent_at = heapq.heappop(coming)
            self._heard_at = arrival
            if number < 0:
                continue
            received += 1
            self._time(arrival, arrival - sent_at)
            if number > self._highest:
                if number > self._highest + 1 and self._highest >= 0:
                    self._gap[self._highest + 1] = (number - self._highest - 1, 0)
                self._highest = number
            elif number in self._given_up:
                late += 1
                self._given_up.discard(number)
            else:
                reordered += 1
                self._fill(number)
            ended += self._count_on()
        runs = [0, 0, 0, 0]
        for run in ended:
            runs[sum(run > most for most in _RUNS)] += 1
        one, few, several, many = runs
        return LinkReport(
            at=now,
            window_ms=WINDOW_MS,
            quiet_ms=max(0.0, now - self._heard_at) * 1e3,
            jitter_ms=self._jitter * 1e3,
            received=received,
            lost=sum(ended),
            late=late,
            reordered=reordered,
            loss_runs=(one, few, several, many),
            longest_loss=max(ended, default=0),
            queue_ms=max(0.0, self._delay - min(self._bases)) * 1e3 if self._trend else 0.0,
            gradient=self._slope(),
        )

    def _count_on(self) -> list[int]:
        """One more packet has come; the runs that are now given up."""
        ended = []
        for first, (count, later) in list(self._gap.items()):
            if later + 1 < LOST_AFTER:
                self._gap[first] = (count, later + 1)
                continue
            ended.append(count)
            self._given_up.update(range(first, first + count))
            del self._gap[first]
        if len(self._given_up) > 4000:
            self._given_up = {each for each in self._given_up if each > self._highest - 2000}
        return ended

    def _fill(self, number: int) -> None:
        """A packet of a run came after all, before it was given up."""
        for first, (count, later) in list(self._gap.items()):
            if first <= number < first + count:
                del self._gap[first]
                if number > first:
                    self._gap[first] = (number - first, later)
                if number + 1 < first + count:
                    self._gap[number + 1] = (first + count - number - 1, later)

    def _time(self, arrival: float, delay: float) -> None:
        if self._trend:
            self._jitter += (abs(delay - self._delay) - self._jitter) / 16
        self._delay = delay
        if arrival - self._base_at >= BASE_S:
            self._bases = [self._bases[1], float("inf")]
            self._base_at = arrival
        self._bases[1] = min(self._bases[1], delay)
        self._trend.append((arrival, delay))

    def _slope(self) -> float | None:
        """Milliseconds that delay gains in a second: between the halves of the last packets."""
        if len(self._trend) < TREND:
            return None
        points = list(self._trend)
        half = TREND // 2
        (t0, d0), (t1, d1) = (
            (sum(t for t, _ in some) / half, sum(d for _, d in some) / half)
            for some in (points[:half], points[half:])
        )
        return (d1 - d0) * 1e3 / (t1 - t0) if t1 > t0 else None
