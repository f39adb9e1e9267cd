"""Providers that hang or break where a test tells them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

import numpy as np

from visavis.errors import ModelError
from visavis.models.fallback import Patience, Provider
from visavis.models.protocols import (
    DEFAULT_OPTIONS,
    DEFAULT_VOICE,
    ChatMessage,
    GenerateOptions,
    Speech,
    Transcript,
    Voice,
)
from visavis.models.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ToneTextToSpeech
from visavis.seam import Pcm

Fault = Literal["none", "hangs", "breaks"]
PATIENCE = Patience()


async def suffer(fault: Fault) -> None:
    if fault == "hangs":
        await asyncio.sleep(1e6)
    if fault == "breaks":
        raise ModelError("the line is cut")


class FlakyLanguageModel(ScriptedLanguageModel):
    """Goes wrong after so many tokens."""

    def __init__(
        self, reply: str, fault: Fault = "none", *, after: int = 0, first_token_s: float = 0.0
    ) -> None:
        super().__init__([reply], first_token_s=first_token_s)
        self.fault: Fault = fault
        self.after = after
        self.closed = 0

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str, None]:
        count = 0
        try:
            async for token in super().generate(messages, options):
                if count == self.after:
                    await suffer(self.fault)
                count += 1
                yield token
        finally:
            self.closed += 1


class FlakyVoice(ToneTextToSpeech):
    """Goes wrong after so many pieces of one word."""

    def __init__(self, fault: Fault = "none", *, after: int = 0, words: bool = True) -> None:
        super().__init__(words_per_piece=1)
        self.fault: Fault = fault
        self.after = after
        self._tells_words = words

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        count = 0
        async for speech in super().synthesize(text, voice):
            if count == self.after:
                await suffer(self.fault)
            count += 1
            yield speech if self._tells_words else Speech(speech.pcm)


class FlakyRecogniser(ScriptedSpeechToText):
    def __init__(self, text: str, fault: Fault = "none", *, partials: bool = False) -> None:
        super().__init__([text], partials=partials, repeat=True)
        self.fault: Fault = fault
        self.pushed = 0
        self.decodes = 0

    def stream(self, *, language: str | None = None) -> FlakyStream:  # type: ignore[override]
        return FlakyStream(self)


class FlakyStream:
    def __init__(self, model: FlakyRecogniser) -> None:
        self._model = model

    def push(self, pcm: Pcm) -> None:
        self._model.pushed += len(pcm)

    async def decode(self, *, final: bool = False) -> Transcript:
        self._model.decodes += 1
        await suffer(self._model.fault)
        heard = self._model.utterance(0)
        assert heard is not None
        return Transcript(heard.text, final=final)

    def reset(self) -> None:
        self._model.pushed = 0

    async def aclose(self) -> None: ...


def line_up(*models: object) -> list[Provider[object]]:
    """They as providers called a, b, c …, all as patient as for a remote service."""
    return [Provider(name, model, PATIENCE) for name, model in zip("abcdef", models, strict=False)]


SILENCE = np.zeros(1600, np.int16)
