"""Tools of the remote language model: offered, called in fragments, answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from visavis.errors import ModelError
from visavis.models.protocols import ChatMessage, ToolCall, ToolSpec
from visavis.models.remote import RemoteLanguageModel
from visavis.models.remote.tool_calls import MAX_CALLS, ToolCallsIn

from .conftest import Provider

SPEC = ToolSpec("get_weather", "The weather.", {"type": "object", "properties": {}})
CALL = ToolCall("call_9", "get_weather", '{"city": "Rome"}')
MESSAGES = (
    ChatMessage("system", "Be brief.", tools=(SPEC,)),
    ChatMessage("user", "Rome?"),
    ChatMessage("assistant", "", tool_calls=(CALL,)),
    ChatMessage("tool", "sun", tool_call_id="call_9"),
    ChatMessage("user", "And Paris?"),
)


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def fragment(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    return {"index": index, "function": {"arguments": arguments}, **more}


def ask(provider: Provider) -> list[str | ToolCall]:
    async def main() -> list[str | ToolCall]:
        model = RemoteLanguageModel(provider.endpoint())
        try:
            return [piece async for piece in model.generate(MESSAGES)]
        finally:
            await model.aclose()

    return asyncio.run(main())


def test_calls_come_whole_and_last(provider: Provider) -> None:
    begin = {"index": 0, "id": "call_a", "function": {"name": "get_weather", "arguments": ""}}
    provider.streams(
        chunk(content="Let me see."),
        chunk(tool_calls=[begin]),
        chunk(tool_calls=[fragment(0, '{"city": ')]),
        chunk(tool_calls=[fragment(1, "{}", id="call_b"), fragment(0, '"Paris"}')]),
        chunk(finish="tool_calls"),
        b"data: [DONE]\n\n",
    )
    pieces = ask(provider)
    assert "".join(p for p in pieces if isinstance(p, str)) == "Let me see."
    assert "" in pieces, "a call in the making is a sign of life"
    assert pieces[-2:] == [
        ToolCall("call_a", "get_weather", '{"city": "Paris"}'),
        ToolCall("call_b", "", "{}"),
    ]
    body = json.loads(provider.bodies[0])
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "The weather.",
                "parameters": SPEC.parameters,
            },
        }
    ]
    assert body["messages"][2]["content"] is None
    assert body["messages"][2]["tool_calls"][0]["function"] == {
        "name": "get_weather",
        "arguments": '{"city": "Rome"}',
    }
    assert body["messages"][3] == {"role": "tool", "tool_call_id": "call_9", "content": "sun"}


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        [3],
        [{"index": MAX_CALLS}],
        [{"index": "0"}],
        [{"function": 3}],
        [{"function": {"name": 3}}],
        [{"function": {"arguments": "x" * 20_000}}],
    ],
)
def test_nonsense_is_a_model_error(provider: Provider, wrong: Any) -> None:
    provider.streams(chunk(tool_calls=wrong), chunk(finish="stop"))
    with pytest.raises(ModelError, match="called a tool wrongly"):
        ask(provider)
    with pytest.raises(ModelError):
        ToolCallsIn().push(wrong)
