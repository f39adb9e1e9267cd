"""A voice with a memory: what it has learnt it says at once, also when it can no longer speak."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator
from typing import TypeAlias

from visavis.models.protocols import DEFAULT_VOICE, Speech, TextToSpeech, Voice
from visavis.models.streams import closing, each_within
from visavis.seam import RATE_OUT

KEPT_S = 120.0
"""Speech kept, seconds; beyond that what was not said for longest is forgotten (6 MB)."""

_Line: TypeAlias = tuple[str, Voice]


class Repertoire:
    """`TextToSpeech` over another one. Only what was learnt is kept, whoever asks for it."""

    def __init__(self, tts: TextToSpeech, *, kept_s: float = KEPT_S) -> None:
        self.tts = tts
        self.name = tts.name
        self._kept = round(kept_s * RATE_OUT)
        self._samples = 0
        self._known: OrderedDict[_Line, tuple[Speech, ...]] = OrderedDict()

    def recall(self, text: str, voice: Voice = DEFAULT_VOICE) -> tuple[Speech, ...] | None:
        """The speech of exactly this line, if it was learnt."""
        found = self._known.get((text, voice))
        if found is not None:
            self._known.move_to_end((text, voice))
        return found

    async def learn(self, text: str, voice: Voice = DEFAULT_VOICE, *, within_s: float) -> None:
        """Have the line spoken and keep it, unless it is known. ModelError if the voice fails or
        gives nothing for `within_s`; then nothing is kept."""
        if self.recall(text, voice) is not None:
            return
        stream = each_within(self.tts.synthesize(text, voice), within_s, "voice")
        async with closing(stream):
            speeches = tuple([speech async for speech in stream])
        if any(len(speech.pcm) for speech in speeches):
            self._keep((text, voice), speeches)

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        """Stream the speech: from memory, else as the voice makes it."""
        known = self.recall(text, voice)
        if known is not None:
            for speech in known:
                yield speech
            return
        stream = self.tts.synthesize(text, voice)
        async with closing(stream):
            async for speech in stream:
                yield speech

    def _keep(self, line: _Line, speeches: tuple[Speech, ...]) -> None:
        self._samples += _samples(speeches) - _samples(self._known.get(line, ()))
        self._known[line] = speeches
        while self._samples > self._kept:
            _, gone = self._known.popitem(last=False)
            self._samples -= _samples(gone)


def _samples(speeches: tuple[Speech, ...]) -> int:
    return sum(len(speech.pcm) for speech in speeches)
