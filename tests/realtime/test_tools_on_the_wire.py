"""A client's own functions, in the words of the OpenAI Realtime protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.realtime.fakes import bridge

from visavis.conversation.events import ReplyDone, ReplyStarted, ReplyText, ToolCalled, ToolReturned

TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "The time.",
    "parameters": {"type": "object", "properties": {}},
}


class Wire:
    """A bridge with a fake session, and what the client was sent."""

    def __init__(self) -> None:
        self.made, self.session, self.client = bridge()
        self.emit, self.of = self.session.emit, self.client.of

    def say(self, message: dict[str, Any]) -> None:
        self.made.on_text(json.dumps(message), 0.0)


def started(wire: Wire) -> None:
    wire.emit(ReplyStarted(1, "resp_1", "item_1", 1.0))


def called(wire: Wire, *, by_client: bool = True) -> None:
    wire.emit(ToolCalled("item_c", "resp_1", "call_1", "get_time", "{}", by_client, 1.0))


def done(wire: Wire, text: str = "") -> None:
    wire.emit(ReplyDone(1, "resp_1", "item_1", "completed", text, text, 0, 2.0))


def test_a_response_that_only_calls() -> None:
    wire = Wire()
    started(wire)
    called(wire)
    done(wire)
    assert wire.client.types == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    (arguments,) = wire.of("response.function_call_arguments.done")
    assert (arguments["call_id"], arguments["name"], arguments["arguments"]) == (
        "call_1",
        "get_time",
        "{}",
    )
    (ended,) = wire.of("response.done")
    assert [item["type"] for item in ended["response"]["output"]] == ["function_call"]
    assert ended["response"]["status"] == "completed"


def test_words_come_before_the_call() -> None:
    wire = Wire()
    started(wire)
    wire.emit(ReplyText(1, "resp_1", "item_1", "Let me see.", 1.0))
    called(wire)
    done(wire, "Let me see.")
    (ended,) = wire.of("response.done")
    assert [item["type"] for item in ended["response"]["output"]] == ["message", "function_call"]
    (arguments,) = wire.of("response.function_call_arguments.done")
    assert arguments["output_index"] == 1


def test_the_servers_own_tools_are_not_offered_to_the_client() -> None:
    wire = Wire()
    started(wire)
    called(wire, by_client=False)
    wire.emit(ToolReturned("item_c", "call_1", "get_time", "completed", "noon", 0.25, 2.0))
    assert not wire.of("response.function_call_arguments.done")
    assert [(e["name"], e["status"], e["seconds"]) for e in wire.of("visavis.tool")] == [
        ("get_time", "running", 0.0),
        ("get_time", "completed", 0.25),
    ]


def test_the_session_takes_tools_and_tells_them() -> None:
    wire = Wire()
    wire.say({"type": "session.update", "session": {"type": "realtime", "tools": [TOOL]}})
    (updated,) = wire.of("session.updated")
    assert updated["session"]["tools"] == [TOOL]
    ((_, _, _, (tool,)),) = wire.session.asked
    assert (tool.spec.name, tool.spec.parameters) == ("get_time", TOOL["parameters"])
    assert not wire.of("error")


def test_a_result_is_handed_over_and_shown() -> None:
    wire = Wire()
    item = {"type": "function_call_output", "call_id": "call_1", "output": "noon"}
    wire.say({"type": "conversation.item.create", "item": item})
    assert wire.session.asked == [("tool_result", "call_1", "noon")]
    (added,) = wire.of("conversation.item.added")
    assert (added["item"]["type"], added["item"]["output"]) == ("function_call_output", "noon")


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            {"type": "session.update", "session": {"tools": [{**TOOL, "type": "mcp"}]}},
            "session.tools.0.type",
        ),
        ({"type": "session.update", "session": {"tools": [TOOL] * 40}}, "session.tools"),
        (
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call_output", "output": "x"},
            },
            "needs call_id and output",
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call_output", "call_id": "late", "output": "x"},
            },
            "no call",
        ),
    ],
)
def test_what_is_wrong_is_told(message: dict[str, Any], says: str) -> None:
    wire = Wire()
    wire.say(message)
    (error,) = wire.of("error")
    assert says in json.dumps(error)
