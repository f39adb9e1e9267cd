"""Which pattern a network really had, told from what became of every packet.

The rule, on a grid of a tenth of a second and the receiver's clock (a lost packet belongs where it
would have come). Of what is true at once, the first counts:

1. `outage`: nothing comes for 0.7 s or longer, from the last packet before to the first one after.
   What was sent meanwhile counts below neither as lost nor as late.
2. `congested`: a queue stands: of the 1.2 s around the quickest packet came 30 ms or more above the
   least delay of the 20 s around, and at some time of the stretch 100 ms or more.
3. `long_bursts`: of the 20 s around, two runs or more of 10 to 35 lost packets hold half or more of
   what was lost.
4. `short_bursts`, `random_loss`: of the 5 s around 1 % or more was lost, in three runs or more. The
   mean run of the 10 s around says which: 1.2 times that of independent losses and more are bursts.
5. `jitter`: of the 5 s around, 30 ms or more lie between the 5th and the 95th percentile of delay.
6. `good`.

Windows reach both ways, as no recogniser's can; so stretches of 3 to 5 are cut to their first and
their last packet that was lost, or late by 30 ms. Stretches of the same that lie less than 3 s
apart, with something better between them, are one. What then lasts less than a second, and is no
outage, belongs to what was before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from visavis.network.recognise import LEVELS, Level, Pattern

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GRID_S = 0.1
OUTAGE_S = 0.7
QUEUE_S, STANDING_S = 0.03, 0.1
LONG_RUN = (10, 35)
LONG_SHARE = 0.5
LOSS = 0.01
RUNS = 3
BURST = 1.2
SPREAD_S = LATE_S = 0.03
CLOSED_S = 3.0
LEAST_S = 1.0
_WORSE = list(Pattern)
"""From good to outage; what is found later in it goes over what is found sooner."""
_CODE = {pattern: code for code, pattern in enumerate(_WORSE)}


@dataclass(frozen=True)
class Segment:
    """The same pattern all the time."""

    start: float
    end: float
    pattern: Pattern

    @property
    def seconds(self) -> float:
        return self.end - self.start


class Truth:
    """Of one direction. `times`: when packets were sent, seconds, rising, shape [packets];
    `arrivals`: when they came, NaN where lost."""

    def __init__(self, times: Floats, arrivals: Floats) -> None:
        lost = np.isnan(arrivals)
        delays = _filled(arrivals - times)
        at = times + delays
        self.grid: Floats = np.arange(times[0], float(np.nanmax(at)), GRID_S)
        self.gaps = _gaps(arrivals)
        """Stretches of 0.1 s and more in which nothing came: begin and end, shape [gaps, 2]."""
        out = self.gaps[self.gaps[:, 1] - self.gaps[:, 0] >= OUTAGE_S]
        counted = ~_inside(times, out)
        gone = lost & counted & ~_inside(at, out)
        came = ~lost & counted
        self._loss = _count(self.grid, at[gone], 2.5) / np.maximum(_count(self.grid, at, 2.5), 1.0)
        late = at[came][delays[came] - _least(at[came], at[came], delays[came], 10.0) >= LATE_S]
        runs = _runs(at, gone)
        lossy = (self._loss >= LOSS) & (_count(self.grid, runs[:, 0], 2.5) >= RUNS)
        bursty = _clustering(self.grid, at, gone, runs) >= BURST
        spread = _spread(self.grid, at[came], delays[came]) >= SPREAD_S
        codes = np.zeros(self.grid.shape, np.int8)

        def put(pattern: Pattern, where: Bools) -> None:
            codes[where] = _CODE[pattern]

        put(Pattern.JITTER, self._closed(self._cut(spread, late)))
        lossy = self._closed(self._cut(lossy, at[gone]))
        put(Pattern.RANDOM_LOSS, lossy & ~bursty)
        put(Pattern.SHORT_BURSTS, lossy & bursty)
        put(Pattern.LONG_BURSTS, self._closed(self._cut(_long(self.grid, at, gone), at[gone])))
        put(Pattern.CONGESTED, self._closed(_standing(self.grid, at[came], delays[came])))
        put(Pattern.OUTAGE, _inside(self.grid, out))
        self.segments = _segments(self.grid, codes)

    def _cut(self, where: Bools, events: Floats) -> Bools:
        """Each stretch from its first to its last event."""
        events = np.sort(events)
        out = np.zeros_like(where)
        for low, high in _stretches(where):
            first, last = np.searchsorted(events, self.grid[[low, high - 1]] + [0.0, GRID_S])
            if last > first:
                begin, end = events[[first, last - 1]]
                out |= (self.grid > begin - GRID_S) & (self.grid <= end)
        return out

    def _closed(self, where: Bools) -> Bools:
        """With what is missing between two stretches, if it is short."""
        out = where.copy()
        for (_, low), (high, _) in pairwise(_stretches(where)):
            if (high - low) * GRID_S < CLOSED_S:
                out[low:high] = True
        return out

    def at(self, now: float) -> tuple[Pattern, Level]:
        """What the network is at that time; before and after, what it was first and last."""
        segment = next((s for s in self.segments if now < s.end), self.segments[-1])
        loss = self._loss[int(np.clip((now - self.grid[0]) / GRID_S, 0, len(self.grid) - 1))]
        return segment.pattern, Level(sum(bool(loss >= each) for each in LEVELS))


def _filled(delays: Floats) -> Floats:
    """Of a lost packet: the delay of the one before it, or of the first that came."""
    known = np.flatnonzero(~np.isnan(delays))
    if not known.size:
        return np.zeros_like(delays)
    before = np.searchsorted(known, np.arange(delays.size), side="right") - 1
    filled: Floats = delays[known[np.maximum(before, 0)]]
    return filled


def _gaps(arrivals: Floats) -> Floats:
    came = np.sort(arrivals[~np.isnan(arrivals)])
    wide = np.flatnonzero(np.diff(came) >= 0.1)
    return np.stack([came[wide], came[wide + 1]], axis=1)


def _inside(at: Floats, stretches: Floats) -> Bools:
    """Which times lie strictly in one of them."""
    if not len(stretches):
        return np.zeros(at.shape, np.bool_)
    index = np.searchsorted(stretches[:, 0], at, side="left") - 1
    return (index >= 0) & (at < stretches[np.maximum(index, 0), 1])


def _runs(at: Floats, lost: Bools) -> Floats:
    """Of consecutive losses: when each began, and its packets. Shape [runs, 2]."""
    padded = np.diff(np.concatenate([[0], lost.astype(np.int8), [0]]))
    begins, ends = np.flatnonzero(padded == 1), np.flatnonzero(padded == -1)
    return np.stack([at[begins], (ends - begins).astype(np.float64)], axis=1)


def _count(grid: Floats, at: Floats, around_s: float) -> Floats:
    """How many of these times are so near."""
    at = np.sort(at)
    high = np.searchsorted(at, grid + around_s)
    return (high - np.searchsorted(at, grid - around_s)).astype(np.float64)


def _clustering(grid: Floats, at: Floats, lost: Bools, runs: Floats) -> Floats:
    """Mean run, in those of independent losses of the same rate: 1 / (1 - loss)."""
    gone = _count(grid, at[lost], 5.0)
    loss = gone / np.maximum(_count(grid, at, 5.0), 1.0)
    mean = gone / np.maximum(_count(grid, runs[:, 0], 5.0), 1.0)
    return mean * (1 - loss)


def _long(grid: Floats, at: Floats, lost: Bools) -> Bools:
    runs = _runs(at, lost)
    kept = runs[(runs[:, 1] >= LONG_RUN[0]) & (runs[:, 1] <= LONG_RUN[1])]
    inside = np.repeat(kept[:, 0], kept[:, 1].astype(int))
    share = _count(grid, inside, 10.0) / np.maximum(_count(grid, at[lost], 10.0), 1.0)
    return (_count(grid, kept[:, 0], 10.0) >= 2) & (share >= LONG_SHARE)


def _over(
    grid: Floats, at: Floats, delays: Floats, around_s: float, what: Callable[[Floats], float]
) -> Floats:
    """`what` of the delays around each grid point; where nothing came, as before."""
    order = np.argsort(at, kind="stable")
    at, delays = at[order], delays[order]
    low, high = np.searchsorted(at, grid - around_s), np.searchsorted(at, grid + around_s)
    out, value = np.zeros(grid.shape), 0.0
    for i, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        if b > a:
            value = what(delays[a:b])
        out[i] = value
    return out


def _spread(grid: Floats, at: Floats, delays: Floats) -> Floats:
    def middle(values: Floats) -> float:
        ordered = np.sort(values)
        return float(ordered[int(0.95 * (len(ordered) - 1))] - ordered[int(0.05 * len(ordered))])

    return _over(grid, at, delays, 2.5, middle)


def _least(grid: Floats, at: Floats, delays: Floats, around_s: float) -> Floats:
    return _over(grid, at, delays, around_s, lambda values: float(values.min()))


def _standing(grid: Floats, at: Floats, delays: Floats) -> Bools:
    queue = _least(grid, at, delays, 0.6) - _least(grid, at, delays, 10.0)
    out = queue >= QUEUE_S
    for low, high in _stretches(out):
        out[low:high] = queue[low:high].max() >= STANDING_S
    return out


def _stretches(where: Bools) -> list[tuple[int, int]]:
    """Where it is true: from, and up to before."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _segments(grid: Floats, codes: NDArray[np.int8]) -> list[Segment]:
    segments: list[Segment] = []
    at = float(grid[0])
    for code, cells in groupby(codes.tolist()):
        pattern = _WORSE[code]
        end = at + GRID_S * len(list(cells))
        short = end - at < LEAST_S - 1e-9 and pattern is not Pattern.OUTAGE
        if segments and (short or segments[-1].pattern is pattern):
            segments[-1] = Segment(segments[-1].start, end, segments[-1].pattern)
        else:
            segments.append(Segment(at, end, pattern))
        at = end
    return segments
