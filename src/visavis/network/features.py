"""What one direction of the network did lately, from the reports that come ten times a second.

In: `seam.LinkReport`s, split into one `Seen` for each direction (`of_up`, `DownSide`). Out: the
`Features` of the last seconds. Everything costs the same however long the call lasts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from visavis.seam import LinkReport, LossRuns

SHORT_S = 1.2
"""Two reports of a far end that tells twice a second fit in."""
MEDIUM_S = 5.0
LONG_S = 20.0
"""How long bursts of hundreds of milliseconds are remembered: they are rare."""
MAX_REPORTS = 400
"""Kept at most, whatever times the reports claim to have."""
NO_RUNS: LossRuns = (0, 0, 0, 0)
_LENGTHS = (1.0, 2.4, 5.5)
"""Packets in a run of one, of 2-3 and of 4-9, on average. The rest was lost in longer ones."""


@dataclass(slots=True, frozen=True)
class Seen:
    """One direction's share of a report. Counts may be fractions where only a rate was told."""

    at: float
    """Seconds."""
    received: float = 0.0
    lost: float = 0.0
    """Packets, before repair."""
    late: float = 0.0
    """Packets that came after they had been counted as lost: overtaken, not lost."""
    runs: LossRuns | None = None
    """Of consecutive losses that ended, by length; None: not told."""
    longest: int = 0
    """Packets of the longest run that ended or goes on."""
    queue_ms: float = 0.0
    """Delay above its recent minimum."""
    gradient: float = 0.0
    """Milliseconds that delay gains in a second."""
    jitter_ms: float = 0.0
    """RFC 3550."""
    quiet_ms: float = 0.0
    """Since anything came from the far end."""

    @property
    def events(self) -> float:
        """Separate losses: runs that ended, or (none are told) each packet. Below zero when more
        came late than was lost: what an earlier report counted was no loss."""
        return (self.lost if self.runs is None else float(sum(self.runs))) - self.late

    @property
    def missing(self) -> float:
        """Packets that were lost; negative as `events`."""
        return self.lost - self.late


def of_up(report: LinkReport) -> Seen:
    """What this end receives."""
    return Seen(
        at=report.at,
        received=report.received,
        lost=report.lost,
        late=report.late,
        runs=report.loss_runs,
        longest=report.longest_loss,
        queue_ms=report.queue_ms,
        gradient=report.gradient or 0.0,
        jitter_ms=report.jitter_ms,
        quiet_ms=report.quiet_ms,
    )


class DownSide:
    """What the far end receives from us: told by it, by transport-wide congestion control, or by
    nobody. What it tells stands in every report until it tells more; it is counted once."""

    def __init__(self) -> None:
        self._told_at = float("-inf")

    def of(self, report: LinkReport) -> Seen:
        """The direction's share of a report, nothing but its time if nothing is known."""
        far = report.far
        if far is not None:
            told_at = report.at - far.age_ms / 1e3
            # The age is made of the same two times, so only rounding stands between them.
            if told_at <= self._told_at + 1e-3:
                return Seen(at=report.at, quiet_ms=report.quiet_ms)
            self._told_at = told_at
            return Seen(
                at=report.at,
                received=far.received,
                lost=far.lost,
                late=far.late or 0.0,
                runs=far.loss_runs or (NO_RUNS if far.lost == 0 or far.longest_loss else None),
                longest=far.longest_loss or 0,
                queue_ms=far.queue_ms or 0.0,
                jitter_ms=far.jitter_ms or 0.0,
                quiet_ms=report.quiet_ms,
            )
        if report.loss_down is None:
            return Seen(at=report.at, quiet_ms=report.quiet_ms)
        packets = report.window_ms / 20
        lost = report.loss_down * packets
        return Seen(report.at, packets - lost, lost, quiet_ms=report.quiet_ms)


