"""One recorded stretch of one network path, whatever tool recorded it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from visavis.errors import TraceError

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

MAX_BYTES = 64 * 2**20
"""A trace file that is larger is refused."""
MAX_ROWS = 2_000_000
"""A session with more rows is refused: a day at 20 packets a second."""


class Observable(StrEnum):
    """What a source can show at all. What is not observable is never fitted from it."""

    LOSS = "loss"
    """How many packets were lost."""
    BURSTS = "bursts"
    """Which ones: the packets came at an even pace, and each one's fate is known."""
    DELAY = "delay"
    CAPACITY = "capacity"
    REORDER = "reorder"


class DelayKind(StrEnum):
    """What the delays of a session are measured from."""

    ONE_WAY = "one_way"
    """Between two clocks that agree."""
    ROUND_TRIP = "round_trip"
    """Both ways together. Not halved: a stall of the link holds both at once, and its length shows
    whole in the round trip."""
    RELATIVE = "relative"
    """Between two clocks of unknown offset, so the least delay is 0."""
    WAIT = "wait"
    """Only the wait for the link to send, without propagation (from a capacity trace)."""


@dataclass(slots=True, frozen=True, eq=False)
class Windows:
    """A source that tells only averages: one row per stretch of `span_s`. All shape [windows]."""

    start_s: Floats
    span_s: float
    sent: Floats
    """Packets sent in the window."""
    loss: Floats
    """Share lost, 0…1."""
    delay_mean_s: Floats
    delay_min_s: Floats
    delay_max_s: Floats
    delay_std_s: Floats
    """NaN where the window has no answer at all."""


@dataclass(slots=True, frozen=True, eq=False)
class Session:
    """Rows of packets (or of capacity samples) in the order of sending. All columns shape [rows].

    A recording is one session up to its end; sessions are what is split into fitted and held-out
    ones, never the rows within.
    """

    name: str
    source: str
    """The reader that made it."""
    direction: str
    """`up`, `down` or `both` (a round trip, or unknown)."""
    observable: frozenset[Observable]
    delay_kind: DelayKind
    time_s: Floats
    """When sent, from 0, never falling."""
    delay_s: Floats
    """NaN where lost or unknown."""
    lost: Bools
    capacity_bps: Floats
    """NaN where unknown."""
    reordered: Bools
    """Arrived after a packet that was sent later."""
    windows: Windows | None = None

    @property
    def duration_s(self) -> float:
        if self.windows is not None:
            return self.windows.start_s.size * self.windows.span_s
        return float(self.time_s[-1] - self.time_s[0])

    def shows(self, what: Observable) -> bool:
        return what in self.observable


def session(
    name: str,
    source: str,
    time_s: Sequence[float] | Floats,
    *,
    observable: Sequence[Observable],
    direction: str = "both",
    delay_kind: DelayKind = DelayKind.ONE_WAY,
    delay_s: Sequence[float] | Floats | None = None,
    lost: Sequence[bool] | Bools | None = None,
    capacity_bps: Sequence[float] | Floats | None = None,
    reordered: Sequence[bool] | Bools | None = None,
) -> Session:
    """Sort by time, start at 0, fill absent columns. TraceError if there is too little or too much,
    or a number that no network has."""
    time = np.asarray(time_s, dtype=np.float64)
    rows = time.size
    if rows < 2:
        raise TraceError(f"{name}: a trace needs at least two packets or samples, this has {rows}.")
    if rows > MAX_ROWS:
        raise TraceError(f"{name}: {rows} rows; at most {MAX_ROWS} can be read. Cut the trace.")
    delay = np.full(rows, np.nan) if delay_s is None else np.asarray(delay_s, dtype=np.float64)
    gone = np.zeros(rows, dtype=np.bool_) if lost is None else np.asarray(lost, dtype=np.bool_)
    capacity = (
        np.full(rows, np.nan) if capacity_bps is None else np.asarray(capacity_bps, dtype=float)
    )
    late = (
        np.zeros(rows, dtype=np.bool_)
        if reordered is None
        else np.asarray(reordered, dtype=np.bool_)
    )
    if not np.isfinite(time).all():
        raise TraceError(f"{name}: row {int(np.argmin(np.isfinite(time))) + 1} has no time.")
    wrong = (delay < 0) | (delay > 600) | (capacity < 0) | np.isinf(delay) | np.isinf(capacity)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TraceError(
            f"{name}: row {row + 1} has a delay of {delay[row]} s and a capacity of"
            f" {capacity[row]} bit/s; delays of 0 to 600 s and capacities from 0 can be."
        )
    order = np.argsort(time, kind="stable")
    time = time[order] - time[order[0]]
    if time[-1] > 30 * 86400:
        raise TraceError(f"{name}: spans {time[-1] / 86400:.0f} days; at most 30 can be read.")
    delay = np.where(gone, np.nan, delay)
    return Session(
        name=name,
        source=source,
        direction=direction,
        observable=frozenset(observable),
        delay_kind=delay_kind,
        time_s=time,
        delay_s=delay[order],
        lost=gone[order],
        capacity_bps=capacity[order],
        reordered=late[order],
    )
