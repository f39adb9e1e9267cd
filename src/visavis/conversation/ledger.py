"""The ledger: the single source of every latency figure.

One ledger a turn. Time zero is the end of the person's speech in the audio itself (the last
voiced sample, mapped to the session clock), not the moment software noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """What is stamped, in the usual order. Speculation may put some before `released`."""

    SILENCE_SEEN = "silence_seen"
    """Voice activity noticed the end."""
    TRANSCRIPT = "transcript"
    """The words the reply answers were known."""
    LLM_START = "llm_start"
    LLM_FIRST_TOKEN = "llm_first_token"
    FIRST_CLAUSE = "first_clause"
    """Enough text to start speaking."""
    TTS_FIRST_AUDIO = "tts_first_audio"
    """First speech ready to be sent."""
    RELEASED = "released"
    """The end-of-turn decision: the reply was committed."""
    FIRST_SENT = "first_sent"
    """First packet of the reply left."""
    FIRST_PLAYED = "first_played"
    """First sample played at the client (reported), or estimated."""
    DONE = "done"
    """Last sample played, or the reply was stopped."""


@dataclass(slots=True)
class Ledger:
    turn: int
    user_item: str
    response_id: str | None
    speech_start: float
    """Session clock, seconds."""
    speech_end: float
    """Session clock, seconds: time zero."""
    speech_end_position: int
    """The same moment in the call's audio: sample index at 16 kHz."""
    stages: dict[Stage, float] = field(default_factory=dict)
    """Session clock, seconds."""
    speculations: int = 0
    """Replies begun for this turn."""
    dropped: int = 0
    """Of these, thrown away unheard."""
    tokens_dropped: int = 0
    interrupted: bool = False
    played_exact: bool = False
    """True if `first_played` was reported by the client."""

    def stamp(self, stage: Stage, at: float) -> None:
        """Keep the first time a stage was reached."""
        self.stages.setdefault(stage, at)

    def ms(self, stage: Stage) -> float | None:
        """Milliseconds from the end of speech to the stage; negative if before it."""
        at = self.stages.get(stage)
        return None if at is None else (at - self.speech_end) * 1e3

    def to_dict(self) -> dict[str, Any]:
        """The form on the wire, in the store and in reports: milliseconds, rounded to 0.1."""
        return {
            "turn": self.turn,
            "user_item": self.user_item,
            "response_id": self.response_id,
            "speech_ms": round((self.speech_end - self.speech_start) * 1e3, 1),
            "speech_end_ms": round(self.speech_end_position / 16, 1),
            "stages": {
                stage.value: round(ms, 1) for stage in Stage if (ms := self.ms(stage)) is not None
            },
            "speculations": self.speculations,
            "dropped": self.dropped,
            "tokens_dropped": self.tokens_dropped,
            "interrupted": self.interrupted,
            "played_exact": self.played_exact,
        }
