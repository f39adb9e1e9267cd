"""What the listeners do with slots that come when they come: a recogniser waits, an ear cannot."""

from __future__ import annotations

from typing import Final

import numpy as np

from visavis.netlab.experiment.measures import Floats
from visavis.netlab.simulate import BEGIN_S
from visavis.seam import FRAME_S

# As in crates/line, `receive/ingest` and `receive/playout`.
PATIENCE_S: Final = 0.06
PRICE_S: Final = 2.0
MEMORY: Final = 250
LEARN_EVERY: Final = 25
MAX_WAIT_S: Final = 1.0
MAX_BACKLOG_S: Final = 1.0
LEAST_WAIT_S: Final = 0.004


def handed_up(known: Floats) -> Floats:
    """[slots] when the recogniser gets each: in order, a tick at a time, and after a hole that
    stays one the wait for it. NaN for holes."""
    holes = np.isnan(known)
    after = np.minimum.accumulate(np.where(holes, np.inf, known)[::-1])[::-1]
    # A hole is given up a while after what follows it has come.
    free = np.where(holes, after + PATIENCE_S, known)
    at = np.maximum.accumulate(np.where(np.isinf(free), -np.inf, free))
    ticks = np.ceil((at - BEGIN_S) / FRAME_S - 1e-6) * FRAME_S + BEGIN_S
    return np.where(holes, np.nan, ticks)


def played(known: Floats, due_from: Floats, base: float) -> tuple[Floats, Floats]:
    """[speech slots] when the ear hears each, NaN if it is too late for it; and how long the
    buffer holds up what comes in its time, seconds. `due_from`: when each would leave in its time;
    `base`: the soonest way there, seconds."""
    travel = known - due_from
    wait = np.empty(known.size)
    # What came before its time is held until then, and teaches no wait.
    over = np.where(np.isnan(travel), np.inf, np.maximum(0.0, travel - base))
    for begin in range(0, known.size, LEARN_EVERY):
        wait[begin : begin + LEARN_EVERY] = _cheapest(over[max(0, begin - MEMORY) : begin])
    due = due_from + base + wait
    came = np.where(np.isnan(known), np.inf, known)
    later = np.minimum.accumulate(np.append(came[1:], np.inf)[::-1])[::-1]
    # While nothing newer is there it is waited for, as long as it is worth saying.
    usable = (came <= np.maximum(due, later)) & (over <= wait + MAX_BACKLOG_S)
    at = np.where(usable, np.maximum(came, due) + FRAME_S, np.nan)
    return at, wait


def _cheapest(over: Floats) -> float:
    """The wait that costs least, if a second of it costs 1 and each slot that comes later
    `PRICE_S` times its share."""
    known = np.sort(over[over < MAX_WAIT_S])
    if not known.size:
        return LEAST_WAIT_S
    # Those that never come are not waited for.
    later = 1 - np.arange(1, known.size + 1) / known.size
    return max(LEAST_WAIT_S, float(known[np.argmin(known + PRICE_S * later)]))