@dataclass(slots=True, frozen=True)
class Features:
    """The last seconds of one direction."""

    at: float = 0.0
    loss: float = 0.0
    """Fraction of the packets of 5 s, 0…1."""
    loss_now: float = 0.0
    """The same of 1.2 s."""
    burst: float = 1.0
    """Mean length of a run of losses, packets, of 5 s; 1 if there was none."""
    longest: int = 0
    """Longest run of 5 s, packets."""
    long_bursts: int = 0
    """Runs of ten packets and more (200 ms) in 20 s."""
    long_share: float = 0.0
    """How much of what was lost in 20 s was lost in those, 0…1."""
    long_burst: float = 0.0
    """Their mean length, packets."""
    queue_ms: float = 0.0
    """Newest delay above its recent minimum."""
    standing_ms: float = 0.0
    """Least such delay of 1.2 s: a queue that stands, where jitter alone comes back to zero."""
    gradient: float = 0.0
    """Milliseconds that delay gained in a second, at last."""
    jitter_ms: float = 0.0
    quiet_ms: float = 0.0
    """How long nothing has come from the far end."""

    @property
    def loss_after_loss(self) -> float:
        """P(loss | loss): of two packets in a row, the second one's when the first was lost."""
        return 1 - 1 / self.burst


class _Window:
    """Sums over the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.kept: deque[Seen] = deque()
        self.received = self.lost = self.events = 0.0
        self.runs = [0, 0, 0, 0]

    def add(self, seen: Seen) -> None:
        self.kept.append(seen)
        self._count(seen, 1)
        while self.kept[0].at < seen.at - self._seconds or len(self.kept) > MAX_REPORTS:
            self._count(self.kept.popleft(), -1)
        if len(self.kept) == 1:
            # Fractions leave dust behind when they are taken off again.
            self.received, self.lost, self.events = seen.received, seen.missing, seen.events

    def _count(self, seen: Seen, sign: int) -> None:
        self.received += sign * seen.received
        self.lost += sign * seen.missing
        self.events += sign * seen.events
        for length, count in enumerate(seen.runs or ()):
            self.runs[length] += sign * count

    @property
    def loss(self) -> float:
        lost = max(0.0, self.lost)
        sent = max(0.0, self.received) + lost
        return lost / sent if sent > 1e-6 else 0.0


class Feeler:
    """Reports of one direction in, features out."""

    def __init__(self) -> None:
        self._short = _Window(SHORT_S)
        self._medium = _Window(MEDIUM_S)
        self._long = _Window(LONG_S)
        self._queue_ms = self._gradient = self._jitter_ms = 0.0

    def add(self, seen: Seen) -> Features:
        """The features up to and with this. Times must not fall; a report without packets (its
        delays are not known) lets the delays of the one before stand."""
        told = seen.received > 0
        if told:
            self._queue_ms, self._gradient = seen.queue_ms, seen.gradient
            self._jitter_ms = seen.jitter_ms
        for window in (self._short, self._medium, self._long):
            window.add(seen)
        medium, long = self._medium, self._long
        standing = [each.queue_ms for each in self._short.kept if each.received > 0]
        small = sum(n * length for n, length in zip(long.runs, _LENGTHS, strict=False))
        in_long = max(0.0, long.lost - small) if long.runs[3] else 0.0
        burst = medium.lost / medium.events if medium.events > 0.5 else 1.0
        return Features(
            at=seen.at,
            loss=medium.loss,
            loss_now=self._short.loss,
            burst=max(1.0, burst),
            longest=max(each.longest for each in medium.kept),
            long_bursts=long.runs[3],
            long_share=in_long / long.lost if in_long else 0.0,
            long_burst=in_long / long.runs[3] if in_long else 0.0,
            queue_ms=self._queue_ms,
            standing_ms=min(standing, default=self._queue_ms),
            gradient=self._gradient,
            jitter_ms=self._jitter_ms,
            quiet_ms=seen.quiet_ms,
        )
