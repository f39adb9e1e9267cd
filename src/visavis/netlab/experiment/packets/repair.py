"""When each slot of speech is known to the far end: from its own packet or from a later one."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.netlab.experiment.measures import Floats
from visavis.netlab.experiment.packets.traffic import Ints
from visavis.seam import FRAME_S, SendPlan

LEAST_TOLD: Final = 0.2
"""For less expected loss libopus gives DRED too few bits to be of use."""
RED_SPAN_S: Final = 0.341
"""Older copies do not fit into RED."""
RESENT_FROM: Final = 4
"""Packets lost in a row that our own line asks for (crates/line, `receive/ingest/keeper.rs`)."""
ASK_AFTER_S: Final = 0.03
AGAIN_S: Final = 0.2
AGAIN: Final = 5
KEPT_S: Final = 30.0


def known_at(
    plans: list[SendPlan],
    plan_of: Ints,
    slot: Ints,
    copies: NDArray[np.bool_],
    arrival: Floats,
    slots: int,
) -> tuple[Floats, NDArray[np.bool_]]:
    """[slots] seconds, NaN if never; and [slots] whether it came in its own packet.

    Args:
        plans: the plans in force at some time.
        plan_of: [packets] of speech: which of them a packet was sent by.
        slot: [packets] its first slot, rising.
        copies: [packets] whether it carries the copies of its plan.
        arrival: [packets] seconds, NaN if lost.
    """
    known = np.full(slots, np.inf)
    came = np.where(np.isnan(arrival), np.inf, arrival)
    by_plan = [(plan, np.flatnonzero(plan_of == n)) for n, plan in enumerate(plans)]
    for plan, mine in by_plan:
        _carry(known, slot[mine], came[mine], plan.frame_ms // 20)
    own = ~np.isinf(known)
    for plan, mine in by_plan:
        # A copy is of the packet so many before, whatever plan that was sent by.
        for distance in plan.red:
            with_copy = mine[(mine >= distance) & copies[mine]]
            before = with_copy - distance
            near = (slot[with_copy] - slot[before]) * FRAME_S <= RED_SPAN_S
            _carry(known, slot[before[near]], came[with_copy[near]], plan.frame_ms // 20)
        if plan.fec and plan.expected_loss > 0:
            _rebuild(known, slot[mine], came[mine], plan.frame_ms // 20)
        if plan.dred_ms and plan.expected_loss >= LEAST_TOLD:
            _rebuild(known, slot[mine], came[mine], plan.dred_ms // 20)
        if plan.repair_every:
            _solve(known, slot[mine], came[mine], plan)
    return np.where(np.isinf(known), np.nan, known), own


def _carry(known: Floats, slot: Ints, came: Floats, step: int) -> None:
    """Packets that carry `step` slots from `slot` on."""
    for offset in range(step):
        _bring(known, slot + offset, came)


def _bring(known: Floats, at: Ints, came: Floats) -> None:
    inside = (at >= 0) & (at < known.size)
    np.minimum.at(known, at[inside], came[inside])


def _rebuild(known: Floats, slot: Ints, came: Floats, reach: int) -> None:
    """Packets that can rebuild the `reach` slots before them; only what is missing is worth it."""
    missing = np.flatnonzero(np.isinf(known))
    if not missing.size or not slot.size:
        return
    # Of the packets within reach the one that comes first: a minimum over a window.
    first = np.searchsorted(slot, missing, side="right")
    last = np.searchsorted(slot, missing + reach, side="right")
    for place, begin, end in zip(missing.tolist(), first.tolist(), last.tolist(), strict=True):
        if end > begin:
            known[place] = came[begin:end].min()


def _solve(known: Floats, slot: Ints, came: Floats, plan: SendPlan) -> None:
    """Sliding-window FEC: a hole is solved once as many repairs over it have come as packets of
    it are missing (random linear codes over GF(2^8) almost always can)."""
    lost = np.isinf(came)
    window, every = plan.repair_window, plan.repair_every
    step = plan.frame_ms // 20
    unknown: list[int] = []
    repairs = 0
    for place in range(slot.size):
        if lost[place]:
            unknown.append(place)
        unknown = [each for each in unknown if each > place - window]
        if not unknown:
            repairs = 0
        elif place % every == 0 and not lost[place]:
            repairs += 1
            if repairs >= len(unknown):
                at = np.array([slot[each] for each in unknown])
                _carry(known, at, np.full(at.size, came[place]), step)
                unknown, repairs = [], 0


def ask_again(known: Floats, sent_at: Floats, arrival: Floats, until: Floats) -> None:
    """What our own client lacks of speech that came before its time, in place: it says so in every
    packet, and it comes again with the next ones, as long as it is of use.

    Args:
        known: [slots] of `known_at`.
        sent_at: [packets] rising.
        arrival: [packets] NaN if lost.
        until: [slots] seconds; later is too late.
    """
    came = np.flatnonzero(~np.isnan(arrival))
    if not came.size:
        return
    travel = float(np.nanmedian(arrival - sent_at))
    usable_at, usable = sent_at[came], arrival[came]
    first = np.where(np.isnan(known), np.inf, known)
    after = np.minimum.accumulate(first[::-1])[::-1]
    for slot in np.flatnonzero(np.isnan(known)).tolist():
        asked = after[slot] + travel
        place = int(np.searchsorted(usable_at, asked))
        if place < came.size and usable[place] <= until[slot]:
            known[slot] = usable[place]


def resend(known: Floats, sent_at: Floats, arrival: Floats) -> None:
    """What our own client sends again when the server asks for it, in place.

    A request goes out when the hole is seen, and the answer half a round trip after it came; both
    fare as the speech packet that leaves at that moment.

    Args:
        known: [slots] of `known_at`.
        sent_at: [packets] of speech, rising.
        arrival: [packets] NaN if lost.
    """
    missing = np.isnan(known)
    if not missing.any() or np.isnan(arrival).all():
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.view(np.int8), [0]])))
    travel = float(np.nanmedian(arrival - sent_at))
    ends = np.flatnonzero(~np.isnan(arrival))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - first < RESENT_FROM or end >= known.size:
            continue
        seen = known[end] + ASK_AFTER_S
        for _ in range(AGAIN + 1):
            asked = seen + travel
            place = int(np.searchsorted(sent_at, asked))
            if place >= sent_at.size:
                break
            if not np.isnan(arrival[place]):
                old = np.arange(first, end) * FRAME_S < sent_at[place] - sent_at[0] - KEPT_S
                known[first:end] = np.where(old, np.nan, max(asked, float(arrival[place])))
                break
            # Silence of the link does not count as time to wait.
            up_again = ends[np.searchsorted(ends, place) :]
            if not up_again.size:
                break
            seen = max(asked + AGAIN_S + 2 * travel, float(arrival[up_again[0]]))
