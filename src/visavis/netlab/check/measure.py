"""From what one call brought to its figures. Pure: the two tracks are the truth, as they are for
`visavis call`; of what the agent tells only its transcripts are taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from visavis.caller import CallResult, Utterance
from visavis.caller.measure import AgentSound
from visavis.netlab.check.words import count_heard, split_words
from visavis.seam import RATE_OUT

_OVERLAP_S = 0.05
"""An agent audible so shortly before the end of the person's speech was talking over it."""


@dataclass(slots=True, frozen=True)
class Turn:
    """One utterance of the person and what came of it."""

    said: str
    """The words, or the recording's name if they are not known."""
    answer_s: float | None
    """From the last voiced sample of the person to the first sound of the agent that begins after
    it, at the person's ear. None: there was none before the next utterance."""
    cut_off: bool = False
    """The agent began to speak while the person still did."""

    def __str__(self) -> str:
        answer = "no answer" if self.answer_s is None else f"answer after {self.answer_s:.2f} s"
        return f"{answer}{', talked into' if self.cut_off else ''}: {self.said}"


@dataclass(slots=True, frozen=True)
class CallFigures:
    """What is known of one call."""

    turns: tuple[Turn, ...]
    """One for each utterance of the script, also for those that were not said any more."""
    words: int | None = None
    """Said, or to be said; None if the script does not tell."""
    words_heard: int | None = None
    """Of those, understood by the agent; None if it did not tell."""
    connected: bool = True
    problem: str = ""
    """Why the call did not come up, or broke off."""


def measure(result: CallResult, script: Sequence[Utterance], heard: str | None) -> CallFigures:
    """The figures of a call that came up. `heard`: all that the agent says it understood."""
    sound = AgentSound(result.tracks.right, RATE_OUT) if result.tracks is not None else None
    spoken = {turn.index: turn for turn in result.turns}
    starts = sorted(turn.start for turn in result.turns)
    turns = []
    for index, utterance in enumerate(script):
        said = utterance.text or utterance.name
        turn = spoken.get(index)
        if turn is None or sound is None:
            turns.append(Turn(said, None))
            continue
        before = next((start for start in starts if start > turn.start), math.inf)
        onset = sound.onset_after(turn.end, before)
        turns.append(
            Turn(
                said,
                None if onset is None else round(onset - turn.end, 3),
                turn.cut_off and sound.audible(turn.end - _OVERLAP_S, turn.end),
            )
        )
    reference = words_of(script)
    known = reference is not None and heard is not None
    return CallFigures(
        turns=tuple(turns),
        words=None if reference is None else len(reference),
        words_heard=count_heard(reference or [], split_words(heard or "")) if known else None,
        problem="" if result.ended == "local" else f"the call broke off ({result.ended})",
    )


def never_up(script: Sequence[Utterance], problem: str) -> CallFigures:
    """The figures of a call that did not come up: nothing was answered."""
    reference = words_of(script)
    return CallFigures(
        turns=tuple(Turn(each.text or each.name, None) for each in script),
        words=None if reference is None else len(reference),
        words_heard=0,
        connected=False,
        problem=problem,
    )


def words_of(script: Sequence[Utterance]) -> list[str] | None:
    """All words of a script; None if one of its recordings has no text."""
    if any(each.text is None for each in script):
        return None
    return [word for each in script for word in split_words(each.text or "")]


def percentile(values: Sequence[float], p: float) -> float | None:
    """The nearest-rank percentile, 0 < p <= 1: the least value that a share `p` of all do not
    exceed. It is one of the values, so that infinity (no answer) may be among them."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(p * len(values) - 1e-9) - 1)]
