"""Windows of a second, and what can be said of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visavis.netlab.losses import after_loss, bursts
from visavis.netlab.mine.session import Floats, Observable, Session
from visavis.netlab.mine.stalls import Stalls

WINDOW_S = 1.0
MIN_ROWS = 3
"""A window with fewer rows is left out: the sender paused."""
OUTAGE_S = 0.3
"""A packet that comes later than so much over the floor was as good as lost to a conversation."""


@dataclass(slots=True, frozen=True, eq=False)
class Features:
    """Columns of shape [windows]; NaN where the source does not show it."""

    start_s: Floats
    loss: Floats
    loss_after_loss: Floats
    longest_burst: Floats
    """Packets."""
    delay_p50_s: Floats
    delay_p95_s: Floats
    delay_max_s: Floats
    jitter_s: Floats
    """Mean difference of a packet's delay to the one before."""
    stalled: Floats
    """Share of the packets that a stall held."""
    outage: Floats
    """Share lost or later than `OUTAGE_S` over the floor."""
    capacity_bps: Floats


def features(session: Session, stalls: Stalls, window_s: float = WINDOW_S) -> Features:
    """Of all windows that have packets."""
    number = (session.time_s / window_s).astype(np.int64)
    edges = np.flatnonzero(np.diff(number)) + 1
    rows = [each for each in np.split(np.arange(number.size), edges) if each.size >= MIN_ROWS]
    columns = np.array([_window(session, stalls, each) for each in rows], dtype=np.float64).reshape(
        -1, 10
    )
    starts = np.array([number[each[0]] * window_s for each in rows], dtype=np.float64)
    return Features(starts, *columns.T)


def _window(session: Session, stalls: Stalls, rows: np.ndarray) -> list[float]:
    delay, lost = session.delay_s[rows], session.lost[rows]
    known = delay[~np.isnan(delay)]
    nan = float("nan")
    shows_loss = session.shows(Observable.LOSS)
    shows_bursts = session.shows(Observable.BURSTS)
    after = after_loss([lost]) if shows_bursts else None
    late = delay > stalls.floor_s + OUTAGE_S
    capacity = session.capacity_bps[rows]
    return [
        float(lost.mean()) if shows_loss else nan,
        nan if after is None else after,
        float(max(bursts(lost), default=0)) if shows_bursts else nan,
        float(np.median(known)) if known.size else nan,
        float(np.quantile(known, 0.95)) if known.size else nan,
        float(known.max()) if known.size else nan,
        float(np.abs(np.diff(known)).mean()) if known.size > 1 else nan,
        float(stalls.held[rows].mean()),
        float((lost | late).mean()),
        float(np.nanmean(capacity)) if not np.isnan(capacity).all() else nan,
    ]
