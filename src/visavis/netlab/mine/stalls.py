"""Holds: a link that delivers nothing for a while and then everything at once, in order.

Cellular links do so at handovers and in holes. Of packets sent evenly the first waits longest and
each later one less, by what it was sent later: a saw tooth. A hold may let single packets through;
while others that were sent before do not come, it goes on. What is left is the link's floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visavis.netlab.mine.session import Bools, Floats, Session


@dataclass(slots=True, frozen=True, eq=False)
class Stalls:
    """What a session's delays fall into. `begin_s` and `length_s` have shape [stalls], in order
    and apart; `held` has the session's rows."""

    begin_s: Floats
    length_s: Floats
    held: Bools
    """Rows whose delay a stall explains."""
    floor_s: float
    """The median of the others' delays."""


def threshold(session: Session) -> float:
    """How far over the median a packet must come to be held: beyond the floor's own spread, told
    from below, where no stall is; and long enough to hold two packets, or there is no saw tooth."""
    low, mid = np.nanpercentile(session.delay_s, [10, 50])
    step = float(np.median(np.diff(session.time_s)))
    return float(max(0.03, 4 * (mid - low), 2 * step))


def find_stalls(session: Session) -> Stalls:
    """From the delays alone; sessions without any have none."""
    time, delay = session.time_s, session.delay_s
    held = np.zeros(time.size, dtype=np.bool_)
    if np.isnan(delay).all():
        return Stalls(np.empty(0), np.empty(0), held, float("nan"))
    mid = float(np.nanmedian(delay))
    over = threshold(session)
    begins: list[float] = []
    lengths: list[float] = []
    end = -np.inf
    before = float(time[0])
    for row in range(time.size):
        if np.isnan(delay[row]):
            before = float(time[row])
            continue
        at = float(time[row])
        arrived = at + float(delay[row]) - mid
        if at < end and arrived > end + over:
            lengths[-1] = arrived - begins[-1]
            end = arrived
            held[row] = True
        elif arrived > at + over and at >= end:
            # It began somewhere between this packet and the one before, which still went through.
            gap = min(at - before, 0.2)
            begin = max(at - gap / 2, end)
            begins.append(begin)
            lengths.append(arrived - begin)
            end = arrived
            held[row] = True
        else:
            held[row] = at < end and arrived > at + over / 2
        before = at
    return Stalls(np.array(begins), np.array(lengths), held, float(np.nanmedian(delay[~held])))
