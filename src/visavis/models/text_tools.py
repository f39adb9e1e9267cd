"""Tools for a language model that only reads and writes text, in the manner of Qwen 2.5: what it
may call stands in the system's message, a call between `<tool_call>` and `</tool_call>`."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from visavis.models.protocols import (
    DEFAULT_OPTIONS,
    RUNNING,
    ChatMessage,
    GenerateOptions,
    LanguageModel,
    Token,
    ToolCall,
    ToolSpec,
)
from visavis.models.streams import closing
from visavis.models.tool_marks import ToolMarks

_HEAD = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
)
_TAIL = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments "
    "within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)
_SAY_IT = "\nTell me what this means in one short spoken sentence."
UNREADABLE = "unreadable_call"
"""The name of a call that is no JSON object with a name."""


class TextTools:
    """`LanguageModel` over one that knows no tools. Without tools in the messages nothing
    changes."""

    def __init__(self, model: LanguageModel) -> None:
        self.inner = model
        self.name = model.name
        self._numbers = count(1)

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[Token, None]:
        """Stream the reply; a call is never part of its text, however it was cut."""
        # Also what was called before but is not offered now: it is no text either.
        names = {spec.name for message in messages for spec in message.tools}
        names |= {call.name for message in messages for call in message.tool_calls}
        marks = ToolMarks(names)
        async with closing(self.inner.generate(as_text(messages), options)) as pieces:
            async for piece in pieces:
                if not isinstance(piece, str) or not names:
                    yield piece
                    continue
                yield marks.push(piece)
                for body in marks.take():
                    yield self._call(body)
        if text := marks.finish():
            yield text
        for body in marks.take():
            yield self._call(body)

    async def prefill(self, messages: Sequence[ChatMessage]) -> None:
        await self.inner.prefill(as_text(messages))

    async def aclose(self) -> None:
        close = getattr(self.inner, "aclose", None)
        if close is not None:
            await close()

    def _call(self, body: str) -> ToolCall:
        number = f"call_{next(self._numbers)}"
        try:
            said: Any = json.loads(body, strict=False)
        except (ValueError, RecursionError):
            said = None
        name = said.get("name") if isinstance(said, dict) else None
        if not isinstance(name, str) or not name:
            return ToolCall(number, UNREADABLE, body)
        arguments = said.get("arguments", said.get("parameters", {}))
        if isinstance(arguments, str):  # written as a string that holds JSON
            return ToolCall(number, name, arguments)
        return ToolCall(number, name, json.dumps(arguments, ensure_ascii=False))


def as_text(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The conversation with tools, calls and results written out."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    return [_as_text(message, names.get(message.tool_call_id, "")) for message in messages]


def _as_text(message: ChatMessage, tool: str) -> ChatMessage:
    parts = [message.content] if message.content else []
    if message.tools:
        parts.append(_HEAD + "\n".join(map(_signature, message.tools)) + _TAIL)
        return replace(message, content="\n\n".join(parts), tools=())
    if message.role == "tool":
        result = f"{tool or 'The tool'} gave: {message.content}"
        # A small model that is not told what to do with it writes JSON after JSON.
        return ChatMessage("user", result if message.content == RUNNING else result + _SAY_IT)
    for call in message.tool_calls:
        parts.append(f"<tool_call>\n{_written(call)}\n</tool_call>")
    return replace(message, content="\n".join(parts), tool_calls=(), tool_call_id="")


def _signature(spec: ToolSpec) -> str:
    function = {
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
    }
    return json.dumps({"type": "function", "function": function}, ensure_ascii=False)


def _written(call: ToolCall) -> str:
    if call.name == UNREADABLE:
        return call.arguments
    return f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments or "{}"}}}'
