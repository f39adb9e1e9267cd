"""A voice made of several: when one breaks off, the next says the words that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from operator import methodcaller

from visavis.models.fallback.asking import Asking, BrokeOff
from visavis.models.fallback.providers import Provider, Providers, Standing
from visavis.models.protocols import DEFAULT_VOICE, Speech, TextToSpeech, Voice
from visavis.seam import RATE_OUT

_CHARS_PER_S = 14.0
"""Pace of speech, for a voice that does not say where its words end."""


class FallbackTextToSpeech:
    """`TextToSpeech` over providers in order, the preferred one first."""

    def __init__(self, members: Sequence[Provider[TextToSpeech]]) -> None:
        self._providers = Providers("tts", members)
        self.name = self._providers.first.name

    def standings(self) -> list[Standing]:
        return self._providers.standings(asyncio.get_running_loop().time())

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        """Stream the speech. If a voice breaks off, the next one begins with the first word that
        had not ended. ModelError if nobody can speak."""
        whom = self._providers.to_ask(asyncio.get_running_loop().time())
        words = text.split()
        while True:
            said: list[str] = []
            samples = 0
            ask = methodcaller("synthesize", " ".join(words), voice)
            asking = Asking[TextToSpeech, Speech](self._providers, ask, empty_fails=True)
            try:
                async with aclosing(asking.answer(whom)) as pieces:
                    async for speech in pieces:
                        said += [word for word, _ in speech.words]
                        samples += len(speech.pcm)
                        yield speech
                return
            except BrokeOff as broke:
                whom = [provider for provider in whom if provider is not broke.provider]
                # A voice may count words otherwise ("12"); then their time has to do.
                known = bool(said) and said == words[: len(said)]
                words = words[len(said) if known else _spoken(words, samples, voice.speed) :]
                if not words:
                    return
                if not whom:
                    raise

    async def aclose(self) -> None:
        await self._providers.aclose()


def _spoken(words: Sequence[str], samples: int, speed: float) -> int:
    """About how many of the words so many samples carry."""
    left = samples / RATE_OUT * _CHARS_PER_S * speed
    for count, word in enumerate(words):
        left -= len(word) + 1
        if left < 0:
            return count
    return len(words)
