"""A session that is told what to do, and a client that validates what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from visavis.conversation.events import SessionEvent
from visavis.errors import ProtocolError
from visavis.realtime import RealtimeBridge, SessionView
from visavis.seam import CallLimits

OPENAI_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


@dataclass
class FakeSession:
    listeners: list[Callable[[SessionEvent], None]] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.clear()

    def emit(self, *events: SessionEvent) -> None:
        for event in events:
            for listener in self.listeners:
                listener(event)

    def generate_reply(self, *, instructions: str | None = None) -> None:
        self.asked.append(("generate_reply", instructions))

    def interrupt(self) -> None:
        self.asked.append(("interrupt",))

    def add_user_text(self, text: str) -> str:
        self.asked.append(("add_user_text", text))
        return "item_typed"

    def truncate(self, item_id: str, audio_end_ms: int) -> None:
        self.asked.append(("truncate", item_id, audio_end_ms))

    def tool_result(self, call_id: str, output: str) -> None:
        if call_id != "call_1":
            raise ProtocolError(f"no call of a tool waits for a result with call_id {call_id!r}.")
        self.asked.append(("tool_result", call_id, output))

    def update(
        self, *, instructions: str | None = None, voice: str | None = None, **more: Any
    ) -> None:
        self.asked.append(("update", instructions, voice, *more.values()))


@dataclass
class Client:
    """Collects events; each that is not ours must be one that the openai package knows."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, event: dict[str, Any]) -> None:
        wire = json.loads(json.dumps(event))
        if not wire["type"].startswith("visavis."):
            OPENAI_EVENT.validate_python(wire, strict=False)
        self.events.append(wire)

    @property
    def types(self) -> list[str]:
        return [e["type"] for e in self.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["type"] == kind]

    def error(self) -> dict[str, Any]:
        (error,) = self.of("error")
        body: dict[str, Any] = error["error"]
        return body


def bridge(
    limits: CallLimits | None = None, **more: Any
) -> tuple[RealtimeBridge, FakeSession, Client]:
    session, client = FakeSession(), Client()
    view = SessionView(id="call_1", model="visavis", instructions="Be kind.", voice="default")
    made = RealtimeBridge(session, client, view=view, limits=limits, **more)
    return made, session, client
