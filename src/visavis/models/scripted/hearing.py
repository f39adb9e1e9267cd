"""Hearing by a script: voice activity by level, recognition of known words, a turn's end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visavis.errors import ModelError
from visavis.models.protocols import Transcript, Word
from visavis.seam import RATE_IN, Pcm

VAD_FRAME = 256
"""Samples at 16 kHz of one energy frame (16 ms)."""


def level_dbfs(pcm: Pcm) -> float:
    """RMS level of int16 samples in dB below full scale; -120 for silence or no samples."""
    if pcm.size == 0:
        return -120.0
    power = float(np.mean(np.square(pcm.astype(np.float64)))) / 32768.0**2
    return max(-120.0, 10.0 * float(np.log10(power + 1e-30)))


class EnergyVoiceActivityStream:
    """Voice activity by level alone: 1.0 for a frame louder than the threshold, else 0.0."""

    frame_s = VAD_FRAME / RATE_IN

    def __init__(self, threshold_dbfs: float) -> None:
        self._threshold = threshold_dbfs
        self._rest = np.zeros(0, np.int16)

    def push(self, pcm: Pcm) -> list[float]:
        samples = np.concatenate([self._rest, pcm])
        whole = len(samples) // VAD_FRAME * VAD_FRAME
        self._rest = samples[whole:]
        frames = samples[:whole].reshape(-1, VAD_FRAME)
        return [1.0 if level_dbfs(frame) > self._threshold else 0.0 for frame in frames]

    def reset(self) -> None:
        self._rest = self._rest[:0]


class EnergyVoiceActivity:
    """`VoiceActivity` that calls every sound above `threshold_dbfs` speech."""

    def __init__(self, threshold_dbfs: float = -45.0) -> None:
        self._threshold = threshold_dbfs

    def stream(self) -> EnergyVoiceActivityStream:
        return EnergyVoiceActivityStream(self._threshold)


@dataclass(slots=True, frozen=True)
class ScriptedUtterance:
    """What the person says in one utterance.

    `word_ends` gives, for every word of `text`, the seconds from the first voiced sample to
    the word's end; a word is recognised once so much audio was pushed. Without it words come
    at `words_per_s`, and a final decode returns the whole text however short the audio was.
    """

    text: str
    word_ends: tuple[float, ...] | None = None
    confidence: float = 1.0

    def __post_init__(self) -> None:
        words = len(self.text.split())
        if self.word_ends is not None and len(self.word_ends) != words:
            raise ModelError(
                f"The scripted utterance {self.text!r} has {words} words but "
                f"{len(self.word_ends)} word ends; give one end for each word."
            )


class ScriptedSpeechStream:
    """Recognises the script's utterances one after another, whatever the audio says.

    Time runs from the first voiced frame pushed. `reset` goes on to the next utterance if at
    least one voiced frame was pushed since the last one; a reset on silence changes nothing.
    """

    def __init__(self, model: ScriptedSpeechToText, language: str | None) -> None:
        self._model = model
        self._language = language or "en"
        self._vad = EnergyVoiceActivityStream(model.threshold_dbfs)
        self._index = 0
        self._heard = 0
        self._ticket = 0
        self._last = Transcript("", language=self._language)

    def push(self, pcm: Pcm) -> None:
        for probability in self._vad.push(pcm):
            if self._heard or probability > 0.5:
                self._heard += VAD_FRAME

    async def decode(self, *, final: bool = False) -> Transcript:
        self._ticket += 1
        ticket = self._ticket
        now = self._transcribe(final)
        await asyncio.sleep(self._model.final_s if final else self._model.decode_s)
        if ticket == self._ticket:
            self._last = now
        return self._last

    def reset(self) -> None:
        self._ticket += 1
        if self._heard:
            self._index += 1
        self._heard = 0
        self._vad.reset()
        self._last = Transcript("", language=self._language)

    async def aclose(self) -> None:
        self._ticket += 1

    def _transcribe(self, final: bool) -> Transcript:
        utterance = self._model.utterance(self._index)
        if utterance is None or not self._heard:
            return Transcript("", language=self._language, final=final)
        words = utterance.text.split()
        pace = self._model.words_per_s
        ends = utterance.word_ends or tuple((i + 1) / pace for i in range(len(words)))
        known = sum(end <= self._heard / RATE_IN for end in ends)
        if final and utterance.word_ends is None:
            known = len(words)
        return Transcript(
            text=" ".join(words[:known]),
            words=tuple(Word(word, utterance.confidence) for word in words[:known]),
            language=self._language,
            final=final,
        )


class ScriptedSpeechToText:
    """`SpeechToText` with known results. Every stream (call) starts at the first utterance.

    `decode_s` and `final_s` are how long a partial and a final decode take. After the last
    utterance the script starts again if `repeat`, else nothing more is recognised.
    """

    name = "scripted"

    def __init__(
        self,
        utterances: Sequence[str | ScriptedUtterance],
        *,
        words_per_s: float = 3.0,
        decode_s: float = 0.0,
        final_s: float | None = None,
        partials: bool = True,
        repeat: bool = False,
        threshold_dbfs: float = -45.0,
    ) -> None:
        if words_per_s <= 0:
            raise ModelError(f"words_per_s is {words_per_s}; it must be more than 0.")
        self._script = [
            ScriptedUtterance(each) if isinstance(each, str) else each for each in utterances
        ]
        self.words_per_s = words_per_s
        self.decode_s = decode_s
        self.final_s = decode_s if final_s is None else final_s
        self.partials = partials
        self.repeat = repeat
        self.threshold_dbfs = threshold_dbfs

    def stream(self, *, language: str | None = None) -> ScriptedSpeechStream:
        return ScriptedSpeechStream(self, language)

    def utterance(self, index: int) -> ScriptedUtterance | None:
        """The utterance number `index` of a stream; None after the script's end."""
        if self.repeat and self._script:
            index %= len(self._script)
        return self._script[index] if index < len(self._script) else None


class FixedTurnDetector:
    """`TurnDetector` that always gives `score`, or what the rule says, after `delay_s`."""

    def __init__(self, score: float | Callable[[Pcm], float] = 0.97, *, delay_s: float = 0.0):
        self._score = score
        self._delay_s = delay_s
        self.calls = 0

    async def score(self, pcm: Pcm) -> float:
        self.calls += 1
        await asyncio.sleep(self._delay_s)
        return self._score(pcm) if callable(self._score) else self._score
