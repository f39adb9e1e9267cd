"""One agent, two voices: each piece goes to the voice of the language it is written in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_VOICE, Speech, TextToSpeech, Voice
from visavis.models.streams import closing


class TwoVoices:
    """`TextToSpeech` of an English and a Chinese one.

    A name of one of them is kept for its language, and the other speaks with its default.
    """

    def __init__(
        self,
        english: TextToSpeech,
        chinese: TextToSpeech,
        *,
        english_names: tuple[str, ...],
        chinese_names: tuple[str, ...],
    ) -> None:
        self.name = f"{english.name}+{chinese.name}"
        self._english = english
        self._chinese = chinese
        self._english_names = english_names
        self._chinese_names = chinese_names

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        """Stream the speech of one piece. Raises `ModelError` for an unknown voice, and what the
        voices raise."""
        known = ("default", *self._english_names, *self._chinese_names)
        if voice.name not in known:
            raise ModelError(f"the voice {voice.name!r} is not here; there are {', '.join(known)}")
        chinese = has_chinese(text)
        names = self._chinese_names if chinese else self._english_names
        speaker = self._chinese if chinese else self._english
        named = voice if voice.name in names else replace(voice, name="default")
        async with closing(speaker.synthesize(text, named)) as speeches:
            async for speech in speeches:
                yield speech

    async def aclose(self) -> None:
        for speaker in (self._english, self._chinese):
            close = getattr(speaker, "aclose", None)
            if close is not None:
                await close()


def has_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it: an English voice has nothing to say for one."""
    return any("\u3400" <= letter <= "\u9fff" for letter in text)
