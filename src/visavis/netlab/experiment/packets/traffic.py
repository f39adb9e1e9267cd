"""The packets of one direction: when they leave, how large they are, which slots they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.netlab.experiment.measures import CYCLE_SLOTS, Floats
from visavis.netlab.network import Way
from visavis.netlab.simulate import BEGIN_S, SPEAK_S
from visavis.seam import FRAME_S, SendPlan

Ints = NDArray[np.int64]

# Measured on calls with full media (their tones and silences, their packets other than speech).
OVERHEAD: Final = 80
"""Bytes a packet besides speech: IP, UDP, RTP and its extensions, SRTP's tag."""
SPEECH: Final = 0.9
SILENCE: Final = 0.13
"""Of the bitrate, while somebody speaks and while not."""
UNDER_DRED: Final = 0.6
"""Of such a packet, what is speech: copies leave deep redundancy out."""
COPY_HEADER: Final = 5
REPAIR_HEADER: Final = 16
FEEDBACK: Final = 82
"""Bytes of a packet with reports (RTCP),"""
FEEDBACK_EVERY_S: Final = 0.05
"""which is sent so often while speech comes."""

COPIES_BELOW: Final = 10.0
"""Slots that a packet is early: with less time to ask for what is lost it carries copies."""

AGENT_FROM: Final = 100
AGENT_SLOTS: Final = 138
"""When in a cycle the agent speaks, in slots: as the scripted models do on a clean network."""


@dataclass(slots=True, frozen=True)
class Packets:
    """In the order in which they leave; arrays [packets]."""

    at: Floats
    """Seconds."""
    size: Floats
    """Bytes, headers included."""
    slot: Ints
    """The first slot that it carries; -1: none, it is no speech."""
    copies: NDArray[np.bool_]
    """Whether it carries the copies of the plan."""

    def part(self, begin: int, end: int) -> Packets:
        """Those from one to before another."""
        some = slice(begin, end)
        return Packets(self.at[some], self.size[some], self.slot[some], self.copies[some])


def speaking(way: Way, slots: Ints) -> NDArray[np.bool_]:
    """Whether somebody speaks in these slots."""
    phase = slots % CYCLE_SLOTS
    if way == "up":
        return phase < round(SPEAK_S / FRAME_S)
    return (phase >= AGENT_FROM) & (phase < AGENT_FROM + AGENT_SLOTS)


def packets(way: Way, plan: SendPlan, first: int, begin: int, end: int) -> Packets:
    """Speech of the slots from `first` on and reports from slot `begin` (now) on, all before slot
    `end`. A packet of the microphone leaves with the last of its slots; what the agent says leaves
    before its time if the plan wants it."""
    step = plan.frame_ms // 20
    slots = np.arange(first, end, step, dtype=np.int64)
    speech = speaking(way, slots)
    at: Floats = slots.astype(np.float64) + (step - 1)
    if way == "down":
        slots, at, speech = slots[speech], at[speech], speech[speech]
        at = _early(slots, at, plan)
    early = slots + step - 1.0 - at
    at = np.maximum(at, begin)
    share = np.where(speech, SPEECH, SILENCE)
    payload = share * plan.bitrate * plan.frame_ms / 8000
    size = OVERHEAD + payload
    copied = payload * (UNDER_DRED if plan.dred_ms else 1.0) + COPY_HEADER
    copied = np.where(speech, copied, COPY_HEADER)
    copies = early < COPIES_BELOW
    size = size + len(plan.red) * np.where(copies, copied, 0.0)
    if plan.repair_every:
        carries = np.arange(slots.size) % plan.repair_every == 0
        size = size + carries * (payload.max(initial=0.0) + REPAIR_HEADER)
    return _with_feedback(way, Packets(at, size, slots, copies), begin, end)


def _early(slots: Ints, at: Floats, plan: SendPlan) -> Floats:
    """When they leave, in slots: as fast as `pace` allows, up to `ahead_ms` before their time."""
    begun: Floats = (slots // CYCLE_SLOTS * CYCLE_SLOTS + AGENT_FROM).astype(np.float64)
    since = at - begun
    early: Floats = begun + np.maximum(since - plan.ahead_ms / 20, since / (1 + plan.pace))
    return early


def _with_feedback(way: Way, speech: Packets, begin: int, end: int) -> Packets:
    """Reports on what comes the other way: all the time, or while the agent speaks."""
    every = round(FEEDBACK_EVERY_S * 2 / FRAME_S)  # two in so many slots, between speech
    pairs = np.arange(begin + (-begin) % every, end, every, dtype=np.int64)
    if way == "up":
        pairs = pairs[speaking("down", pairs)]
    reports = np.sort(np.concatenate([pairs + 0.25, pairs + every / 2 + 0.25]))
    at = np.concatenate([speech.at, reports])
    order = np.argsort(at, kind="stable")
    slot = np.concatenate([speech.slot, np.full(reports.size, -1)])
    sizes = np.concatenate([speech.size, np.full(reports.size, float(FEEDBACK))])
    copies = np.concatenate([speech.copies, np.zeros(reports.size, np.bool_)])
    return Packets(
        BEGIN_S + FRAME_S * at[order], np.round(sizes[order]), slot[order], copies[order]
    )
