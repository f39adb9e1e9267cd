"""What the server says: bodies of the OpenAI Realtime GA server events, as plain dicts.

Every function here is pure; the bridge adds `event_id`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from visavis.seam import RATE_OUT

Body = dict[str, Any]


def event(kind: str, **fields: Any) -> Body:
    return {"type": kind, **fields}


def error(
    code: str,
    message: str,
    *,
    param: str | None = None,
    event_id: str | None = None,
    kind: str = "invalid_request_error",
) -> Body:
    """`kind` is `invalid_request_error` (the client's doing) or `server_error` (ours)."""
    body = {"type": kind, "code": code, "message": message, "param": param, "event_id": event_id}
    return event("error", error=body)


@dataclass(slots=True)
class SessionView:
    """The session as the client sees it."""

    id: str
    model: str
    instructions: str
    voice: str
    speed: float = 1.0
    tools: list[Body] = field(default_factory=list)
    """The client's own, as it gave them."""
    transcription_model: str = "visavis"

    def body(self) -> Body:
        pcm = {"type": "audio/pcm", "rate": RATE_OUT}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": self.id,
            "model": self.model,
            "instructions": self.instructions,
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "tools": self.tools,
            "tool_choice": "auto",
            "audio": {
                "input": {
                    "format": pcm,
                    "transcription": {"model": self.transcription_model},
                    "turn_detection": {
                        "type": "semantic_vad",
                        "create_response": True,
                        "interrupt_response": True,
                    },
                },
                "output": {"format": pcm, "voice": self.voice, "speed": self.speed},
            },
        }


def user_item(item_id: str, *, text: str | None = None, transcript: str | None = None) -> Body:
    """A message of the person: typed (`text`) or spoken."""
    content: Body = (
        {"type": "input_text", "text": text}
        if text is not None
        else {"type": "input_audio", "transcript": transcript}
    )
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [content],
    }


def assistant_item(item_id: str, status: str, transcript: str | None) -> Body:
    """A message of the agent; `transcript` None while nothing was said."""
    content = [] if transcript is None else [{"type": "output_audio", "transcript": transcript}]
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def call_item(item_id: str, call_id: str, name: str, arguments: str, status: str) -> Body:
    """A function that the client is to run."""
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "function_call",
        "status": status,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def output_item(item_id: str, call_id: str, output: str) -> Body:
    """What the client says a function gave."""
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "function_call_output",
        "status": "completed",
        "call_id": call_id,
        "output": output,
    }


def response(
    response_id: str, conversation_id: str, status: str, *, details: Body | None, output: list[Body]
) -> Body:
    return {
        "object": "realtime.response",
        "id": response_id,
        "conversation_id": conversation_id,
        "status": status,
        "status_details": details,
        "output": output,
        "output_modalities": ["audio"],
        "metadata": None,
        "usage": None if status == "in_progress" else usage(),
    }


def usage() -> Body:
    """Zeros: embedded models charge nothing and count nothing."""
    counted = {"text_tokens": 0, "audio_tokens": 0}
    return {
        "total_tokens": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "input_token_details": {"cached_tokens": 0, **counted},
        "output_token_details": counted,
    }
