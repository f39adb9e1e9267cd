"""What happens in a conversation, told to the client in server events."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from visavis import __version__
from visavis.conversation.events import (
    AgentState,
    AgentStateChanged,
    AsideDone,
    AsideStarted,
    ConversationItemAdded,
    FeelingHeard,
    ReplyDone,
    ReplyStarted,
    ReplyText,
    SessionError,
    SessionEvent,
    SpeechStarted,
    SpeechStopped,
    ToolCalled,
    ToolReturned,
    TurnMeasured,
    UserInputTranscribed,
    UserState,
    UserStateChanged,
)
from visavis.link_window import LinkWindow, to_fields
from visavis.realtime.replies import Reply
from visavis.realtime.server_events import (
    Body,
    SessionView,
    error,
    event,
    output_item,
    user_item,
)
from visavis.realtime.transcripts import StableText
from visavis.seam import LinkReport, Pcm, Played, UpEvent

Send = Callable[[Body], None]
LINK_S = 1.0
"""Seconds that one `visavis.link` covers."""
MAX_PENDING_AUDIO = 64
"""Pieces of a reply kept until its `ReplyStarted` was seen."""


class Narrator:
    """Session and line events in, server events out through `send`, which never blocks."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._numbers = itertools.count(1)
        self._conversation_id = f"conv_{secrets.token_hex(8)}"
        self._spoken: dict[str, StableText] = {}
        self._committed = ""
        self._typed = ""
        self._early: dict[int, list[Pcm]] = {}
        self._asides: dict[int, Reply] = {}
        """Sounds that are no reply, by the port's number: only where audio goes in events are they
        told as responses."""
        self._link = LinkWindow(LINK_S)
        self._user = UserState.LISTENING
        self._agent = AgentState.INITIALIZING
        self.last_item: str | None = None
        self.replies: dict[int, Reply] = {}
        """Active responses by the number the port knows them by."""

    def open(self, view: SessionView, mode: str) -> None:
        """The client can hear us: say hello."""
        self.tell(event("session.created", session=view.body()))
        self.tell(event("visavis.hello", version=__version__, mode=mode))
        self._state()

    def close(self) -> None:
        self.replies.clear()
        self._asides.clear()
        self._early.clear()
        self._spoken.clear()

    def tell(self, body: Body) -> None:
        """Send one event; the `event_id` is added here."""
        self._send({"event_id": f"event_{next(self._numbers)}", **body})

    def _emit_all(self, events: list[Body]) -> None:
        for body in events:
            self.tell(body)

    # From the line.

    def on_port_event(self, news: UpEvent) -> None:
        """What the transport tells besides messages: what was played, how the network is."""
        if isinstance(news, LinkReport):
            # Ten a second are for those who steer; a person reads one.
            if (second := self._link.add(news)) is not None:
                self.tell(event("visavis.link", **to_fields(second)))
        elif isinstance(news, Played) and (news.samples or news.done):
            reply = self.replies.get(news.reply)
            if reply is not None:
                self._emit_all(reply.heard(news.done))

    def reply_audio(self, reply: int, pcm: Pcm) -> None:
        known = self._sounding(reply)
        if known is not None:
            self._emit_all([*known.opening(), *known.audio(pcm)])
        elif len(waiting := self._early.setdefault(reply, [])) < MAX_PENDING_AUDIO:
            waiting.append(pcm)

    def reply_audio_end(self, reply: int) -> None:
        known = self._sounding(reply)
        if known is not None:
            self._emit_all(known.audio_end())

    def reply_cleared(self, reply: int | None) -> None:
        self._early.clear()
        known = None if reply is None else self._sounding(reply)
        if known is not None:
            # Sent but not yet known to sound counts too: the client must drop it.
            known.audible = True
            self._emit_all(known.cleared())

    # From the session.

    def on_session_event(self, news: SessionEvent) -> None:
        match news:
            case UserStateChanged():
                self._user = news.new
                self._state()
            case AgentStateChanged():
                self._agent = news.new
                self._state()
            case SpeechStarted():
                self.tell(
                    event(
                        "input_audio_buffer.speech_started",
                        item_id=news.item_id,
                        audio_start_ms=news.audio_start_ms,
                    )
                )
            case SpeechStopped():
                self.tell(
                    event(
                        "input_audio_buffer.speech_stopped",
                        item_id=news.item_id,
                        audio_end_ms=news.audio_end_ms,
                    )
                )
            case UserInputTranscribed():
                self._transcribed(news)
            case ConversationItemAdded():
                self._item_added(news)
            case ReplyStarted():
                self._reply_started(news)
            case ReplyText():
                reply = self.replies.get(news.reply)
                if reply is not None:
                    self._emit_all(reply.text(news))
            case ReplyDone():
                reply = self.replies.pop(news.reply, None)
                if reply is not None:
                    self._emit_all(reply.closing(news))
            case AsideStarted():
                self._aside_started(news)
            case AsideDone():
                aside = self._asides.pop(news.reply, None)
                if aside is not None and aside.opened:
                    self._emit_all(aside.closing(_as_reply(news)))
            case FeelingHeard(item_id, feeling):
                self.tell(event("visavis.feeling", item_id=item_id, **asdict(feeling)))
            case ToolCalled():
                self._called(news)
            case ToolReturned():
                self._tool(news.call_id, news.name, news.status, news.seconds)
            case TurnMeasured():
                self.tell(event("visavis.ledger", ledger=news.ledger.to_dict()))
            case SessionError():
                self.tell(error(news.code, news.message, kind="server_error"))

    def _state(self) -> None:
        self.tell(event("visavis.state", user=self._user.value, agent=self._agent.value))

    def _transcribed(self, news: UserInputTranscribed) -> None:
        """Stable words as GA deltas; `visavis_text` is the whole text, revisions and all."""
        kind = "conversation.item.input_audio_transcription"
        place: dict[str, Any] = {"item_id": news.item_id, "content_index": 0}
        stable = self._spoken.setdefault(news.item_id, StableText())
        if not news.final:
            delta = stable.push(news.text)
            self.tell(event(f"{kind}.delta", **place, delta=delta, visavis_text=news.text))
            return
        self._commit(news.item_id, None)
        del self._spoken[news.item_id]
        if delta := stable.finish(news.text):
            self.tell(event(f"{kind}.delta", **place, delta=delta, visavis_text=news.text))
        usage = {"type": "duration", "seconds": 0.0}
        self.tell(event(f"{kind}.completed", **place, transcript=news.text, usage=usage))

    def _item_added(self, news: ConversationItemAdded) -> None:
        if news.role != "user" or news.item_id in (self._committed, self._typed):
            return
        if news.item_id in self._spoken:
            self._commit(news.item_id, news.text)
        else:
            self.show_typed(news.item_id, news.text)

    def _commit(self, item_id: str, transcript: str | None) -> None:
        if item_id == self._committed:
            return
        self._committed = item_id
        previous = self.last_item
        self.tell(event("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous))
        self._show(user_item(item_id, transcript=transcript))

    def show_typed(self, item_id: str, text: str) -> None:
        self._typed = item_id
        self._show(user_item(item_id, text=text))

    def show_output(self, item_id: str, call_id: str, output: str) -> None:
        """The client's result of a function was taken."""
        self._show(output_item(item_id, call_id, output))

    def _called(self, news: ToolCalled) -> None:
        reply = next((r for r in self.replies.values() if r.response_id == news.response_id), None)
        if not news.by_client:
            self._tool(news.call_id, news.name, "running", 0.0)
        elif reply is not None:
            self._emit_all(reply.called(news))
            self.last_item = news.item_id

    def _tool(self, call_id: str, name: str, status: str, seconds: float) -> None:
        fields = {"call_id": call_id, "name": name[:64], "status": status}
        self.tell(event("visavis.tool", **fields, seconds=round(seconds, 3)))

    def _show(self, item: Body) -> None:
        previous, self.last_item = self.last_item, item["id"]
        for kind in ("conversation.item.added", "conversation.item.done"):
            self.tell(event(kind, previous_item_id=previous, item=item))

    def number_of(self, item_id: str) -> int | None:
        """The port's number of what sounds under this id."""
        sounding = {**self.replies, **self._asides}
        return next((n for n, reply in sounding.items() if reply.item_id == item_id), None)

    def _sounding(self, reply: int) -> Reply | None:
        return self.replies.get(reply) or self._asides.get(reply)

    def _aside_started(self, news: AsideStarted) -> None:
        self.tell(event("visavis.aside", aside=news.kind, text=news.text))
        started = ReplyStarted(news.reply, news.response_id, news.item_id, news.at)
        self._asides[news.reply] = Reply.begin(started, self._conversation_id, self.last_item)

    def _reply_started(self, news: ReplyStarted) -> None:
        reply = Reply.begin(news, self._conversation_id, self.last_item)
        self.last_item = news.item_id
        self.replies[news.reply] = reply
        self._emit_all(reply.opening())
        for pcm in self._early.pop(news.reply, []):
            self._emit_all(reply.audio(pcm))
        self._early.clear()


def _as_reply(done: AsideDone) -> ReplyDone:
    """What a client that gets its audio in events is told of an aside."""
    return ReplyDone(
        done.reply,
        done.response_id,
        done.item_id,
        "cancelled" if done.cut else "completed",
        done.text,
        "" if done.cut else done.text,
        done.heard_ms,
        done.at,
    )
