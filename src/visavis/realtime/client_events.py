"""What a client may say: the OpenAI Realtime GA client events of this slice, and ours."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from visavis.conversation.tools import MAX_TOOLS, ClientTool
from visavis.errors import ProtocolError
from visavis.models.protocols import ToolSpec
from visavis.seam import FarReport


class ClientEventError(ProtocolError):
    """A message that cannot be obeyed. `event_id` is the client's own, if it gave one."""

    def __init__(
        self, code: str, message: str, *, param: str | None = None, event_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.event_id = event_id


class Event(BaseModel):
    # Fields of the full protocol that this slice does not read are let through.
    model_config = ConfigDict(extra="ignore")

    event_id: str | None = Field(default=None, max_length=512)


class OutputConfig(BaseModel):
    voice: str | dict[str, Any] | None = None
    speed: float | None = Field(default=None, ge=0.25, le=1.5)


class AudioConfig(BaseModel):
    input: dict[str, Any] | None = None
    output: OutputConfig | None = None


class Tool(BaseModel):
    """A function that the client runs."""

    type: Literal["function"]
    name: str = Field(max_length=64)
    description: str = Field(default="", max_length=8192)
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object"})

    def client_tool(self) -> ClientTool:
        return ClientTool(ToolSpec(self.name, self.description, self.parameters))


class SessionConfig(BaseModel):
    type: Literal["realtime"] = "realtime"
    instructions: str | None = Field(default=None, max_length=32_768)
    audio: AudioConfig | None = None
    output_modalities: list[Literal["text", "audio"]] | None = None
    tools: list[Tool] | None = Field(default=None, max_length=MAX_TOOLS)
    tool_choice: str | dict[str, Any] | None = None


class SessionUpdate(Event):
    type: Literal["session.update"]
    session: SessionConfig


class AudioAppend(Event):
    type: Literal["input_audio_buffer.append"]
    audio: str
    """base64 of little-endian PCM16, 24 kHz, mono."""


class AudioCommit(Event):
    type: Literal["input_audio_buffer.commit"]


class AudioClear(Event):
    type: Literal["input_audio_buffer.clear"]


class Content(BaseModel):
    type: str
    text: str | None = Field(default=None, max_length=32_768)


class Item(BaseModel):
    type: str
    id: str | None = Field(default=None, max_length=512)
    role: Literal["user", "assistant", "system"] | None = None
    content: list[Content] = Field(default_factory=list, max_length=64)
    call_id: str | None = Field(default=None, max_length=512)
    output: str | None = None
    """The result of a function that the client ran; as long as a message may be."""


class ItemCreate(Event):
    type: Literal["conversation.item.create"]
    item: Item


class ItemTruncate(Event):
    type: Literal["conversation.item.truncate"]
    item_id: str
    content_index: int = 0
    audio_end_ms: int = Field(ge=0)


class ResponseConfig(BaseModel):
    instructions: str | None = Field(default=None, max_length=32_768)


class ResponseCreate(Event):
    type: Literal["response.create"]
    response: ResponseConfig | None = None


class ResponseCancel(Event):
    type: Literal["response.cancel"]
    response_id: str | None = None


class OutputClear(Event):
    type: Literal["output_audio_buffer.clear"]


class Playback(Event):
    """How far the client has played: by RTP timestamp (WebRTC) or by item (WebSocket)."""

    type: Literal["visavis.playback"]
    rtp_timestamp: int | None = Field(default=None, ge=0, lt=1 << 32)
    item_id: str | None = None
    audio_ms: float | None = Field(default=None, ge=0, le=86_400_000)


_Count = Annotated[int, Field(ge=0, le=100_000)]
_Ms = Annotated[float, Field(ge=0, le=60_000, allow_inf_nan=False)]


class Link(Event):
    """What the client measured of what it gets from us; `seam.FarReport` says what it means."""

    type: Literal["visavis.link"]
    window_ms: Annotated[float, Field(gt=0, le=60_000, allow_inf_nan=False)]
    received: _Count = 0
    lost: _Count = 0
    late: _Count | None = None
    loss_runs: tuple[_Count, _Count, _Count, _Count] | None = None
    longest_loss: _Count | None = None
    jitter_ms: _Ms | None = None
    queue_ms: _Ms | None = None
    recovered: _Count | None = None
    concealed: _Count | None = None
    buffer_ms: _Ms | None = None
    line: bool = False
    """The client is our own line: it decodes deep redundancy."""
    plan: bool = False
    """It sends as `visavis.plan` tells it."""

    def report(self) -> FarReport:
        return FarReport(**self.model_dump(exclude={"type", "event_id", "line", "plan"}))


ClientEvent: TypeAlias = (
    SessionUpdate
    | AudioAppend
    | AudioCommit
    | AudioClear
    | ItemCreate
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
    | OutputClear
    | Playback
    | Link
)
_MODELS = (
    SessionUpdate,
    AudioAppend,
    AudioCommit,
    AudioClear,
    ItemCreate,
    ItemTruncate,
    ResponseCreate,
    ResponseCancel,
    OutputClear,
    Playback,
    Link,
)
KNOWN_TYPES = tuple(str(model.model_fields["type"].annotation.__args__[0]) for model in _MODELS)  # type: ignore[union-attr]  # each annotation is a Literal
_adapter: TypeAdapter[ClientEvent] = TypeAdapter(
    Annotated[ClientEvent, Field(discriminator="type")]
)


def parse(data: str) -> ClientEvent:
    """One client event from one message. ClientEventError says what is wrong with it."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ClientEventError(
            "invalid_json", f"the message is not JSON: {str(error)[:200]}."
        ) from None
    if not isinstance(raw, dict):
        raise ClientEventError(
            "invalid_event", f"an event must be a JSON object, not {_kind(raw)}."
        )
    event_id = raw.get("event_id")
    event_id = event_id[:512] if isinstance(event_id, str) else None
    name = raw.get("type")
    if name not in KNOWN_TYPES:
        shown = f"{name[:80]!r}" if isinstance(name, str) else "missing" if name is None else "odd"
        raise ClientEventError(
            "unknown_event",
            f"the event type is {shown}; supported types are {', '.join(KNOWN_TYPES)}.",
            param="type",
            event_id=event_id,
        )
    try:
        return _adapter.validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # The first step of the place is the discriminator: the type already named.
        place = ".".join(str(step) for step in first["loc"][1:])
        raise ClientEventError(
            "invalid_event",
            f"{name}: the field {place} is wrong: {first['msg'][:200]}.",
            param=place,
            event_id=event_id,
        ) from None


def _kind(raw: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(raw), "a number")
