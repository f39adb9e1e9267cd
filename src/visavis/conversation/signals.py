"""What the state machine is told.

Positions are sample indices of the call's audio at 16 kHz, durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(slots=True, frozen=True)
class Flicker:
    """A first voiced frame (`on`), not yet long enough to be speech; or it came to nothing."""

    on: bool


@dataclass(slots=True, frozen=True)
class RoundTrip:
    """What the line measured: from the person's end and back."""

    seconds: float


@dataclass(slots=True, frozen=True)
class VoiceStarted:
    """The person speaks, or goes on after a pause."""

    start: int
    """The first voiced sample."""
    position: int
    """End of the audio heard so far."""


@dataclass(slots=True, frozen=True)
class VoiceWent:
    """One more frame of voice."""

    voiced_s: float
    """Voice in this run and the runs before it since the utterance began, pauses left out."""
    position: int
    quiet_s: float = 0.0
    """How long there has been no sound to speak of: a stop inside a word, or the end, which voice
    activity takes longer to be sure of."""
    level: float = 0.0
    """Its loudness since the utterance began, dB below full scale (0 or less)."""
    above: float = 120.0
    """By how many dB it is louder than its surroundings."""


@dataclass(slots=True, frozen=True)
class Silence:
    """One more frame of silence after speech."""

    silence_s: float
    """Since the last voiced sample; gaps of the network left out."""
    end: int
    """The last voiced sample."""
    position: int


@dataclass(slots=True, frozen=True)
class Transcribed:
    """What a `Decode` gave."""

    decode: int
    text: str
    took_s: float
    eager: bool
    """The machine may speculate on every partial."""
    confidence: float = 1.0


@dataclass(slots=True, frozen=True)
class TranscribeFailed:
    decode: int
    message: str


@dataclass(slots=True, frozen=True)
class VoiceLikened:
    """Whose voice the utterance's is, as far as it was heard."""

    strange: bool
    """Surely not the main speaker's, and not one that insists."""


@dataclass(slots=True, frozen=True)
class TurnScored:
    """What an `AskScore` gave; None if the detector failed or was too slow."""

    ask: int
    score: float | None


@dataclass(slots=True, frozen=True)
class ReplyReady:
    """The reply's first audio is prepared."""

    reply: int
    silent: bool = False
    """It is complete and has no audio: it only calls tools."""
    sentence_end: float | None = None
    """How probable it is that a sentence ends with the words it answers, if its model can tell."""


@dataclass(slots=True, frozen=True)
class ReplyFailed:
    """A model broke while the reply was made; what was made before may still be played."""

    reply: int
    message: str


@dataclass(slots=True, frozen=True)
class ReplyPlayed:
    """The reply's last sample was played."""

    reply: int


@dataclass(slots=True, frozen=True)
class Asked:
    """The program, not the person, wants a reply: `say` or `generate_reply`."""

    request: int


@dataclass(slots=True, frozen=True)
class ToolsDone:
    """Results of tools are in history, and no reply was made of them yet."""


@dataclass(slots=True, frozen=True)
class ToolsSlow:
    """Tools work on, and nobody has said so."""


@dataclass(slots=True, frozen=True)
class Interrupt:
    """The program wants silence."""


@dataclass(slots=True, frozen=True)
class Ended:
    """The call is over."""


Signal: TypeAlias = (
    Flicker
    | RoundTrip
    | VoiceStarted
    | VoiceWent
    | Silence
    | Transcribed
    | TranscribeFailed
    | VoiceLikened
    | TurnScored
    | ReplyReady
    | ReplyFailed
    | ReplyPlayed
    | Asked
    | ToolsDone
    | ToolsSlow
    | Interrupt
    | Ended
)
