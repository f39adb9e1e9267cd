"""The life of a response: from `response.created` to `response.done`, each event once."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from visavis.conversation.events import ReplyDone, ReplyStarted, ReplyText, ToolCalled
from visavis.realtime.server_events import Body, assistant_item, call_item, event, response
from visavis.seam import Pcm


@dataclass(slots=True)
class Reply:
    """One response on the wire. Methods return the events to send, in order."""

    response_id: str
    item_id: str
    conversation_id: str
    previous_item_id: str | None
    said: list[str] = field(default_factory=list)
    opened: bool = False
    """`response.created` was sent."""
    has_message: bool = False
    """The message was announced: a response that only calls functions has none."""
    calls: list[Body] = field(default_factory=list)
    """Items of functions that the client is to run."""
    audio_sent: bool = False
    audio_done: bool = False
    audible: bool = False
    """`output_audio_buffer.started` was sent, and neither `stopped` nor `cleared`."""
    cancelled_by_client: bool = False

    @classmethod
    def begin(cls, started: ReplyStarted, conversation_id: str, previous: str | None) -> Reply:
        return cls(started.response_id, started.item_id, conversation_id, previous)

    @property
    def _place(self) -> Body:
        return {
            "response_id": self.response_id,
            "item_id": self.item_id,
            "output_index": 0,
            "content_index": 0,
        }

    def _item(self, kind: str, item: Body, index: int = 0) -> Body:
        return event(kind, response_id=self.response_id, output_index=index, item=item)

    def opening(self) -> list[Body]:
        """The response begins, unless it has."""
        if self.opened:
            return []
        self.opened = True
        in_progress = response(
            self.response_id, self.conversation_id, "in_progress", details=None, output=[]
        )
        return [event("response.created", response=in_progress)]

    def _message(self) -> list[Body]:
        """The message begins, unless it has."""
        if self.has_message:
            return []
        self.has_message = True
        item = assistant_item(self.item_id, "in_progress", None)
        part = {"type": "audio", "transcript": ""}
        return [
            self._item("response.output_item.added", item),
            event("conversation.item.added", previous_item_id=self.previous_item_id, item=item),
            event("response.content_part.added", **self._place, part=part),
        ]

    def text(self, added: ReplyText) -> list[Body]:
        self.said.append(added.delta)
        kind = "response.output_audio_transcript.delta"
        return [*self._message(), event(kind, **self._place, delta=added.delta)]

    def audio(self, pcm: Pcm) -> list[Body]:
        self.audio_sent = True
        delta = b64encode(pcm.astype("<i2", copy=False).tobytes()).decode("ascii")
        return [*self._message(), event("response.output_audio.delta", **self._place, delta=delta)]

    def called(self, call: ToolCalled) -> list[Body]:
        """A function that the client is to run. What it is called with is known at once."""
        index = len(self.calls) + self.has_message
        place = {
            "response_id": self.response_id,
            "item_id": call.item_id,
            "output_index": index,
            "call_id": call.call_id,
        }
        begun = call_item(call.item_id, call.call_id, call.name, "", "in_progress")
        item = call_item(call.item_id, call.call_id, call.name, call.arguments, "completed")
        previous = self.calls[-1]["id"] if self.calls else self.previous_item_id
        if self.has_message and not self.calls:
            previous = self.item_id
        self.calls.append(item)
        kind = "response.function_call_arguments"
        return [
            self._item("response.output_item.added", begun, index),
            event("conversation.item.added", previous_item_id=previous, item=begun),
            event(f"{kind}.delta", **place, delta=call.arguments),
            event(f"{kind}.done", **place, name=call.name, arguments=call.arguments),
            self._item("response.output_item.done", item, index),
            event("conversation.item.done", previous_item_id=previous, item=item),
        ]

    def audio_end(self) -> list[Body]:
        if self.audio_done or not self.audio_sent:
            return []
        self.audio_done = True
        return [event("response.output_audio.done", **self._place)]

    def heard(self, done: bool) -> list[Body]:
        """The person hears it (for WebRTC, where no audio events tell)."""
        events = []
        if not self.audible and not done:
            self.audible = True
            events.append(event("output_audio_buffer.started", response_id=self.response_id))
        if self.audible and done:
            self.audible = False
            events.append(event("output_audio_buffer.stopped", response_id=self.response_id))
        return events

    def cleared(self) -> list[Body]:
        """What was queued for the ear is dropped."""
        if not self.audible:
            return []
        self.audible = False
        return [event("output_audio_buffer.cleared", response_id=self.response_id)]

    def closing(self, done: ReplyDone) -> list[Body]:
        cut = done.status == "cancelled"
        if self.calls and not self.has_message:
            ended = response(
                self.response_id, self.conversation_id, done.status, details=None, output=self.calls
            )
            return [event("response.done", response=ended)]
        transcript = done.heard if cut else done.text
        item = assistant_item(self.item_id, "incomplete" if cut else "completed", transcript)
        part = {"type": "audio", "transcript": done.text}
        details: Body | None = None
        if cut:
            reason = "client_cancelled" if self.cancelled_by_client else "turn_detected"
            details = {"type": "cancelled", "reason": reason}
        elif done.status == "failed":
            details = {"type": "failed", "error": {"type": "server_error", "code": "reply_failed"}}
        ended = response(
            self.response_id,
            self.conversation_id,
            done.status,
            details=details,
            output=[item, *self.calls],
        )
        truncated = event(
            "conversation.item.truncated",
            item_id=self.item_id,
            content_index=0,
            audio_end_ms=done.heard_ms,
            visavis_text=done.heard,
        )
        return [
            *self._message(),
            *(self.cleared() if cut else self.heard(done=True)),
            *self.audio_end(),
            event("response.output_audio_transcript.done", **self._place, transcript=done.text),
            event("response.content_part.done", **self._place, part=part),
            self._item("response.output_item.done", item),
            event("conversation.item.done", previous_item_id=self.previous_item_id, item=item),
            event("response.done", response=ended),
            *([truncated] if cut else []),
        ]
