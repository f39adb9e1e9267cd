"""A recogniser made of several: all hear the person, the preferred one is asked for the words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from visavis.errors import ModelError
from visavis.models.fallback.asking import Asking
from visavis.models.fallback.providers import Provider, Providers, Standing
from visavis.models.protocols import SpeechStream, SpeechToText, Transcript
from visavis.seam import Pcm


class FallbackSpeechToText:
    """`SpeechToText` over providers in order, the preferred one first."""

    def __init__(self, members: Sequence[Provider[SpeechToText]]) -> None:
        self._members = tuple(members)
        self._providers = Providers("stt", members)
        self.name = self._providers.first.name
        self.partials = self._providers.first.partials

    def standings(self) -> list[Standing]:
        return self._providers.standings(asyncio.get_running_loop().time())

    def stream(self, *, language: str | None = None) -> FallbackSpeechStream:
        return FallbackSpeechStream(self._providers, language)

    async def aclose(self) -> None:
        await self._providers.aclose()


class FallbackSpeechStream:
    """One call's utterances (`SpeechStream`). Every provider has all of the sound, so no word
    is lost when another one takes over."""

    def __init__(self, providers: Providers[SpeechToText], language: str | None) -> None:
        self._providers = providers
        self._streams: dict[SpeechToText, SpeechStream] = {
            p.model: p.model.stream(language=language) for p in providers.members
        }
        self._last = Transcript("", language=language or "en")

    def push(self, pcm: Pcm) -> None:
        for stream in self._streams.values():
            stream.push(pcm)

    async def decode(self, *, final: bool = False) -> Transcript:
        """Transcribe what was pushed. ModelError if nobody can."""
        whom = self._providers.to_ask(asyncio.get_running_loop().time())
        if not final:
            whom = [provider for provider in whom if provider.model.partials]
            if not whom:
                return self._last

        async def once(model: SpeechToText) -> AsyncGenerator[Transcript, None]:
            yield await self._streams[model].decode(final=final)

        asking = Asking[SpeechToText, Transcript](self._providers, once, empty_fails=True)
        async with aclosing(asking.answer(whom)) as answers:
            async for transcript in answers:
                self._last = transcript
                return transcript
        raise ModelError("the recognisers gave no transcript")

    def reset(self) -> None:
        for stream in self._streams.values():
            stream.reset()
        self._last = Transcript("", language=self._last.language)

    async def aclose(self) -> None:
        for stream in self._streams.values():
            await stream.aclose()
