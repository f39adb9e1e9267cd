"""The life of a response: from `response.created` to `response.done`, each event once."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from visavis.conversation.events import ReplyDone, ReplyStarted, ReplyText
from visavis.realtime.server_events import Body, assistant_item, event, response
from visavis.seam import Pcm


@dataclass(slots=True)
class Reply:
    """One response on the wire. Methods return the events to send, in order."""

    response_id: str
    item_id: str
    conversation_id: str
    previous_item_id: str | None
    said: list[str] = field(default_factory=list)
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

    def _item(self, kind: str, item: Body) -> Body:
        return event(kind, response_id=self.response_id, output_index=0, item=item)

    def opening(self) -> list[Body]:
        item = assistant_item(self.item_id, "in_progress", None)
        in_progress = response(
            self.response_id, self.conversation_id, "in_progress", details=None, output=[]
        )
        part = {"type": "audio", "transcript": ""}
        return [
            event("response.created", response=in_progress),
            self._item("response.output_item.added", item),
            event("conversation.item.added", previous_item_id=self.previous_item_id, item=item),
            event("response.content_part.added", **self._place, part=part),
        ]

    def text(self, added: ReplyText) -> list[Body]:
        self.said.append(added.delta)
        kind = "response.output_audio_transcript.delta"
        return [event(kind, **self._place, delta=added.delta)]

    def audio(self, pcm: Pcm) -> list[Body]:
        self.audio_sent = True
        delta = b64encode(pcm.astype("<i2", copy=False).tobytes()).decode("ascii")
        return [event("response.output_audio.delta", **self._place, delta=delta)]

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
            self.response_id, self.conversation_id, done.status, details=details, output=[item]
        )
        truncated = event(
            "conversation.item.truncated",
            item_id=self.item_id,
            content_index=0,
            audio_end_ms=done.heard_ms,
            visavis_text=done.heard,
        )
        return [
            *(self.cleared() if cut else self.heard(done=True)),
            *self.audio_end(),
            event("response.output_audio_transcript.done", **self._place, transcript=done.text),
            event("response.content_part.done", **self._place, part=part),
            self._item("response.output_item.done", item),
            event("conversation.item.done", previous_item_id=self.previous_item_id, item=item),
            event("response.done", response=ended),
            *([truncated] if cut else []),
        ]
