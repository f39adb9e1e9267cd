"""How each stack is set, what a setting came to, and what is fair to compare.

A patient stack answers late, a quick one talks into pauses: only delays at equally many cut-offs
say anything. Between two settings of one sweep a peer is given what lies on the line between.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness import percentile

NO_ANSWER_MS = 5000.0
"""What a turn without an answer counts as."""


@dataclass(frozen=True)
class Setting:
    stack: str
    endpointing: str
    """For people."""
    how: dict[str, Any] = field(hash=False)
    """For `peers.serve`."""
    sweep: str = ""
    """Settings of one sweep differ in `delay` only."""
    delay: float = 0.0


@dataclass(frozen=True)
class Point:
    """What came of a setting."""

    setting: Setting
    answers_ms: tuple[float, ...]
    """Voice to voice, of turns that were not cut off."""
    cut_offs: int
    unanswered: int

    @property
    def turns(self) -> int:
        return len(self.answers_ms) + self.cut_offs + self.unanswered

    @property
    def cut_rate(self) -> float:
        return self.cut_offs / max(1, self.turns)

    def ms(self, q: float) -> float:
        """A percentile of the delay; NO_ANSWER_MS where every turn was cut off."""
        waits = [*self.answers_ms, *[NO_ANSWER_MS] * self.unanswered]
        return percentile(waits, q) if waits else NO_ANSWER_MS

    def row(self) -> dict[str, Any]:
        return {
            "stack": self.setting.stack, "endpointing": self.setting.endpointing, "n": self.turns,
            **{f"p{q}_ms": round(self.ms(q)) for q in (50, 90, 95)},
            "cut_offs": self.cut_offs, "unanswered": self.unanswered,
        }  # fmt: skip


@dataclass(frozen=True)
class Match:
    """A peer's p50 where it cuts off no more than visavis."""

    stack: str
    by: str
    p50_ms: float


def settings(delays: dict[str, Sequence[float]]) -> list[Setting]:
    """Every peer as it comes and, by its sweeps' delays, as it is best: with a streaming
    recogniser and the reply made before the turn is sure to be over."""
    every = [Setting("pipecat", "default: Smart Turn", {"ears": "segmented", "turn": "smart"})]
    every += [
        Setting("pipecat", f"{'eager reply' if turn == 'eager' else 'silence'}, {delay:g} s",
                {"ears": ears, "turn": turn, "delay": delay}, f"pipecat {turn}", delay)
        for turn, ears in (("eager", "streaming"), ("silence", "segmented"))
        for delay in delays.get(turn, ())
    ]  # fmt: skip
    every.append(Setting("livekit", "default: turn detector", {"ears": "segmented"}))
    every += [
        Setting("livekit", f"preemptive reply, {turn}, {delay:g} s",
                {"ears": "streaming", "turn": turn, "delay": delay}, f"livekit {turn}", delay)
        for turn in ("detector", "vad")
        for delay in delays.get(turn, ())
    ]  # fmt: skip
    return every


def at_cut_rate(points: Sequence[Point], stack: str, rate: float) -> Match | None:
    """The least p50 of a stack's settings, or between two of a sweep, with at most this rate of
    cut-offs. None if every setting cuts off more."""
    found = [
        Match(stack, point.setting.endpointing, point.ms(50))
        for point in points
        if point.setting.stack == stack and point.cut_rate <= rate
    ]
    sweeps: dict[str, list[Point]] = {}
    for point in points:
        if point.setting.stack == stack and point.setting.sweep:
            sweeps.setdefault(point.setting.sweep, []).append(point)
    for sweep in sweeps.values():
        ordered = sorted(sweep, key=lambda point: point.setting.delay)
        for quick, patient in itertools.pairwise(ordered):
            if patient.cut_rate <= rate < quick.cut_rate:
                part = (quick.cut_rate - rate) / (quick.cut_rate - patient.cut_rate)
                between = quick.ms(50) + part * (patient.ms(50) - quick.ms(50))
                by = f"{quick.setting.endpointing} to {patient.setting.delay:g} s"
                found.append(Match(stack, by, between))
    return min(found, key=lambda match: match.p50_ms, default=None)


def better(points: Sequence[Point], ours: Point) -> Match | None:
    """The quicker peer at our rate of cut-offs; None if none is as patient."""
    stacks = dict.fromkeys(p.setting.stack for p in points if p.setting.stack != ours.setting.stack)
    matches = [at_cut_rate(points, stack, ours.cut_rate) for stack in stacks]
    return min((m for m in matches if m), key=lambda match: match.p50_ms, default=None)
