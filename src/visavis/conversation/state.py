"""What the state machine knows: the states, the utterance going on, the reply there is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from visavis.conversation import signals as s
from visavis.seam import RATE_IN

FRESH_SAMPLES = RATE_IN * 3 // 100
"""Audio after the last voiced sample that a transcript needs to be of the whole utterance."""


class State(StrEnum):
    IDLE = "idle"
    """Nobody speaks, nothing is prepared."""
    LISTENING = "listening"
    """The person speaks."""
    PAUSED = "paused"
    """The person is silent; perhaps the turn is over. A reply is being prepared."""
    THINKING = "thinking"
    """The turn is over (or the program asked); the reply is not ready."""
    SPEAKING = "speaking"
    """A reply is being played."""
    OVERLAP = "overlap"
    """The person speaks while a reply is being played."""
    WEIGHING = "weighing"
    """… and fell silent again. Was it an interruption?"""
    CLOSED = "closed"


@dataclass(slots=True)
class Utterance:
    start: int
    segment: int
    """Where the audio that the recogniser has now began."""
    position: int
    end: int = 0
    silence_s: float = 0.0
    before: str = ""
    """Words of earlier segments."""
    words: str = ""
    confidence: float = 1.0
    doubted: str = ""
    """Words recognised last, if they were not believed."""
    covers: int = -1
    """The words are those of the audio up to here."""
    asked_at: int = 0
    took_s: float = 0.0
    dip: bool = False
    """The voice has just fallen quiet, and what was said until then is being recognised."""
    prefilled: int = 0
    speculations: int = 0
    """Replies begun while it went on."""
    score: float | None = None
    verified: bool = False
    looked_again: bool = False
    stt_failures: int = 0
    failed: str = ""
    """Normalised text that no reply could be made for."""
    failure: str = ""
    acknowledges: bool = False
    """Its words over the agent are none but acknowledgements."""
    over_s: float = 0.0
    """The silence at which it was taken to be over."""
    filled: bool = False
    """A filler was said while its answer was awaited."""
    voiced_s: float = 0.0
    level: float = 0.0
    """Loudness of its voice, dB below full scale."""
    above: float = 120.0
    """… and above its surroundings, dB."""

    strange: bool = False
    """The voice is surely not the main speaker's, and not one that insists."""

    @property
    def text(self) -> str:
        return f"{self.before} {self.words}".strip()

    @property
    def fresh(self) -> bool:
        """Whether the words are those of the whole utterance."""
        return self.covers >= min(self.end + FRESH_SAMPLES, self.position)

    def voice(self, signal: s.VoiceWent) -> None:
        self.dip = self.dip and signal.quiet_s > 0
        self.position, self.end, self.silence_s = signal.position, signal.position, 0.0
        self.voiced_s, self.level, self.above = signal.voiced_s, signal.level, signal.above

    def quiet(self, signal: s.Silence) -> None:
        self.silence_s, self.end, self.position = signal.silence_s, signal.end, signal.position


@dataclass(slots=True)
class Reply:
    number: int
    kind: Literal["turn", "asked", "apology", "results", "hold", "again"]
    text: str = ""
    """What it answers, normalised."""
    knows: int = 0
    """How many results of tools its model has read."""
    ready: bool = False
    silent: bool = False
    """Ready, and there is nothing to be heard."""
    sentence_end: float | None = None
    """How probable it is that a sentence ends with `text`; None before it is ready."""
    released: bool = False
