"""English speech with hibari: one voice, 24 kHz, a clause in a few milliseconds."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

from visavis.errors import ModelError
from visavis.models.embedded.hibari_text import sentences
from visavis.models.embedded.hibari_voice import HibariVoice
from visavis.models.protocols import Speech, Voice
from visavis.models.workers import Cancel, Runs, Worker

_LONGEST_TEXT = 10_000
_LONGEST_PIECE = 240
"""Characters of one piece, so that the first audio does not wait for a long sentence."""
_LIMITS = (
    ("speed", 0.5, 2.0),
    ("pitch", -12.0, 12.0),
    ("pitch_range", 0.0, 3.0),
    ("loudness", -20.0, 12.0),
    ("warmth", 0.0, 1.0),
)
_DEFAULT = Voice()
NAMES = ("default", "heart")


class HibariSpeech:
    """Text to speech (`TextToSpeech`); the weights are part of the package hibari-tts."""

    name = "hibari"

    def __init__(self, voice: HibariVoice, worker: Runs | None = None) -> None:
        self._voice = voice
        self._worker = worker if worker is not None else Worker("text to speech", queue=32)

    @classmethod
    def load(cls, worker: Runs | None = None) -> HibariSpeech:
        """Blocks for about a second (dictionaries)."""
        voice = HibariVoice()
        # The first run reads the dictionaries and the network for unknown words.
        voice.speak(Cancel(), "Hello, visavis.")
        return cls(voice, worker)

    async def synthesize(self, text: str, voice: Voice = _DEFAULT) -> AsyncIterator[Speech]:
        """One `Speech` a sentence, each as soon as it is ready; none if nothing can be said.

        Raises `ModelError` for an unknown voice, a figure of it outside what `Voice` allows, or
        more than 10,000 characters.
        """
        if voice.name not in NAMES:
            raise ModelError(f"the voice {voice.name!r} is not here; there is {NAMES[1]!r}")
        for what, low, high in _LIMITS:
            value = getattr(voice, what)
            if not (math.isfinite(value) and low <= value <= high):
                raise ModelError(
                    f"the {what.replace('_', ' ')} {value} is outside {low:g} to {high:g}"
                )
        if len(text) > _LONGEST_TEXT:
            raise ModelError(
                f"{len(text):,} characters are too many to say at once; "
                f"{_LONGEST_TEXT:,} is the most"
            )
        key = object()
        for piece in sentences(text, _LONGEST_PIECE):
            speech = await self._worker.run(self._voice.speak, piece, voice, key=key)
            if len(speech.pcm):
                yield speech

    async def phonemes(self, text: str) -> str:
        """How words are pronounced, in the symbols that Kokoro knows too."""
        return await self._worker.run(self._voice.phonemes, text)

    async def aclose(self) -> None:
        await self._worker.aclose()
