"""Mandarin speech with Kokoro, one piece of writing at a time."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable

from visavis.errors import ModelError
from visavis.models.embedded import mandarin
from visavis.models.embedded.kokoro_voice import KokoroVoice
from visavis.models.protocols import DEFAULT_VOICE, Speech, Voice
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel, Runs, Worker

VOICES = ("zf_xiaoxiao", "zf_xiaobei", "zm_yunxi", "zm_yunyang")
"""The first is the default; `z` is Mandarin, `f` and `m` the speaker's sex."""
_LONGEST_TEXT = 10_000
_LONGEST_PIECE = 60
"""Characters of one piece, so that the first sound does not wait for a long sentence."""
_PIECES = re.compile(rf"[^。！？!?；;，,：:\n]{{0,{_LONGEST_PIECE}}}[。！？!?；;，,：:\n]*")

Pronounce = Callable[[str], Awaitable[str]]
"""English words to phonemes."""


class KokoroSpeech:
    """Text to speech (`TextToSpeech`). `english` pronounces Latin words, which are left out without
    it."""

    name = "kokoro"

    def __init__(
        self, voice: KokoroVoice, worker: Runs | None = None, *, english: Pronounce | None = None
    ) -> None:
        self._voice = voice
        self._worker = worker if worker is not None else Worker("Chinese voice", queue=32)
        self._english = english

    @classmethod
    def load(
        cls, store: WeightsStore, *, english: Pronounce | None = None, threads: int = 1
    ) -> KokoroSpeech:
        """Blocks for about three seconds. Raises `WeightsError` if the weights are not there,
        `ModelError` if jieba or pypinyin is not installed."""
        symbols = mandarin.phonemes("你好")  # reads the dictionaries
        model = store.path("kokoro-v1.0.int8.onnx")
        files = {name: store.path(f"kokoro-{name}.bin") for name in VOICES}
        voice = KokoroVoice(model, files, threads=threads)
        # The first run allocates; do it before a call waits for it.
        voice.speak(Cancel(), symbols, ".", VOICES[0], DEFAULT_VOICE)
        return cls(voice, english=english)

    async def synthesize(self, text: str, voice: Voice = DEFAULT_VOICE) -> AsyncIterator[Speech]:
        """One `Speech` a clause, each as soon as it is ready; none if nothing can be said.

        A `voice.name` that is none of ours means the default. Raises `ModelError` for more than
        10,000 characters.
        """
        if len(text) > _LONGEST_TEXT:
            raise ModelError(
                f"{len(text):,} characters are too many to say at once; "
                f"{_LONGEST_TEXT:,} is the most"
            )
        name = voice.name if voice.name in self._voice.names else self._voice.names[0]
        key = object()
        for piece in clauses(text):
            symbols = await self._pronounce(piece, key)
            last = mandarin.mark(piece[-1]) or piece[-1]
            speech = await self._worker.run(self._voice.speak, symbols, last, name, voice, key=key)
            if len(speech.pcm):
                yield speech

    async def aclose(self) -> None:
        await self._worker.aclose()

    async def _pronounce(self, text: str, key: object) -> str:
        symbols: list[str] = []
        for kind, part in mandarin.parts(text):
            if kind == "han":
                symbols.append(await self._worker.run(_han, part, key=key))
            elif kind == "latin" and self._english is not None:
                symbols.append(f" {await self._english(part)} ")
            elif kind == "mark":
                symbols.append(f"{mandarin.mark(part)} ")
        return " ".join("".join(symbols).split())


def clauses(text: str) -> list[str]:
    """The text cut after every mark that ends a clause, none much longer than 60 characters.
    Joined they are the text without the blanks around them; none is only blanks."""
    return [piece.strip() for piece in _PIECES.findall(text) if piece.strip()]


def _han(_: Cancel, text: str) -> str:
    return mandarin.phonemes(text)
