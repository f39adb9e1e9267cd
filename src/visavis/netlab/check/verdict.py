"""From the figures of some calls on one network to a verdict. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from visavis.errors import CheckError
from visavis.netlab.check.measure import CallFigures, Turn, percentile


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not measured"
    """What was asked for could not be measured."""
    NOT_RUN = "not run"


@dataclass(slots=True, frozen=True)
class Limits:
    """What is asked of an agent on a network; None: nothing."""

    answer_within_s: float | None = 1.5
    """At p95 of all turns."""
    hear: float | None = 0.95
    """Of the words said, 0 to 1."""
    must_measure_words: bool = False
    """False: an agent that does not tell what it understood is judged by the rest."""


@dataclass(frozen=True)
class NetworkResult:
    """What an agent did on one network."""

    network: str
    calls: tuple[CallFigures, ...]
    limits: Limits = Limits()
    error: str = ""
    """Why the calls could not be placed at all, whatever the network."""

    @property
    def turns(self) -> list[Turn]:
        return [turn for call in self.calls for turn in call.turns]

    @property
    def unanswered(self) -> int:
        """Turns without an answer."""
        return sum(turn.answer_s is None for turn in self.turns)

    @property
    def cut_off(self) -> int:
        """Turns the agent talked into."""
        return sum(turn.cut_off for turn in self.turns)

    @property
    def answer_p50_s(self) -> float:
        """Median time to the answer, seconds; infinity if as many had none. CheckError if no
        call could be placed."""
        return self._answer_s(0.5)

    @property
    def answer_p95_s(self) -> float:
        """The 95th percentile (nearest rank: of less than 20 turns the slowest), seconds;
        infinity if it had no answer. CheckError if no call could be placed."""
        return self._answer_s(0.95)

    @property
    def words_heard(self) -> float:
        """The share of the words said that the agent understood, 0 to 1. CheckError if it is not
        known."""
        share = self.words_heard_if_known
        if share is None:
            raise CheckError(
                f"on {self.network} the words heard were not measured: {self._why_no_words()}"
            )
        return share

    @property
    def words_heard_if_known(self) -> float | None:
        up = [call for call in self.calls if call.connected]
        told = [call for call in up if call.words_heard is not None]
        words = [call.words for call in self.calls]
        if len(told) < len(up) or not told or None in words:
            return None
        total = sum(count or 0 for count in words)
        return sum(call.words_heard or 0 for call in self.calls) / total if total else None

    @property
    def outcome(self) -> Outcome:
        if self.error:
            return Outcome.NOT_RUN
        if self.failures():
            return Outcome.FAILED
        if self._asks_words() and self.words_heard_if_known is None:
            return Outcome.NOT_MEASURED
        return Outcome.PASSED

    def failures(self) -> list[str]:
        """A sentence for each figure that missed what was asked."""
        found = []
        limits, down = self.limits, [call for call in self.calls if not call.connected]
        if down:
            found.append(f"{len(down)} of {len(self.calls)} calls never came up")
        if limits.answer_within_s is not None and self.turns:
            p95 = self.answer_p95_s
            if p95 > limits.answer_within_s:
                took = "no answer" if math.isinf(p95) else f"{p95:.2f} s"
                found.append(f"answer p95: {took}, asked {limits.answer_within_s:g} s")
        share = self.words_heard_if_known
        if limits.hear is not None and share is not None and share < limits.hear:
            found.append(f"words heard: {share:.1%}, asked {limits.hear:.1%}")
        return found

    def why(self) -> str:
        """In a sentence, if it did not pass."""
        if self.error:
            return self.error
        if self.outcome is Outcome.NOT_MEASURED:
            return f"words heard: not measured, {self._why_no_words()}"
        return "; ".join(self.failures())

    def __str__(self) -> str:
        share = self.words_heard_if_known
        heard = "not measured" if share is None else f"{share:.1%}"
        lines = [f"{self.network}: {self.outcome.value}, words heard: {heard}"]
        for number, call in enumerate(self.calls, 1):
            lines += [f"  call {number}" + (f": {call.problem}" if call.problem else "")]
            lines += [f"    {turn}" for turn in call.turns]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """For JSON. `null` for times without an answer and for what was not measured."""
        share = self.words_heard_if_known
        return {
            "network": self.network,
            "outcome": self.outcome.value,
            "why": self.why(),
            "calls": len(self.calls),
            "calls_up": sum(call.connected for call in self.calls),
            "turns": len(self.turns),
            "unanswered": self.unanswered,
            "cut_off": self.cut_off,
            "answer_p50_s": _finite(self._answer_s(0.5)) if self.turns else None,
            "answer_p95_s": _finite(self._answer_s(0.95)) if self.turns else None,
            "words_heard": None if share is None else round(share, 4),
            "answers_s": [turn.answer_s for turn in self.turns],
            "problems": [call.problem for call in self.calls if call.problem],
        }

    def _answer_s(self, p: float) -> float:
        times = [math.inf if turn.answer_s is None else turn.answer_s for turn in self.turns]
        found = percentile(times, p)
        if found is None:
            raise CheckError(f"no call was placed on {self.network}: {self.error or 'no turns'}")
        return found

    def _asks_words(self) -> bool:
        return self.limits.hear is not None and self.limits.must_measure_words

    def _why_no_words(self) -> str:
        if any(call.words is None for call in self.calls):
            return "a recording has no text (a .txt file beside it gives one)"
        if not any(call.connected for call in self.calls):
            return "no call came up"
        return "the agent does not tell what it understood (heard_from says where it would)"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
