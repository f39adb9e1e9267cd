"""What the calls say: how patient the agent was, how quick, and what stopped it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from turns.cases import Call, Turn
from turns.virtual import Heard, Sound
from visavis.seam import RATE_IN

ANSWERED_S = 4.0
"""An answer that comes later than this after the end of a turn is none."""
TOUCH_S = 0.02
"""Sound so short at a pause's very end says nothing: a frame."""


@dataclass(frozen=True)
class Pause:
    """One pause within a turn."""

    turn: str
    speaker: str
    kind: str
    seconds: float
    after: float
    """Seconds of the turn before it."""
    taken: bool
    """The agent spoke in it, or into what followed."""


@dataclass(frozen=True)
class End:
    """The end of a turn that wants an answer."""

    turn: str
    speaker: str
    kind: str
    latency: float | None
    """Seconds to the first sound of the answer; None if none came."""
    cut: bool
    """The agent had spoken before the end."""


@dataclass(frozen=True)
class Over:
    """Something that came while the agent spoke."""

    call: str
    kind: str
    name: str
    stopped: float | None
    """Seconds from its beginning to the agent's silence; None if it went on."""
    ducked: float | None
    latency: float | None
    """Seconds from its end to the first sound of another answer."""


@dataclass(frozen=True)
class Scores:
    pauses: tuple[Pause, ...]
    ends: tuple[End, ...]
    overs: tuple[Over, ...]
    lost: tuple[str, ...]
    """Calls in which the agent never spoke long enough to be spoken over."""


def score(calls: Sequence[Call], heard: Sequence[Heard]) -> Scores:
    pauses: list[Pause] = []
    ends: list[End] = []
    overs: list[Over] = []
    lost: list[str] = []
    for call, outcome in zip(calls, heard, strict=True):
        if call.over is None:
            for turn, begin in outcome.turns:
                found, end = _turn(turn, begin, outcome.sounds)
                pauses += found
                if turn.whole:
                    ends.append(end)
        elif outcome.over is None:
            lost.append(call.name)
        else:
            overs.append(_over(call, outcome, outcome.over))
    return Scores(tuple(pauses), tuple(ends), tuple(overs), tuple(lost))


def _turn(turn: Turn, begin: float, sounds: Sequence[Sound]) -> tuple[list[Pause], End]:
    spans = [(begin + a / RATE_IN, begin + b / RATE_IN) for a, b in turn.spans]
    finish = spans[-1][1]
    pauses = []
    for (_, stop), (again, until) in itertools.pairwise(spans):
        taken = any(stop < s.start < until - TOUCH_S for s in sounds)
        kind = "natural" if turn.kind == "natural" else "inserted"
        after = stop - spans[0][0]
        pauses.append(Pause(turn.name, turn.speaker, kind, again - stop, after, taken))
        if taken:
            break  # what follows is another conversation
    cut = any(spans[0][0] < s.start < finish - TOUCH_S for s in sounds)
    after = [s.start - finish for s in sounds if finish - TOUCH_S <= s.start < finish + ANSWERED_S]
    latency = max(0.0, min(after)) if after else None
    return pauses, End(turn.name, turn.speaker, turn.kind, latency, cut)


def _over(call: Call, outcome: Heard, span: tuple[float, float]) -> Over:
    assert call.over is not None
    begin, end = span
    story = [s.reply for s in outcome.sounds if s.start < begin][-1]
    stops = [at - begin for at, reply in outcome.stopped if reply == story and at > begin]
    ducks = [at - begin for at, on in outcome.ducked if on and at > begin]
    others = [s.start - end for s in outcome.sounds if s.reply != story and s.start > begin]
    return Over(
        call.name,
        call.over.kind,
        call.over.name,
        min(stops, default=None),
        min(ducks, default=None),
        min(others, default=None),
    )
