"""What the server says about the call, collected from its realtime events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

MAX_LINES = 20_000
"""Lines kept of one call; a server that sends more is broken."""


@dataclass(slots=True)
class Line:
    """What one side said in one go."""

    role: Literal["user", "assistant"]
    item_id: str
    at: float
    """When the first words of it arrived."""
    text: str = ""
    final: bool = False
    interrupted: bool = False
    response_id: str | None = None
    heard: str | None = None
    """Of an interrupted reply: the beginning that was heard."""


@dataclass(slots=True)
class Response:
    """One reply as the server announced it."""

    response_id: str
    created: float
    done: float | None = None
    status: str | None = None


@dataclass(slots=True)
class Notes:
    """Everything the server told, by arrival. `take` accepts any JSON object; what it does not
    know it skips, as a newer server may say more."""

    lines: list[Line] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    ledgers: list[dict[str, Any]] = field(default_factory=list)
    """The newest state of each turn's ledger, in order of first appearance."""
    links: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    events: int = 0
    agent: str = "initializing"

    def take(self, event: dict[str, Any], at: float) -> None:
        """One server event, arrived at `at`."""
        self.events += 1
        handler = _HANDLERS.get(str(event.get("type")))
        if handler is not None:
            handler(self, event, at)

    @property
    def open_responses(self) -> list[Response]:
        return [response for response in self.responses if response.done is None]

    def _line(self, role: Literal["user", "assistant"], event: dict[str, Any], at: float) -> Line:
        item = str(event.get("item_id", ""))
        for line in reversed(self.lines):
            if line.item_id == item and line.role == role:
                return line
        response = event.get("response_id")
        line = Line(role, item, at, response_id=None if response is None else str(response))
        if len(self.lines) < MAX_LINES:
            self.lines.append(line)
        return line

    def _user_delta(self, event: dict[str, Any], at: float) -> None:
        line = self._line("user", event, at)
        if not line.final:
            whole = event.get("visavis_text")
            line.text = str(whole) if whole is not None else line.text + str(event.get("delta", ""))

    def _user_done(self, event: dict[str, Any], at: float) -> None:
        line = self._line("user", event, at)
        line.text, line.final = str(event.get("transcript", line.text)).strip(), True

    def _agent_delta(self, event: dict[str, Any], at: float) -> None:
        line = self._line("assistant", event, at)
        if not line.final:
            line.text += str(event.get("delta", ""))

    def _agent_done(self, event: dict[str, Any], at: float) -> None:
        line = self._line("assistant", event, at)
        line.text, line.final = str(event.get("transcript") or line.text), True

    def _truncated(self, event: dict[str, Any], at: float) -> None:
        line = self._line("assistant", event, at)
        line.interrupted = line.final = True
        heard = event.get("visavis_text")
        line.heard = line.heard if heard is None else str(heard)

    def _response_created(self, event: dict[str, Any], at: float) -> None:
        response_id = _id(event)
        if len(self.responses) < MAX_LINES and self._response(response_id) is None:
            self.responses.append(Response(response_id, at))

    def _response_done(self, event: dict[str, Any], at: float) -> None:
        response = self._response(_id(event))
        body = event.get("response")
        if response is not None and isinstance(body, dict):
            response.done, response.status = at, str(body.get("status", "completed"))

    def _response(self, response_id: str) -> Response | None:
        return next((r for r in self.responses if r.response_id == response_id), None)

    def _ledger(self, event: dict[str, Any], at: float) -> None:
        ledger = event.get("ledger")
        if not isinstance(ledger, dict):
            return
        for index, known in enumerate(self.ledgers):
            if known.get("turn") == ledger.get("turn"):
                self.ledgers[index] = ledger
                return
        if len(self.ledgers) < MAX_LINES:
            self.ledgers.append(ledger)

    def _link(self, event: dict[str, Any], at: float) -> None:
        if len(self.links) < MAX_LINES:
            self.links.append({"at": at, **{k: v for k, v in event.items() if k != "type"}})

    def _state(self, event: dict[str, Any], at: float) -> None:
        self.agent = str(event.get("agent", self.agent))

    def _error(self, event: dict[str, Any], at: float) -> None:
        body = event.get("error")
        body = body if isinstance(body, dict) else {}
        self.errors.append(f"{body.get('code') or 'error'}: {body.get('message', '')}")


def _id(event: dict[str, Any]) -> str:
    body = event.get("response")
    return str(body.get("id", "")) if isinstance(body, dict) else ""


_HANDLERS = {
    "conversation.item.input_audio_transcription.delta": Notes._user_delta,
    "conversation.item.input_audio_transcription.completed": Notes._user_done,
    "response.output_audio_transcript.delta": Notes._agent_delta,
    "response.output_audio_transcript.done": Notes._agent_done,
    "conversation.item.truncated": Notes._truncated,
    "response.created": Notes._response_created,
    "response.done": Notes._response_done,
    "visavis.ledger": Notes._ledger,
    "visavis.link": Notes._link,
    "visavis.state": Notes._state,
    "error": Notes._error,
}
