"""When the next utterance of the script is due. Pure: no clock, no audio, no network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from visavis.caller.script import AfterReply, AtTime, DuringReply, Utterance

QUIET_S = 0.3
"""So long without a sound, and no response open: the agent has finished."""
AFTER_FALSE_ALARM_S = 2.0
"""After an interruption that brought no answer, the resumed reply's end is waited for so long."""
REPLY_TIMEOUT_S = 20.0


class Step(Enum):
    WAIT = "wait"
    SPEAK = "speak"
    HANG_UP = "hang_up"


@dataclass(slots=True, frozen=True)
class Situation:
    """What the caller knows now. Times are seconds since the call began."""

    now: float
    speaking: bool
    """The microphone is still giving an utterance."""
    agent_sound_start: float | None
    """When the agent's present (or last) stretch of speech began to be heard."""
    agent_sound_end: float | None
    """When the agent was last heard."""
    open_responses: int
    responses_created: int
    responses_done: int
    """Counts since the call began."""


class Director:
    """Walks through the script."""

    def __init__(self, script: list[Utterance], *, timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self._script = script
        self._timeout_s = timeout_s
        self._next = 0
        self._spoke_at = 0.0
        self._ended_at: float | None = None
        self._created_before = 0
        self._done_before = 0
        self.unanswered: list[int] = []
        """Utterances (index) that got no reply in time."""

    @property
    def index(self) -> int:
        """Which utterance comes next."""
        return self._next

    def step(self, s: Situation) -> Step:
        """What to do now; SPEAK is taken as done."""
        if s.speaking:
            self._ended_at = s.now
        if self._next < len(self._script):
            due = self._due(self._script[self._next], s)
        else:
            due = self._settled(s, 0.0)
        if not due:
            return Step.WAIT
        if self._next == len(self._script):
            return Step.HANG_UP
        self._next += 1
        self._spoke_at, self._ended_at = s.now, None
        self._created_before, self._done_before = s.responses_created, s.responses_done
        return Step.SPEAK

    def _due(self, utterance: Utterance, s: Situation) -> bool:
        match utterance.when:
            case AtTime(at_s=at_s):
                return s.now >= at_s
            case AfterReply(gap_s=gap_s):
                return s.now >= gap_s if self._next == 0 else self._settled(s, gap_s)
            case DuringReply(after_s=after_s):
                started = s.agent_sound_start
                # The first reply of the call may be a greeting; later ones follow speech.
                if started is not None and started > (self._ended_at or 0.0) and not s.speaking:
                    audible = s.agent_sound_end is not None and s.now - s.agent_sound_end < QUIET_S
                    if audible and s.now - started >= after_s:
                        return True
                # Too short a reply cannot be interrupted; the script goes on after it.
                return self._next > 0 and self._settled(s, DEFAULT_MISSED_GAP_S)

    def _settled(self, s: Situation, gap_s: float) -> bool:
        """The agent has finished its reply to the last utterance, `gap_s` ago."""
        if s.speaking or s.open_responses:
            return False
        ended = self._ended_at if self._ended_at is not None else self._spoke_at
        quiet_since = max(ended, s.agent_sound_end or 0.0)
        quiet = s.now - quiet_since
        if s.responses_created > self._created_before:
            return quiet >= max(QUIET_S, gap_s)
        if s.responses_done > self._done_before and quiet >= AFTER_FALSE_ALARM_S:
            return True
        if quiet < self._timeout_s:
            return False
        if self._next - 1 not in self.unanswered:
            self.unanswered.append(self._next - 1)
        return True


DEFAULT_MISSED_GAP_S = 0.5
"""How long after a reply that could not be interrupted the interruption is said anyway."""
