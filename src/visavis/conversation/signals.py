"""What the state machine takes in and what it asks for.

Positions are sample indices of the call's audio at 16 kHz, durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

# ---- in


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

# ---- out

DropReason: TypeAlias = Literal["no words", "not understood", "backchannel", "failed"]


@dataclass(slots=True, frozen=True)
class BeginUtterance:
    """A new turn of the person begins; recognise from here (and a little before)."""

    start: int


@dataclass(slots=True, frozen=True)
class NewSegment:
    """Recognise afresh from `position` on; the words before it are kept by the machine."""

    position: int


@dataclass(slots=True, frozen=True)
class Decode:
    """Recognise everything of this segment. A newer `Decode` makes an older one worthless."""

    decode: int
    final: bool


@dataclass(slots=True, frozen=True)
class AskScore:
    ask: int


@dataclass(slots=True, frozen=True)
class Caption:
    """What the person has said so far."""

    text: str
    confidence: float


@dataclass(slots=True, frozen=True)
class Prefill:
    """Let the language model read this beginning of the person's turn (or just the history)."""

    text: str


@dataclass(slots=True, frozen=True)
class StartReply:
    """Prepare an answer to `text`, silently."""

    reply: int
    text: str


@dataclass(slots=True, frozen=True)
class StartAsked:
    """Prepare what the program asked for. It counts as committed at once."""

    reply: int
    request: int


@dataclass(slots=True, frozen=True)
class StartResults:
    """Prepare what the agent says to the results of its tools. Committed at once."""

    reply: int


@dataclass(slots=True, frozen=True)
class StartHold:
    """Prepare a word that the agent is still at work. Committed at once."""

    reply: int


@dataclass(slots=True, frozen=True)
class StartAgain:
    """Prepare to ask the person to say it again. Committed at once."""

    reply: int


@dataclass(slots=True, frozen=True)
class StartApology:
    """Prepare the agent's apology. Committed at once."""

    reply: int


@dataclass(slots=True, frozen=True)
class DropReply:
    """Nobody heard it: cancel the work."""

    reply: int


@dataclass(slots=True, frozen=True)
class EndSpeech:
    """The turn is taken to be over."""

    end: int


@dataclass(slots=True, frozen=True)
class CommitUser:
    """These were the person's words."""

    text: str
    confidence: float


@dataclass(slots=True, frozen=True)
class DropUser:
    """The utterance was no turn."""

    reason: DropReason


@dataclass(slots=True, frozen=True)
class Release:
    """Play the reply: from its first prepared sample on."""

    reply: int


@dataclass(slots=True, frozen=True)
class Fill:
    """The reply keeps a person waiting who said this: fill the silence, if it is allowed."""

    reply: int
    said: str


@dataclass(slots=True, frozen=True)
class Acknowledge:
    """Show a person who goes on after a pause that they are listened to; this is what they said."""

    said: str


@dataclass(slots=True, frozen=True)
class Hush:
    """Break off a filler or an acknowledgement, if one sounds."""


@dataclass(slots=True, frozen=True)
class Duck:
    pass


@dataclass(slots=True, frozen=True)
class Unduck:
    pass


@dataclass(slots=True, frozen=True)
class Stop:
    """Silence now, for good; keep of the reply what was heard."""

    reply: int


@dataclass(slots=True, frozen=True)
class ForgetRequest:
    """A request that was waiting will not be answered."""

    request: int


@dataclass(slots=True, frozen=True)
class Report:
    code: str
    message: str


Action: TypeAlias = (
    BeginUtterance
    | NewSegment
    | Decode
    | AskScore
    | Caption
    | Prefill
    | StartReply
    | StartAsked
    | StartResults
    | StartHold
    | StartAgain
    | StartApology
    | DropReply
    | EndSpeech
    | CommitUser
    | DropUser
    | Release
    | Fill
    | Acknowledge
    | Hush
    | Duck
    | Unduck
    | Stop
    | ForgetRequest
    | Report
)
