"""English and Chinese by two recognisers: Moonshine, and Whisper where it is needed.

A turn in English goes through Moonshine alone unless its words are doubtful. Then Whisper listens
for the language, and, where that is Chinese, for the words. In a call that has been in Chinese so
far Whisper is asked at once.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from visavis.errors import ModelError
from visavis.models.embedded.moonshine import Moonshine, pause_to_cut_at
from visavis.models.embedded.spoken_language import Belief
from visavis.models.embedded.whisper_model import WhisperModel, joined
from visavis.models.protocols import Transcript, Word
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel, Runs, Worker
from visavis.seam import RATE_IN, Pcm

_SHORTEST = RATE_IN // 5
"""Less audio than this holds no word."""
_SILENT = 40
"""Peak of int16 samples that nobody spoke."""
_LONGEST = 120 * RATE_IN
_PARTIAL_S = 0.6
"""Whisper begins no partial sooner after the one before."""
_BELIEVED = 0.5
"""Words recognised with less confidence teach nothing about the call's language."""
_PRIORS = {None: 0.0, "en": -math.inf, "zh": math.inf}


@dataclass(slots=True, frozen=True)
class _Result:
    chinese: float
    """Probability of Chinese."""
    kept: tuple[Word, ...]
    """Words of what was cut off."""
    cut: int
    """Samples cut off."""
    words: tuple[Word, ...]


