"""A language model made of several: when one breaks off, the next goes on where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from operator import methodcaller

from visavis.models.fallback.asking import Asking, BrokeOff
from visavis.models.fallback.providers import Provider, Providers, Standing
from visavis.models.fallback.resume import Resumed, resuming
from visavis.models.protocols import (
    DEFAULT_OPTIONS,
    ChatMessage,
    GenerateOptions,
    LanguageModel,
    Token,
    ToolCall,
)


class FallbackLanguageModel:
    """`LanguageModel` over providers in order, the preferred one first."""

    def __init__(self, members: Sequence[Provider[LanguageModel]]) -> None:
        self._providers = Providers("llm", members)
        self.name = self._providers.first.name

    def standings(self) -> list[Standing]:
        return self._providers.standings(asyncio.get_running_loop().time())

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[Token, None]:
        """Stream the reply. What was given stays given: if its provider breaks off, the next one
        is asked to go on from there. ModelError if nobody can."""
        whom = self._providers.to_ask(asyncio.get_running_loop().time())
        said, called = "", False
        while True:
            ask = methodcaller("generate", resuming(messages, said), options)
            asking = Asking[LanguageModel, Token](self._providers, ask, empty_fails=True)
            joint = Resumed(said)
            try:
                async with aclosing(asking.answer(whom)) as pieces:
                    async for piece in pieces:
                        if not isinstance(piece, str):
                            called = called or isinstance(piece, ToolCall)
                            yield piece
                            continue
                        text = joint.push(piece)
                        said += text
                        yield text
                if text := joint.finish():
                    yield text
                return
            except BrokeOff as broke:
                if called:
                    return  # what it called for will be answered; another would call again
                whom = [provider for provider in whom if provider is not broke.provider]
                if not whom:
                    raise

    async def prefill(self, messages: Sequence[ChatMessage]) -> None:
        """Every provider reads along: one that steps in cold would keep the person waiting.
        Remote ones have nothing to do."""
        for provider in self._providers.members:
            await provider.model.prefill(messages)

    async def aclose(self) -> None:
        await self._providers.aclose()
