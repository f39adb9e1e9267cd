"""One conversation spoken in the OpenAI Realtime protocol: session events out, client events in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from visavis.conversation.events import SessionEvent
from visavis.conversation.tools import ClientTool
from visavis.errors import VisavisError
from visavis.link_window import FarSide
from visavis.realtime import client_events as ask
from visavis.realtime.client_events import ClientEventError
from visavis.realtime.limits import RateLimit
from visavis.realtime.narrator import Narrator, Send
from visavis.realtime.server_events import SessionView, error, event
from visavis.seam import CallLimits, UpEvent


class Talk(Protocol):
    """The part of `conversation.Session` that the protocol drives."""

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]: ...
    def generate_reply(self, *, instructions: str | None = None) -> Any: ...
    def interrupt(self) -> Any: ...
    def add_user_text(self, text: str) -> Any: ...
    def truncate(self, item_id: str, audio_end_ms: int) -> Any: ...
    def tool_result(self, call_id: str, output: str) -> Any: ...
    def update(
        self,
        *,
        instructions: str | None = None,
        voice: str | None = None,
        tools: Sequence[ClientTool] | None = None,
    ) -> Any: ...


class Microphone(Protocol):
    """What a transport without media tracks takes from the messages (`WebSocketPort`)."""

    def append(self, audio: str) -> None: ...
    def commit(self) -> None: ...
    def clear(self) -> None: ...
    def playback(self, reply: int, audio_ms: float) -> None: ...


class RealtimeBridge:
    """Between one session and one client. `send` puts one event on the wire and never blocks.

    `microphone` is given for WebSocket calls, `heard` (RTP timestamp) for WebRTC ones.
    """

    def __init__(
        self,
        session: Talk,
        send: Send,
        *,
        view: SessionView,
        limits: CallLimits | None = None,
        microphone: Microphone | None = None,
        heard: Callable[[int], None] | None = None,
    ) -> None:
        self._session = session
        self._view = view
        self._limits = limits or CallLimits()
        self._rate = RateLimit(self._limits.max_messages_per_s, self._limits.max_messages_per_s)
        self._rate_told = float("-inf")
        self._microphone = microphone
        self._heard = heard
        self.narrator = Narrator(send)
        """Also the `ReplyAudio` of a WebSocketPort."""
        self.far = FarSide()
        """What the client tells of the way down."""
        self._unsubscribe = session.subscribe(self.narrator.on_session_event)

    def open(self) -> None:
        """The client can hear us: say hello."""
        self.narrator.open(self._view, "webrtc" if self._microphone is None else "websocket")

    def configure(self, config: dict[str, Any]) -> None:
        """Apply a session given with the SDP offer. ClientEventError if it is malformed; what
        is not supported is let pass, for there is nobody to tell yet."""
        said = ask.parse(json.dumps({"type": "session.update", "session": config}))
        assert isinstance(said, ask.SessionUpdate)
        self._apply(said.session)

    def close(self) -> None:
        """Stop listening to the session. Idempotent."""
        self._unsubscribe()
        self.narrator.close()

    # From the client.

    def on_text(self, data: str, now: float) -> None:
        """One message of the client. Whatever is wrong with it is told, and the call goes on."""
        try:
            if self._admit(data, now):
                self._obey(ask.parse(data), now)
        except ClientEventError as wrong:
            self.narrator.tell(
                error(wrong.code, str(wrong), param=wrong.param, event_id=wrong.event_id)
            )

    def _admit(self, data: str, now: float) -> bool:
        """False for a message to drop without another word; ClientEventError with one."""
        # Four bytes a character at most; the exact size matters only near the limit.
        limit = self._limits.max_message_bytes
        if len(data) * 4 > limit and (size := len(data.encode())) > limit:
            raise ClientEventError(
                "message_too_large",
                f"the message has {size} bytes, at most {limit} are taken. Send audio in smaller "
                f"pieces.",
            )
        if self._rate.allow(now):
            return True
        if now - self._rate_told < 1.0:
            return False
        self._rate_told = now
        raise ClientEventError(
            "rate_limit_exceeded",
            f"more than {self._limits.max_messages_per_s:.0f} messages a second; this one and "
            f"others were dropped.",
        )

    def _obey(self, said: ask.ClientEvent, now: float) -> None:
        try:
            match said:
                case ask.SessionUpdate():
                    self._update(said.session)
                case ask.AudioAppend():
                    self._need_microphone(said.type).append(said.audio)
                case ask.AudioCommit():
                    self._need_microphone(said.type).commit()
                case ask.AudioClear():
                    self._need_microphone(said.type).clear()
                    self.narrator.tell(event("input_audio_buffer.cleared"))
                case ask.ItemCreate():
                    self._create(said.item)
                case ask.ItemTruncate():
                    self._truncate(said)
                case ask.ResponseCreate():
                    self._respond(said.response)
                case ask.ResponseCancel():
                    self._cancel(said.response_id)
                case ask.OutputClear():
                    self._session.interrupt()
                case ask.Playback():
                    self._playback(said)
                case ask.Link():
                    self.far.tell(said.report(), now)
                    self.far.is_line, self.far.takes_plan = said.line, said.plan
        except ClientEventError as wrong:
            wrong.event_id = said.event_id
            raise
        except VisavisError as refused:
            raise ClientEventError(
                refused.code, f"{said.type}: {refused}", event_id=said.event_id
            ) from refused

    def _need_microphone(self, kind: str) -> Microphone:
        if self._microphone is None:
            raise ClientEventError(
                "not_available", f"{kind}: in a WebRTC call the audio comes over the media track."
            )
        return self._microphone

    def _apply(self, config: ask.SessionConfig) -> None:
        output = config.audio.output if config.audio else None
        voice = output.voice if output else None
        if isinstance(voice, dict):
            voice = str(voice.get("id", self._view.voice))
        if config.instructions is not None:
            self._view.instructions = config.instructions
        self._view.voice = voice or self._view.voice
        changes: dict[str, Any] = {"instructions": config.instructions, "voice": voice}
        if config.tools is not None:
            changes["tools"] = [tool.client_tool() for tool in config.tools]
        self._session.update(**changes)
        if config.tools is not None:
            self._view.tools = [tool.model_dump() for tool in config.tools]

    def _update(self, config: ask.SessionConfig) -> None:
        self._apply(config)
        output = config.audio.output if config.audio else None
        self.narrator.tell(event("session.updated", session=self._view.body()))
        unsupported = [
            name
            for name, asked in (
                ("session.tool_choice", config.tool_choice not in (None, "auto")),
                ("session.output_modalities", config.output_modalities == ["text"]),
                ("session.audio.output.speed", bool(output and output.speed not in (None, 1.0))),
            )
            if asked
        ]
        if unsupported:
            raise ClientEventError(
                "unsupported",
                f"session.update: {', '.join(unsupported)} cannot be changed yet; everything else "
                f"was.",
                param=unsupported[0],
            )

    def _create(self, item: ask.Item) -> None:
        if item.type == "function_call_output":
            self._take_output(item)
            return
        texts = [c.text for c in item.content if c.type == "input_text" and c.text]
        if item.type != "message" or item.role != "user" or len(texts) != len(item.content):
            raise ClientEventError(
                "unsupported",
                "conversation.item.create: only messages of the user with input_text content, and "
                "function_call_output, are taken.",
                param="item",
            )
        if not texts:
            raise ClientEventError(
                "invalid_event", "conversation.item.create: the item has no text.", param="item"
            )
        text = "\n".join(texts)
        before = self.narrator.last_item
        item_id = self._session.add_user_text(text)
        if self.narrator.last_item == before:
            self.narrator.show_typed(item_id if isinstance(item_id, str) else _new_id("item"), text)

    def _take_output(self, item: ask.Item) -> None:
        if item.call_id is None or item.output is None:
            raise ClientEventError(
                "invalid_event",
                "conversation.item.create: function_call_output needs call_id and output.",
                param="item",
            )
        self._session.tool_result(item.call_id, item.output)
        self.narrator.show_output(item.id or _new_id("item"), item.call_id, item.output)

    def _truncate(self, said: ask.ItemTruncate) -> None:
        self._session.truncate(said.item_id, said.audio_end_ms)
        self.narrator.tell(
            event(
                "conversation.item.truncated",
                item_id=said.item_id,
                content_index=said.content_index,
                audio_end_ms=said.audio_end_ms,
            )
        )

    def _respond(self, config: ask.ResponseConfig | None) -> None:
        if self.narrator.replies:
            raise ClientEventError(
                "conversation_already_has_active_response",
                "response.create: a response is active; wait for response.done or cancel it.",
            )
        self._session.generate_reply(instructions=config.instructions if config else None)

    def _cancel(self, response_id: str | None) -> None:
        active = [r for r in self.narrator.replies.values() if response_id in (None, r.response_id)]
        if not active:
            raise ClientEventError(
                "response_cancel_not_active", "response.cancel: there is no such active response."
            )
        for reply in active:
            reply.cancelled_by_client = True
        self._session.interrupt()

    def _playback(self, said: ask.Playback) -> None:
        if said.rtp_timestamp is not None and self._heard is not None:
            self._heard(said.rtp_timestamp)
        elif said.item_id is not None and said.audio_ms is not None and self._microphone:
            number = self.narrator.number_of(said.item_id)
            if number is not None:
                self._microphone.playback(number, said.audio_ms)
        else:
            raise ClientEventError(
                "invalid_event",
                "visavis.playback: WebRTC calls report rtp_timestamp, WebSocket calls item_id and "
                "audio_ms.",
            )

    # From the line: see `Narrator`.

    def on_port_event(self, news: UpEvent) -> None:
        """What the transport tells besides messages: what was played, how the network is."""
        self.narrator.on_port_event(news)


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(8)}"
