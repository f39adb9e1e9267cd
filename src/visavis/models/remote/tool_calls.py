"""Calls of tools out of a stream of chat completion chunks, where they come in fragments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visavis.errors import ModelError
from visavis.models.protocols import ChatMessage, ToolCall

MAX_CALLS = 16
MAX_ARGUMENTS = 16 * 1024
"""Characters of one call's arguments."""


class ToolCallsIn:
    """Feed it every chunk's `delta.tool_calls`; at the end of the reply it has the calls.

    ModelError if a fragment is malformed or more comes than any honest model sends.
    """

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def push(self, fragments: Any) -> None:
        if not isinstance(fragments, list):
            raise ModelError("tool_calls is not a list")
        for fragment in fragments:
            if not isinstance(fragment, dict):
                raise ModelError("a piece of a tool call is not an object")
            index = fragment.get("index", 0)
            if not isinstance(index, int) or not 0 <= index < MAX_CALLS:
                raise ModelError(f"more than {MAX_CALLS} tool calls in one reply")
            call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
            call["id"] = call["id"] or _text(fragment.get("id"))
            function = fragment.get("function") or {}
            if not isinstance(function, dict):
                raise ModelError("the function of a tool call is not an object")
            call["name"] = call["name"] or _text(function.get("name"))
            call["arguments"] += _text(function.get("arguments"))
            if len(call["arguments"]) > MAX_ARGUMENTS:
                raise ModelError(f"arguments of more than {MAX_ARGUMENTS} characters")

    def take(self) -> list[ToolCall]:
        """The calls, once the reply is complete."""
        calls, self._calls = self._calls, {}
        return [
            ToolCall(call["id"] or f"call_{index}", call["name"], call["arguments"])
            for index, call in sorted(calls.items())
        ]


def tools_field(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The request's `tools`: what the messages offer."""
    return [
        {
            "type": "function",
            "function": {
                "name": spec.name,
                "description": spec.description,
                "parameters": spec.parameters,
            },
        }
        for message in messages
        for spec in message.tools
    ]


def message_field(message: ChatMessage) -> dict[str, Any]:
    """One of the request's `messages`."""
    if message.role == "tool" and message.tool_call_id:
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    if message.role == "tool":
        # The interface takes a tool's result only with the id of its call.
        return {"role": "system", "content": message.content}
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        body["content"] = message.content or None
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    return body


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ModelError(f"a tool call has a {type(value).__name__} where text belongs")
    return value
