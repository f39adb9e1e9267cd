"""Streaming English recognition: Moonshine decodes the utterance so far, again and again.

One model and one worker serve all calls; each stream keeps its utterance and the tokens it
last saw, which the next decode takes as a draft. Long utterances are cut at a pause: what was
said before it is decoded once more and kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visavis.errors import ModelError
from visavis.models.embedded.moonshine_model import RATE, MoonshineModel
from visavis.models.protocols import Transcript, Word
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel, Runs, Worker
from visavis.seam import Pcm

_SHORTEST = RATE // 5
"""Less audio than this holds no word, and the model invents one."""
_SILENT = 40
"""Peak of int16 samples that nobody spoke."""
_SOFT_S = 9.0
"""From here on a pause is welcome to cut at."""
_HARD_S = 14.5
"""The model knows at most 15 s; here the quietest place must do."""
_PAUSE_S = 0.2
_FRAME = RATE // 50
_LONGEST = 120 * RATE
"""A stream that is pushed to but never decoded keeps no more than this."""


@dataclass(slots=True, frozen=True)
class _Result:
    kept: tuple[Word, ...]
    """Words of what was cut off."""
    cut: int
    """Samples cut off."""
    words: tuple[Word, ...]
    tokens: tuple[int, ...]


@dataclass(slots=True)
class _Utterance:
    """What one stream knows; replaced as a whole by `reset`."""

    audio: bytearray = field(default_factory=bytearray)
    kept: tuple[Word, ...] = ()
    draft: tuple[int, ...] = ()
    last: Transcript = field(default_factory=lambda: Transcript(""))


class MoonshineStream:
    """One utterance of one call (`SpeechStream`)."""

    def __init__(self, model: MoonshineModel, worker: Runs) -> None:
        self._model = model
        self._worker = worker
        self._said = _Utterance()
        self._newest: asyncio.Task[_Result] | None = None

    def push(self, pcm: Pcm) -> None:
        audio = self._said.audio
        audio += np.ascontiguousarray(pcm, np.int16).tobytes()
        surplus = len(audio) - 2 * _LONGEST
        if surplus > 0:
            del audio[:surplus]

    async def decode(self, *, final: bool = False) -> Transcript:
        said = self._said
        if self._newest is not None:
            self._newest.cancel()
        task = asyncio.ensure_future(
            self._worker.run(
                _decode,
                self._model,
                bytes(said.audio),
                said.draft,
                key=id(self),
                priority=int(final),
            )
        )
        self._newest = task
        try:
            result = await task
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise
            return said.last  # a newer decode, or a reset, took this one's place
        finally:
            if self._newest is task:
                self._newest = None
        del said.audio[: 2 * result.cut]
        said.kept += result.kept
        said.draft = result.tokens
        words = said.kept + result.words
        said.last = Transcript(" ".join(w.text for w in words), words, "en", final)
        return said.last

    def reset(self) -> None:
        if self._newest is not None:
            self._newest.cancel()
        self._said = _Utterance()

    async def aclose(self) -> None:
        self.reset()


class Moonshine:
    """English speech to text (`SpeechToText`)."""

    name = "moonshine-tiny-en"
    partials = True

    def __init__(self, model: MoonshineModel, worker: Runs | None = None) -> None:
        self._model = model
        self._worker = worker if worker is not None else Worker("speech to text", queue=32)

    @classmethod
    def load(cls, store: WeightsStore, worker: Runs | None = None) -> Moonshine:
        """Blocks for about 0.2 s. Raises `WeightsError` if the weights are not there."""
        model = MoonshineModel(
            store.path("moonshine-tiny-en-encoder-model.ort"),
            store.path("moonshine-tiny-en-decoder-model-merged.ort"),
            store.path("moonshine-tiny-en-tokenizer.bin"),
        )
        # The first run allocates; do it before a call waits for it.
        model.decode(Cancel(), np.zeros(RATE, np.float32))
        return cls(model, worker)

    def stream(self, *, language: str | None = None) -> MoonshineStream:
        """Raises `ModelError` for a language other than English."""
        if language is not None and language.lower().split("-")[0] != "en":
            raise ModelError(
                f"the recogniser {self.name} understands English only, not {language!r}; "
                "use a remote recogniser for other languages"
            )
        return MoonshineStream(self._model, self._worker)

    async def aclose(self) -> None:
        await self._worker.aclose()


def _decode(cancel: Cancel, model: MoonshineModel, audio: bytes, draft: tuple[int, ...]) -> _Result:
    """Runs on the worker: cut what is too long, decode every piece."""
    pcm = np.frombuffer(audio, np.int16)
    kept: list[Word] = []
    start = 0
    while cut := pause_to_cut_at(pcm[start:]):
        kept += _words(cancel, model, pcm[start : start + cut], draft)[0]
        start += cut
        draft = ()
    words, tokens = _words(cancel, model, pcm[start:], draft)
    return _Result(tuple(kept), start, words, tokens)


def _words(
    cancel: Cancel, model: MoonshineModel, pcm: Pcm, draft: tuple[int, ...]
) -> tuple[tuple[Word, ...], tuple[int, ...]]:
    if len(pcm) < _SHORTEST or int(np.abs(pcm.astype(np.int32)).max()) < _SILENT:
        return (), ()
    decoded = model.decode(cancel, pcm.astype(np.float32) / 32768.0, draft)
    return model.words(decoded), decoded.tokens


def pause_to_cut_at(pcm: Pcm) -> int:
    """Where to cut an utterance that grew long: a sample inside a pause, 0 if it may grow on.

    Beyond the hard limit always cuts, at the quietest place of the allowed part.
    """
    if len(pcm) < _SOFT_S * RATE:
        return 0
    whole = pcm[: int(_HARD_S * RATE) // _FRAME * _FRAME]
    frames = whole[: len(whole) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float32)
    level: NDArray[np.float32] = np.sqrt((frames**2).mean(1))
    width = int(_PAUSE_S * 50)
    # The loudest frame of each stretch as long as a pause: a pause is quiet throughout.
    loudest = np.lib.stride_tricks.sliding_window_view(level, width).max(1)
    first, last = 3 * 50, len(loudest) - 25
    allowed = loudest[first:last]
    quiet = np.flatnonzero(allowed < 0.05 * np.percentile(level, 95))
    if len(quiet):
        at = int(quiet[-1])
    elif len(pcm) >= _HARD_S * RATE:
        at = int(allowed.argmin())
    else:
        return 0
    return (first + at + width // 2) * _FRAME