@dataclass(slots=True)
class _Utterance:
    """What one stream knows; replaced as a whole by `reset`."""

    belief: Belief
    audio: bytearray = field(default_factory=bytearray)
    cut: int = 0
    """Samples cut off the beginning of the audio."""
    kept: tuple[Word, ...] = ()
    last: Transcript = field(default_factory=lambda: Transcript(""))

    @property
    def seconds(self) -> float:
        return (self.cut + len(self.audio) // 2) / RATE_IN


class BilingualStream:
    """One utterance of one call (`SpeechStream`); the language of the call is remembered."""

    def __init__(self, english: Moonshine, whisper: WhisperModel, worker: Runs, prior: float):
        self._english = english.stream()
        self._whisper = whisper
        self._worker = worker
        self._said = _Utterance(Belief(prior))
        self._newest: asyncio.Task[Transcript] | None = None
        self._next_partial = 0.0

    def push(self, pcm: Pcm) -> None:
        audio = self._said.audio
        audio += np.ascontiguousarray(pcm, np.int16).tobytes()
        surplus = len(audio) - 2 * _LONGEST
        if surplus > 0:
            del audio[:surplus]
            self._said.cut += surplus // 2
        if not math.isinf(self._said.belief.prior) or not self._said.belief.is_chinese:
            self._english.push(pcm)

    async def decode(self, *, final: bool = False) -> Transcript:
        said = self._said
        if self._newest is not None:
            self._newest.cancel()
        task = asyncio.ensure_future(self._decode(said, final))
        self._newest = task
        try:
            said.last = await task
        except asyncio.CancelledError:
            task.cancel()
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise
            # A newer decode, or a reset, took this one's place.
        finally:
            if self._newest is task:
                self._newest = None
        return said.last

    def reset(self) -> None:
        if self._newest is not None:
            self._newest.cancel()
        said = self._said
        words = said.last.words
        sure = sum(word.confidence for word in words) >= _BELIEVED * max(1, len(words))
        belief = said.belief.next_turn() if words and sure else Belief(said.belief.prior)
        self._said = _Utterance(belief)
        self._english.reset()

    async def aclose(self) -> None:
        self.reset()
        await self._english.aclose()

    async def _decode(self, said: _Utterance, final: bool) -> Transcript:
        if said.belief.is_chinese:
            if not final:
                await self._slow_down()
            heard = await self._listen(said, said.belief, final)
            if heard is not None:
                return heard
        english = await self._english.decode(final=final)
        count = len(english.words)
        confidence = sum(word.confidence for word in english.words) / max(1, count)
        said.belief = said.belief.recognised(confidence, count)
        if not said.belief.wants_whisper(said.seconds, final=final):
            return english
        return await self._listen(said, said.belief, final) or english

    async def _listen(self, said: _Utterance, belief: Belief, final: bool) -> Transcript | None:
        """What Whisper makes of the utterance; None if it is English."""
        seconds = said.seconds

        def wanted(chinese: float) -> bool:
            return belief.listened(chinese, seconds).is_chinese

        result = await self._worker.run(
            _hear, self._whisper, bytes(said.audio), wanted, key=id(self), priority=int(final)
        )
        if result is None:
            return Transcript("", language="zh", final=final) if belief.is_chinese else None
        said.belief = belief.listened(result.chinese, seconds)
        if not said.belief.is_chinese:
            return None
        del said.audio[: 2 * result.cut]
        said.cut += result.cut
        said.kept += result.kept
        words = said.kept + result.words
        return Transcript(joined(words), words, "zh", final)

    async def _slow_down(self) -> None:
        """Words of a person who is still speaking are not worth all of a core."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next_partial - loop.time()))
        self._next_partial = loop.time() + _PARTIAL_S


class Bilingual:
    """English and Chinese speech to text (`SpeechToText`)."""

    partials = True

    def __init__(
        self, english: Moonshine, whisper: WhisperModel, worker: Runs | None = None
    ) -> None:
        self.name = f"{english.name}+whisper-base"
        self._english = english
        self._whisper = whisper
        self._worker = worker if worker is not None else Worker("Chinese speech to text", queue=32)

    @classmethod
    def load(cls, store: WeightsStore, *, threads: int = 1) -> Bilingual:
        """Blocks for about a second. Raises `WeightsError` if the weights are not there,
        `ModelError` if ctranslate2 is not installed."""
        whisper = WhisperModel(
            store.path("whisper-base-int8-model.bin"),
            store.path("whisper-base-int8-config.json"),
            store.path("whisper-base-int8-vocabulary.json"),
            threads=threads,
        )
        # The first run allocates; do it before a call waits for it.
        whisper.hear(Cancel(), np.zeros(RATE_IN, np.int16), lambda _: True)
        return cls(Moonshine.load(store), whisper)

    def stream(self, *, language: str | None = None) -> BilingualStream:
        """`None` finds out. Raises `ModelError` for a language other than English and Chinese."""
        code = None if language is None else language.lower().split("-")[0]
        if code not in _PRIORS:
            raise ModelError(
                f"the recogniser {self.name} understands English (en) and Chinese (zh), not "
                f"{language!r}; use a remote recogniser for other languages"
            )
        return BilingualStream(self._english, self._whisper, self._worker, _PRIORS[code])

    async def aclose(self) -> None:
        await self._worker.aclose()
        await self._english.aclose()


def _hear(
    cancel: Cancel, whisper: WhisperModel, audio: bytes, wanted: Callable[[float], bool]
) -> _Result | None:
    """Runs on the worker: cut what is too long, hear every piece. None if nothing was said."""
    pcm = np.frombuffer(audio, np.int16)
    if not _audible(pcm):
        return None
    kept: list[Word] = []
    last: tuple[Word, ...] = ()
    chinese, start = 0.5, 0
    while cut := pause_to_cut_at(pcm[start:]):
        if _audible(pcm[start : start + cut]):
            heard = whisper.hear(cancel, pcm[start : start + cut], wanted)
            chinese = heard.chinese
            kept += heard.words
        start += cut
    if _audible(pcm[start:]):
        heard = whisper.hear(cancel, pcm[start:], wanted)
        chinese, last = heard.chinese, heard.words
    return _Result(chinese, tuple(kept), start, last)


def _audible(pcm: Pcm) -> bool:
    """Of silence the network makes words."""
    return len(pcm) >= _SHORTEST and int(np.abs(pcm.astype(np.int32)).max()) >= _SILENT
