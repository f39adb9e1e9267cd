"""A server that accepts and says nothing, on a real socket: the next provider answers in time."""

from __future__ import annotations

import asyncio
import time

import pytest

from visavis.errors import ModelError
from visavis.models.fallback import (
    LOCAL,
    FallbackLanguageModel,
    FallbackTextToSpeech,
    Health,
    Patience,
    Provider,
)
from visavis.models.protocols import ChatMessage, LanguageModel, TextToSpeech
from visavis.models.remote import RemoteLanguageModel, RemoteTextToSpeech
from visavis.models.scripted import ScriptedLanguageModel, ToneTextToSpeech

from .conftest import Provider as Server

QUICK = Patience(first_s=0.3, between_s=0.3)
MESSAGES = [ChatMessage("user", "Hi")]


def test_the_next_language_model_answers(half_open: Server) -> None:
    async def main() -> None:
        members: list[Provider[LanguageModel]] = [
            Provider("remote", RemoteLanguageModel(half_open.endpoint()), QUICK),
            Provider("embedded", ScriptedLanguageModel(["Here I am."]), LOCAL),
        ]
        model = FallbackLanguageModel(members)
        start = time.monotonic()
        assert "".join([piece async for piece in model.generate(MESSAGES)]) == "Here I am."
        assert 0.3 <= time.monotonic() - start < 1.5
        assert model.standings()[0].health is Health.BROKEN
        start = time.monotonic()
        assert "".join([piece async for piece in model.generate(MESSAGES)]) == "Here I am."
        assert time.monotonic() - start < 0.25
        await model.aclose()

    asyncio.run(main())


def test_the_next_voice_speaks(half_open: Server) -> None:
    async def main() -> None:
        members: list[Provider[TextToSpeech]] = [
            Provider("remote", RemoteTextToSpeech(half_open.endpoint()), QUICK),
            Provider("embedded", ToneTextToSpeech(), LOCAL),
        ]
        model = FallbackTextToSpeech(members)
        start = time.monotonic()
        assert [s async for s in model.synthesize("hello")]
        assert time.monotonic() - start < 1.5
        await model.aclose()

    asyncio.run(main())


def test_alone_it_is_given_up(half_open: Server) -> None:
    async def main() -> None:
        remote = RemoteLanguageModel(half_open.endpoint())
        model = FallbackLanguageModel([Provider("remote", remote, QUICK)])
        start = time.monotonic()
        with pytest.raises(ModelError, match=r"remote gave nothing for 0\.3 s"):
            _ = [piece async for piece in model.generate(MESSAGES)]
        assert time.monotonic() - start < 1.5
        await model.aclose()

    asyncio.run(main())
