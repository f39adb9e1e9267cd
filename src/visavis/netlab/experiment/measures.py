"""What is measured of a call, the same at every depth.

A direction's speech is cut into *slots* of 20 ms: slot n leaves at `simulate.BEGIN_S` + n · 20 ms.
`known_at` says when the far end had what is in each, NaN if never. The caller says six words in
the first 1.5 s of every 6 s; a word is lost if more than a quarter of it never came. That stands
for the word error rate, which takes a recogniser (bench/adaptation.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visavis.netlab.ends import SAYING
from visavis.netlab.network import Way
from visavis.netlab.simulate import BEGIN_S, CYCLE_S, SPEAK_S
from visavis.seam import FRAME_S, SendPlan

Floats: TypeAlias = NDArray[np.float64]

CYCLE_SLOTS: Final = round(CYCLE_S / FRAME_S)
WORDS: Final = len(SAYING.split())
NEEDED: Final = 0.75
"""Of a word's slots, that it be heard."""
DELAY_EDGES_MS: Final = np.concatenate([[0.0], np.round(np.geomspace(10, 30_000, 71), 1)])
"""Bins of delay histograms; the last is open."""


@dataclass(slots=True, frozen=True)
class Words:
    """Of the caller."""

    said: int
    lost: int
    delays_ms: Floats
    """From the last of each heard word to when all of it that came was known."""


def slots_of(seconds: float) -> int:
    """Whole slots of a call."""
    return int((seconds - BEGIN_S) / FRAME_S + 1e-6)


def words_of(known_at: Floats, asked: int) -> Words:
    """The words of `asked` utterances. `known_at`: [slots] seconds."""
    edges = np.round(np.linspace(0, SPEAK_S / FRAME_S, WORDS + 1)).astype(int)
    lost, delays = 0, []
    for cycle in range(asked):
        for first, end in pairwise(edges.tolist()):
            begin, after = cycle * CYCLE_SLOTS + first, cycle * CYCLE_SLOTS + end
            came = known_at[begin:after]
            came = came[~np.isnan(came)]
            if came.size < NEEDED * (end - first):
                lost += 1
            else:
                delays.append(float(came.max()) - (BEGIN_S + (after - 1) * FRAME_S))
    return Words(asked * WORDS, lost, np.array(delays) * 1e3)


def histogram(delays_ms: Floats) -> list[int]:
    """Counts in the bins of `DELAY_EDGES_MS`."""
    known = delays_ms[~np.isnan(delays_ms)]
    places = np.searchsorted(DELAY_EDGES_MS, known, side="right") - 1
    counts: list[int] = np.bincount(places.clip(0), minlength=DELAY_EDGES_MS.size).tolist()
    return counts


def quantile_of(counts: NDArray[np.int64], share: float) -> float | None:
    """The delay (ms) that a share of those in a histogram stayed below: the end of a bin."""
    total = int(counts.sum())
    if not total:
        return None
    place = int(np.searchsorted(np.cumsum(counts), share * total))
    return float(DELAY_EDGES_MS[min(place + 1, DELAY_EDGES_MS.size - 1)])


def percentile(values: Floats, level: float) -> float | None:
    """None if there are no values; to a tenth."""
    return round(float(np.percentile(values, level)), 1) if values.size else None


def plan_text(way: Way, plan: SendPlan) -> str:
    """A plan in a few words, such as `32 kbit/s, FEC, DRED 500, RED 1`."""
    parts = [f"{plan.bitrate / 1000:g} kbit/s"]
    if plan.fec:
        parts.append("FEC")
    if plan.dred_ms:
        parts.append(f"DRED {plan.dred_ms}")
    if plan.red:
        parts.append("RED " + ",".join(map(str, plan.red)))
    if plan.repair_every:
        parts.append(f"repair 1 in {plan.repair_every} of {plan.repair_window}")
    if plan.frame_ms != 20:
        parts.append(f"{plan.frame_ms} ms")
    if plan.ahead_ms and way == "down":
        parts.append(f"{plan.ahead_ms} ms ahead")
    if plan.dtx:
        parts.append("DTX")
    parts.append(f"told {plan.expected_loss:.0%}")
    return ", ".join(parts)
