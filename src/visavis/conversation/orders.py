"""What the state machine asks for. Positions are sample indices of the call's audio at 16 kHz."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

DropReason: TypeAlias = Literal[
    "no words", "not understood", "backchannel", "another's voice", "failed"
]


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
class LearnVoice:
    """The utterance is a turn of the person who is listened to."""

    clear: bool
    """It was recognised with confidence and stood out from its surroundings."""


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
    | LearnVoice
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
