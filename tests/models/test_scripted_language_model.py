"""Scripted replies: chosen by turn or rule, paced, cancellable, recorded."""

from __future__ import annotations

import asyncio

import pytest

from visavis.clock import run_virtual
from visavis.errors import ModelError
from visavis.models.protocols import ChatMessage, GenerateOptions
from visavis.models.scripted import EchoLanguageModel, ScriptedLanguageModel

SYSTEM = ChatMessage("system", "Be brief.")


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


async def reply(model: ScriptedLanguageModel, *messages: ChatMessage) -> str:
    return "".join([piece async for piece in model.generate(messages)])


def test_replies_follow_the_turn_not_the_number_of_calls() -> None:
    async def main() -> list[str]:
        model = ScriptedLanguageModel(["one", "two"])
        first = (SYSTEM, user("a"))
        second = (*first, ChatMessage("assistant", "one"), user("b"))
        return [await reply(model, *messages) for messages in (first, first, second, second)]

    assert run_virtual(main()) == ["one", "one", "two", "two"]


def test_tokens_come_at_their_pace() -> None:
    async def main() -> list[tuple[str, float]]:
        model = ScriptedLanguageModel(["Hello there, friend."], first_token_s=0.5, tokens_per_s=10)
        loop = asyncio.get_running_loop()
        start = loop.time()
        return [
            (piece, round(loop.time() - start, 6)) async for piece in model.generate([user("hi")])
        ]

    assert run_virtual(main()) == [("Hello", 0.5), (" there,", 0.6), (" friend.", 0.7)]


def test_closing_stops_and_is_counted() -> None:
    async def main() -> tuple[int, int]:
        model = ScriptedLanguageModel(["a b c d e"], tokens_per_s=10)
        pieces = model.generate([user("hi")])
        await anext(pieces)
        await pieces.aclose()
        return model.tokens, model.cancelled

    assert run_virtual(main()) == (1, 1)


def test_options_are_kept() -> None:
    async def main() -> tuple[str, str]:
        model = ScriptedLanguageModel(["one two three END four"])
        few = GenerateOptions(max_tokens=2)
        stop = GenerateOptions(stop=("END",))
        return (
            "".join([piece async for piece in model.generate([user("x")], few)]),
            "".join([piece async for piece in model.generate([user("x")], stop)]),
        )

    assert run_virtual(main()) == ("one two", "one two three")


def test_requests_and_prefills_are_recorded() -> None:
    async def main() -> ScriptedLanguageModel:
        model = ScriptedLanguageModel(lambda messages: str(len(messages)))
        await model.prefill([SYSTEM, user("wha")])
        await reply(model, SYSTEM, user("what"))
        return model

    model = run_virtual(main())
    assert model.prefills == [(SYSTEM, user("wha"))]
    assert model.requests == [(SYSTEM, user("what"))]


def test_echo_repeats_the_last_words() -> None:
    async def main() -> str:
        return await reply(EchoLanguageModel(), SYSTEM, user("no"), user("good morning"))

    assert run_virtual(main()) == "You said: good morning"


def test_a_list_without_replies_is_refused() -> None:
    with pytest.raises(ModelError, match="at least one reply"):
        ScriptedLanguageModel([])
