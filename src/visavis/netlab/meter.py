"""Link reports of one direction, made of the times of its packets alone: what the native line
tells of losses, delay and its trend (crates/line, `report/` and `receive/arrivals`).

A packet counts as lost once three later ones have come (RFC 5681) or nothing has for 100 ms.
Delay is above the least of the last 5 to 10 s, jitter that of RFC 3550, the gradient the slope of
the smoothed delay (draft-ietf-rmcat-gcc-02, section 5).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.seam import LinkReport

EVERY_S: Final = 0.1
LATER: Final = 3
PATIENCE_S: Final = 0.1
MEMORY: Final = 64
"""Packets; who comes later than so many counts as late only."""
BASE_S: Final = 5.0
STALE_S: Final = 4 * BASE_S
POINTS: Final = 20
OLD_S: Final = 1.0
SMOOTHING: Final = 0.9
LEAST_POINTS: Final = 5
LEAST_SPAN_S: Final = 0.05
_RUNS: Final = (1, 3, 9)
"""Longest runs of losses that count as the first, second and third kind of `seam.LossRuns`."""


class Meter:
    """Of one direction. Packets are told in the order of sending, before they arrive; times in
    seconds."""

    def __init__(self) -> None:
        self._coming: list[tuple[float, int, float]] = []
        self._sent = 0
        self._losses = _Losses()
        self._delays = _Delays()
        self._since: float | None = None
        self._heard_at = 0.0

    def speech(self, sent_at: float, arrival: float | None) -> None:
        """The next packet of speech; it arrives then, or never."""
        if arrival is not None:
            heapq.heappush(self._coming, (arrival, self._sent, sent_at))
        self._sent += 1

    def other(self, arrival: float) -> None:
        """Some other packet: a sign of life."""
        heapq.heappush(self._coming, (arrival, -1, 0.0))

    def report(self, now: float) -> LinkReport:
        """Of what came since the last report; `now` never falls."""
        coming = self._coming
        while coming and coming[0][0] <= now:
            arrival, number, sent_at = heapq.heappop(coming)
            self._heard_at = arrival
            if number >= 0:
                self._losses.on_packet(arrival, number)
                self._delays.on_packet(arrival, arrival - sent_at)
        window = 0.0 if self._since is None else now - self._since
        self._since = now
        losses, delays = self._losses, self._delays
        losses.judge_quiet(now)
        one, few, several, many = losses.runs
        report = LinkReport(
            at=now,
            window_ms=window * 1e3,
            quiet_ms=max(0.0, now - self._heard_at) * 1e3,
            jitter_ms=delays.jitter * 1e3,
            received=losses.received,
            lost=losses.lost,
            late=losses.late,
            reordered=losses.reordered,
            loss_runs=(one, few, several, many),
            longest_loss=losses.longest,
            queue_ms=delays.queueing() * 1e3,
            gradient=delays.gradient(now),
        )
        losses.clear()
        return report


class _Losses:
    """`report/losses.rs`."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._seen: set[int] = set()
        self._judged = -1
        """Up to and with this packet, all are known as received or lost."""
        self._run = 0
        self._last_at = 0.0
        self.clear()

    def clear(self) -> None:
        """Count anew."""
        self.received = self.lost = self.late = self.reordered = 0
        self.runs = [0, 0, 0, 0]
        self.longest = self._run

    def on_packet(self, now: float, number: int) -> None:
        """No two have the same number."""
        highest = self._highest
        if highest is None:
            self._highest = self._judged = number
            self.received, self._last_at = 1, now
        elif number > highest:
            self._last_at = now
            self.received += 1
            self._highest = number
            self._seen.add(number)
            self._judge(number - LATER)
        elif highest - number >= MEMORY:
            self.late += 1
        else:
            self.received += 1
            if number <= self._judged:
                self.late += 1
            else:
                self.reordered += 1
                self._seen.add(number)

    def judge_quiet(self, now: float) -> None:
        """After a while without a packet all holes are judged."""
        if self._highest is not None and now - self._last_at >= PATIENCE_S:
            self._judge(self._highest)

    def _judge(self, upto: int) -> None:
        while self._judged < upto:
            self._judged += 1
            if self._judged in self._seen:
                self._seen.discard(self._judged)
                if self._run:
                    self.runs[sum(self._run > most for most in _RUNS)] += 1
                self._run = 0
                continue
            self.lost += 1
            self._run += 1
            self.longest = max(self.longest, self._run)


class _Delays:
    """`report/trend.rs`, and the jitter of `receive/arrivals.rs`."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=POINTS)
        self._begun = 0.0
        """When the present window of the least delay began."""
        self._least = (0.0, 0.0)
        self._delay: float | None = None
        self._smoothed = 0.0
        self.jitter = 0.0

    def on_packet(self, now: float, delay: float) -> None:
        if self._delay is None:
            self._smoothed, self._begun, self._least = delay, now, (delay, delay)
        else:
            self.jitter += (abs(delay - self._delay) - self.jitter) / 16
        self._delay = delay
        age = now - self._begun
        before, present = self._least
        if age > BASE_S:
            self._begun = now
            before, present = (delay if age > STALE_S else present), delay
        self._least = before, min(present, delay)
        self._smoothed = SMOOTHING * self._smoothed + (1 - SMOOTHING) * delay
        self._points.append((now, self._smoothed))

    def queueing(self) -> float:
        """Delay of the newest packet above the least of the last seconds, s."""
        return 0.0 if self._delay is None else self._delay - min(self._least)

    def gradient(self, now: float) -> float | None:
        """Milliseconds that delay gains in a second; None with too few recent packets."""
        recent = [point for point in self._points if now - point[0] <= OLD_S]
        if len(recent) < LEAST_POINTS:
            return None
        middle = sum(at for at, _ in recent) / len(recent)
        mean = sum(delay for _, delay in recent) / len(recent)
        over = sum((at - middle) * (delay - mean) for at, delay in recent)
        under = sum((at - middle) ** 2 for at, _ in recent)
        if under / len(recent) <= LEAST_SPAN_S**2 / 12:
            return None
        return over / under * 1e3


def reports(times: NDArray[np.float64], arrivals: NDArray[np.float64]) -> Iterator[LinkReport]:
    """Ten a second of a stream, from its first packet to the arrival of its last.

    Args:
        times: [packets] when sent, seconds, rising.
        arrivals: [packets] when they came, NaN if never.
    """
    meter = Meter()
    for sent_at, arrival in zip(times.tolist(), arrivals.tolist(), strict=True):
        meter.speech(sent_at, None if arrival != arrival else arrival)
    end, due = float(np.nanmax(arrivals)), float(times[0]) + EVERY_S
    while due < end:
        yield meter.report(due)
        due += EVERY_S
