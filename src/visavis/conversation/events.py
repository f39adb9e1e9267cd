"""What a conversation tells whoever watches it (realtime protocol, store, metrics, caller)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from visavis.conversation.feeling import Feeling
from visavis.conversation.ledger import Ledger


class UserState(StrEnum):
    LISTENING = "listening"
    SPEAKING = "speaking"
    AWAY = "away"


class AgentState(StrEnum):
    INITIALIZING = "initializing"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


@dataclass(slots=True, frozen=True)
class UserStateChanged:
    old: UserState
    new: UserState
    at: float


@dataclass(slots=True, frozen=True)
class AgentStateChanged:
    old: AgentState
    new: AgentState
    at: float


@dataclass(slots=True, frozen=True)
class SpeechStarted:
    item_id: str
    audio_start_ms: int
    """Position in the call's audio of the first voiced sample."""
    at: float


@dataclass(slots=True, frozen=True)
class SpeechStopped:
    item_id: str
    audio_end_ms: int
    at: float


@dataclass(slots=True, frozen=True)
class UserInputTranscribed:
    item_id: str
    text: str
    """Whole text so far, not a delta."""
    final: bool
    confidence: float
    at: float


@dataclass(slots=True, frozen=True)
class FeelingHeard:
    """How the person sounded in a turn that became history (`feeling.Feeling`)."""

    item_id: str
    feeling: Feeling
    at: float


@dataclass(slots=True, frozen=True)
class ReplyStarted:
    """A reply was committed: from here on it may be heard. Speculation shows no events."""

    reply: int
    """The number the port knows it by."""
    response_id: str
    item_id: str
    at: float


@dataclass(slots=True, frozen=True)
class ReplyText:
    reply: int
    response_id: str
    item_id: str
    delta: str
    at: float


@dataclass(slots=True, frozen=True)
class ReplyDone:
    reply: int
    response_id: str
    item_id: str
    status: Literal["completed", "cancelled", "failed"]
    text: str
    """What was generated."""
    heard: str
    """The beginning of it that the person heard; this is what history keeps."""
    heard_ms: int
    at: float


AsideKind: TypeAlias = Literal["filler", "acknowledgement"]


@dataclass(slots=True, frozen=True)
class AsideStarted:
    """The agent makes a sound that is no reply and takes no turn; history does not keep it."""

    reply: int
    """The number the port knows it by."""
    response_id: str
    item_id: str
    kind: AsideKind
    text: str
    at: float


@dataclass(slots=True, frozen=True)
class AsideDone:
    """It ended, or was broken off."""

    reply: int
    response_id: str
    item_id: str
    text: str
    heard_ms: int
    cut: bool
    at: float


@dataclass(slots=True, frozen=True)
class ConversationItemAdded:
    item_id: str
    role: Literal["user", "assistant"]
    text: str
    interrupted: bool
    at: float


@dataclass(slots=True, frozen=True)
class ToolCalled:
    """A committed reply called a tool."""

    item_id: str
    response_id: str
    call_id: str
    name: str
    arguments: str
    """JSON as the model wrote it."""
    by_client: bool
    """The client is to run it and to send its result."""
    at: float


@dataclass(slots=True, frozen=True)
class ToolReturned:
    item_id: str
    call_id: str
    name: str
    status: Literal["completed", "failed"]
    output: str
    seconds: float
    at: float


@dataclass(slots=True, frozen=True)
class TurnMeasured:
    """The turn's ledger changed: new stages are known. The last one for a turn is complete."""

    ledger: Ledger
    at: float


@dataclass(slots=True, frozen=True)
class SessionError:
    code: str
    message: str
    fatal: bool
    at: float


SessionEvent: TypeAlias = (
    UserStateChanged
    | AgentStateChanged
    | SpeechStarted
    | SpeechStopped
    | UserInputTranscribed
    | FeelingHeard
    | ReplyStarted
    | ReplyText
    | ReplyDone
    | AsideStarted
    | AsideDone
    | ConversationItemAdded
    | ToolCalled
    | ToolReturned
    | TurnMeasured
    | SessionError
)
