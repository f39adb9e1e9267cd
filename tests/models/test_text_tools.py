"""Calls in a text model's stream become calls, wherever its tokens were cut, and never speech."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.clock import run_virtual
from visavis.models.protocols import (
    DEFAULT_OPTIONS,
    RUNNING,
    ChatMessage,
    GenerateOptions,
    ToolCall,
    ToolSpec,
)
from visavis.models.scripted import ScriptedLanguageModel
from visavis.models.text_tools import UNREADABLE, TextTools, as_text
from visavis.models.tool_marks import MOST, ToolMarks

WEATHER = ToolSpec("get_weather", "The weather.", {"type": "object"})
OFFER = ChatMessage("system", "Be brief.", tools=(WEATHER,))
PARIS = '{"name": "get_weather", "arguments": {"city": "Paris"}}'


class Says(ScriptedLanguageModel):
    """Says exactly these pieces."""

    def __init__(self, *pieces: str) -> None:
        super().__init__([""])
        self.pieces = pieces

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str, None]:
        self.requests.append(tuple(messages))
        for piece in self.pieces:
            yield piece


def ask(*pieces: str, first: ChatMessage = OFFER) -> tuple[str, list[ToolCall]]:
    async def main() -> tuple[str, list[ToolCall]]:
        text, calls = "", []
        async for piece in TextTools(Says(*pieces)).generate([first, ChatMessage("user", "hi")]):
            if isinstance(piece, ToolCall):
                calls.append(piece)
            else:
                text += piece
        return text, calls

    return run_virtual(main())


@pytest.mark.parametrize(
    "pieces",
    [
        [f"<tool_call>\n{PARIS}\n</tool_call>"],
        ["<tool", "_call>", *PARIS, "</tool_", "call>"],
        [f"<tool_call>\n{PARIS}"],
        [PARIS],
        [*PARIS],
        [f"```json\n{PARIS}\n```"],
        [f"{PARIS}\n", '{"temperature": 18}'],
        [f"```json\n{PARIS}"],
    ],
)
def test_a_call_is_found(pieces: list[str]) -> None:
    text, calls = ask(*pieces)
    assert text.strip() == ""
    assert [(c.name, json.loads(c.arguments)) for c in calls] == [
        ("get_weather", {"city": "Paris"})
    ]


def test_words_around_calls_are_spoken() -> None:
    text, calls = ask(
        "Let me ",
        f"see. <tool_call>{PARIS}</tool_call>\n<tool_call>{PARIS}</tool_call>\n",
        "Soon.",
    )
    assert text.split() == ["Let", "me", "see.", "Soon."]
    assert len({call.id for call in calls}) == 2


def test_two_calls_without_marks() -> None:
    _, calls = ask(PARIS, "\n", PARIS)
    assert [call.name for call in calls] == ["get_weather"] * 2
    _, (call,) = ask(PARIS[:-1])
    assert call.name == UNREADABLE


@pytest.mark.parametrize(
    ("said", "name"),
    [("{not json", UNREADABLE), ('["a"]', UNREADABLE), ('{"name": 3}', UNREADABLE)],
)
def test_a_call_that_cannot_be_read_is_still_one(said: str, name: str) -> None:
    text, (call,) = ask(f"<tool_call>{said}</tool_call>")
    assert (text, call.name, call.arguments) == ("", name, said)


def test_json_that_names_no_tool_is_text() -> None:
    assert ask('{"name": "Ann"}') == ('{"name": "Ann"}', [])
    assert ask("a < b and <b>") == ("a < b and <b>", [])


def test_without_tools_nothing_changes() -> None:
    plain = ChatMessage("system", "Be brief.")
    assert ask(f"<tool_call>{PARIS}", first=plain) == (f"<tool_call>{PARIS}", [])


def test_the_conversation_is_written_out() -> None:
    call = ToolCall("call_1", "get_weather", '{"city": "Paris"}')
    system, user, called, result, running = as_text(
        [
            OFFER,
            ChatMessage("user", "Weather?"),
            ChatMessage("assistant", "One moment.", tool_calls=(call,)),
            ChatMessage("tool", "sun", tool_call_id="call_1"),
            ChatMessage("tool", RUNNING, tool_call_id="call_1"),
        ]
    )
    assert system.content.startswith("Be brief.\n\n# Tools")
    assert '"name": "get_weather"' in system.content
    assert user.content == "Weather?"
    assert called.content == f"One moment.\n<tool_call>\n{PARIS}\n</tool_call>"
    assert (result.role, result.content.splitlines()[0]) == ("user", "get_weather gave: sun")
    assert running.content == f"get_weather gave: {RUNNING}"


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "<tool_call>",
                "</tool_call>",
                "<tool",
                "_call>",
                PARIS,
                "{",
                "}",
                "```",
                "hi ",
                " ",
                "<",
            ]
        ),
        max_size=20,
    ),
    st.data(),
)
def test_it_does_not_matter_where_tokens_are_cut(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts)

    def read(pieces: Sequence[str]) -> tuple[str, list[str]]:
        marks = ToolMarks(["get_weather"])
        text = "".join(map(marks.push, pieces)) + marks.finish()
        return text, marks.take()

    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    text, calls = read(pieces)
    at_once, same = read([whole])
    assert (text.strip(), calls) == (at_once.strip(), same)
    assert "<tool_call>" not in text
    assert len(calls) <= MOST


def test_a_call_without_end_is_bounded() -> None:
    marks = ToolMarks(["get_weather"])
    for _ in range(1000):
        assert marks.push("<tool_call>" + "x" * 1000) == ""
    assert marks.finish() == ""
    assert len(marks.take()[0]) <= 8192
