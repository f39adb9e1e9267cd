"""Packets in, link reports out: what the line would tell of them, without a line.

After crates/line/src/report (losses, trend) and RFC 3550 (jitter): a packet counts as lost once
three later ones have come or nothing has for 100 ms; delay is above the least of 5 to 10 s.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from visavis.seam import LinkReport

EVERY_S = 0.1
LATER = 3
PATIENCE_S = 0.1
MEMORY = 64
BASE_WINDOW_S = 5.0


class Meter:
    """One direction's."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._seen: set[int] = set()
        self._judged = -1
        """Up to and with this packet, all are known as received or lost."""
        self._run = 0
        self._last_at = 0.0
        self._began = 0.0
        self._least = [0.0, 0.0]
        self._transit = self._jitter = 0.0
        self._clear()

    def _clear(self) -> None:
        self._received = self._lost = self._late = self._reordered = 0
        self._runs = [0, 0, 0, 0]
        self._longest = self._run

    def on_packet(self, now: float, number: int, sent: float) -> None:
        """A packet came; no two have the same number."""
        self._delay(now, now - sent)
        if self._highest is None:
            self._highest, self._judged = number, number
            self._received, self._last_at = 1, now
            return
        if number < self._highest:
            if self._highest - number >= MEMORY:
                self._late += 1
                return
            self._received += 1
            if number <= self._judged:
                self._late += 1
            else:
                self._reordered += 1
                self._seen.add(number)
            return
        self._last_at = now
        self._received += 1
        self._highest = number
        self._seen.add(number)
        self._judge(number - LATER)

    def _delay(self, now: float, transit: float) -> None:
        if self._highest is None:
            self._began, self._least, self._transit = now, [transit, transit], transit
        self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit
        if now - self._began > BASE_WINDOW_S:
            self._began, self._least = now, [self._least[1], transit]
        self._least[1] = min(self._least[1], transit)

    def _judge(self, upto: int) -> None:
        while self._judged < upto:
            self._judged += 1
            if self._judged in self._seen:
                self._seen.discard(self._judged)
                if self._run:
                    self._runs[(self._run > 1) + (self._run > 3) + (self._run > 9)] += 1
                self._run = 0
                continue
            self._lost += 1
            self._run += 1
            self._longest = max(self._longest, self._run)

    def report(self, now: float) -> LinkReport:
        """Of the time since the last one."""
        if self._highest is not None and now - self._last_at >= PATIENCE_S:
            self._judge(self._highest)
        one, few, several, many = self._runs
        report = LinkReport(
            at=now,
            window_ms=EVERY_S * 1e3,
            quiet_ms=(now - self._last_at) * 1e3,
            jitter_ms=self._jitter * 1e3,
            received=self._received,
            lost=self._lost,
            late=self._late,
            reordered=self._reordered,
            loss_runs=(one, few, several, many),
            longest_loss=self._longest,
            queue_ms=(self._transit - min(self._least)) * 1e3,
        )
        self._clear()
        return report


def reports(times: NDArray[np.float64], arrivals: NDArray[np.float64]) -> Iterator[LinkReport]:
    """Ten a second of such a stream, from the first packet to the last."""
    came = np.flatnonzero(~np.isnan(arrivals))
    came = came[np.argsort(arrivals[came], kind="stable")]
    meter, due = Meter(), float(times[0]) + EVERY_S
    for number, at, sent in zip(
        came.tolist(), arrivals[came].tolist(), times[came].tolist(), strict=True
    ):
        while at > due:
            yield meter.report(due)
            due += EVERY_S
        meter.on_packet(at, number, sent)
