"""Models that follow a script: for tests, simulation and replay.

They do what the protocols promise with no weights, no threads and no randomness. Whatever
would take time waits with `asyncio.sleep`, so a whole conversation runs under a virtual
clock and gives the same result twice.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np

from visavis.errors import ModelError
from visavis.models.protocols import (
    DEFAULT_OPTIONS,
    DEFAULT_VOICE,
    ChatMessage,
    GenerateOptions,
    ModelSet,
    Speech,
    Transcript,
    Voice,
    Word,
)
from visavis.seam import RATE_IN, RATE_OUT, Pcm

T = TypeVar("T")
MAX_RECORD = 1000
"""Requests a scripted model remembers."""
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


Reply: TypeAlias = Callable[[Sequence[ChatMessage]], str]
"""A rule: what to answer to a conversation."""


class ScriptedLanguageModel:
    """`LanguageModel` with known replies.

    `replies` is a rule, or a list whose n-th text answers the n-th user message (starting
    again after the last), so that speculating several times on one turn gives one reply.
    The first token comes after `first_token_s`, then `tokens_per_s` follow (0: all at once).
    A token is a word with the blanks before it.
    """

    name = "scripted"

    def __init__(
        self,
        replies: Sequence[str] | Reply,
        *,
        first_token_s: float = 0.0,
        tokens_per_s: float = 0.0,
        prefill_s: float = 0.0,
    ) -> None:
        self._rule = replies if callable(replies) else _by_turn(tuple(replies))
        self._first_token_s = first_token_s
        self._token_s = 1.0 / tokens_per_s if tokens_per_s > 0 else 0.0
        self._prefill_s = prefill_s
        self.requests: list[tuple[ChatMessage, ...]] = []
        """The messages of the newest `MAX_RECORD` calls of `generate`, in order."""
        self.prefills: list[tuple[ChatMessage, ...]] = []
        """The same of `prefill`."""
        self.tokens = 0
        """Tokens given out so far."""
        self.cancelled = 0
        """Replies that were closed or cancelled before their end."""

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str, None]:
        _keep(self.requests, tuple(messages))
        text = self._rule(messages)
        for mark in options.stop:
            text = text.split(mark, 1)[0]
        complete = False
        try:
            await asyncio.sleep(self._first_token_s)
            tokens = re.findall(r"\s*\S+", text)[: options.max_tokens]
            for index, token in enumerate(tokens):
                if index:
                    await asyncio.sleep(self._token_s)
                self.tokens += 1
                yield token
            complete = True
        finally:
            self.cancelled += not complete

    async def prefill(self, messages: Sequence[ChatMessage]) -> None:
        _keep(self.prefills, tuple(messages))
        await asyncio.sleep(self._prefill_s)


class EchoLanguageModel(ScriptedLanguageModel):
    """Repeats what the person said last, after `prefix`."""

    name = "echo"

    def __init__(
        self,
        prefix: str = "You said: ",
        *,
        first_token_s: float = 0.0,
        tokens_per_s: float = 0.0,
    ) -> None:
        def echo(messages: Sequence[ChatMessage]) -> str:
            said = [message.content for message in messages if message.role == "user"]
            return prefix + said[-1] if said else prefix.strip()

        super().__init__(echo, first_token_s=first_token_s, tokens_per_s=tokens_per_s)


def _keep(record: list[T], what: T) -> None:
    """Add to a record for tests, which must not grow for ever in a server."""
    record.append(what)
    del record[:-MAX_RECORD]


def _by_turn(replies: tuple[str, ...]) -> Reply:
    if not replies:
        raise ModelError("A scripted language model needs at least one reply; the list is empty.")

    def rule(messages: Sequence[ChatMessage]) -> str:
        turn = sum(message.role == "user" for message in messages)
        return replies[max(0, turn - 1) % len(replies)]

    return rule


class ToneTextToSpeech:
    """`TextToSpeech` that speaks every word as a tone.

    A word lasts `seconds_per_char` for each of its characters and is followed by a pause of
    `pause_s` (none after the last), so length is proportional to text. A word's end is the
    exact sample after its tone. Pitch follows from the word alone. The first piece comes
    after `first_piece_s`; with `words_per_piece` the text comes in pieces of so many words.
    """

    name = "tone"

    def __init__(
        self,
        *,
        seconds_per_char: float = 0.06,
        pause_s: float = 0.04,
        first_piece_s: float = 0.0,
        words_per_piece: int | None = None,
        amplitude: float = 0.25,
    ) -> None:
        self._char_s = seconds_per_char
        self._pause_s = pause_s
        self._first_piece_s = first_piece_s
        self._words_per_piece = words_per_piece
        self._amplitude = amplitude
        self.requests: list[str] = []
        """The texts asked for, in order."""

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        _keep(self.requests, text)
        words = text.split()
        step = self._words_per_piece or max(1, len(words))
        await asyncio.sleep(self._first_piece_s)
        for start in range(0, len(words), step):
            last = start + step >= len(words)
            yield self._speak(words[start : start + step], voice.speed, pause_at_end=not last)
            await asyncio.sleep(0)

    def _speak(self, words: list[str], speed: float, *, pause_at_end: bool) -> Speech:
        pause = np.zeros(round(self._pause_s / speed * RATE_OUT), np.int16)
        parts: list[Pcm] = []
        ends: list[tuple[str, int]] = []
        length = 0
        for index, word in enumerate(words):
            tone = self._tone(word, speed)
            length += len(tone)
            parts.append(tone)
            ends.append((word, length))
            if pause_at_end or index < len(words) - 1:
                parts.append(pause)
                length += len(pause)
        return Speech(pcm=np.concatenate(parts), words=tuple(ends))

    def _tone(self, word: str, speed: float) -> Pcm:
        count = max(1, round(len(word) * self._char_s / speed * RATE_OUT))
        hertz = 220.0 + sum(word.encode()) % 400
        time = np.arange(count) / RATE_OUT
        # 5 ms ramps: a tone cut hard at both ends clicks, and clicks fool level meters.
        ramp = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.005)
        wave = self._amplitude * ramp * np.sin(2 * np.pi * hertz * time)
        return np.round(wave * 32767).astype(np.int16)


class FixedTurnDetector:
    """`TurnDetector` that always gives `score`, or what the rule says, after `delay_s`."""

    def __init__(self, score: float | Callable[[Pcm], float] = 0.9, *, delay_s: float = 0.0):
        self._score = score
        self._delay_s = delay_s
        self.calls = 0

    async def score(self, pcm: Pcm) -> float:
        self.calls += 1
        await asyncio.sleep(self._delay_s)
        return self._score(pcm) if callable(self._score) else self._score


def scripted_models(
    utterances: Sequence[str | ScriptedUtterance],
    replies: Sequence[str] | Reply | None = None,
) -> ModelSet:
    """A whole set with no delays: scripted recognition, energy VAD, tones. Without `replies`
    the agent echoes what was said."""
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText(utterances),
        turn=FixedTurnDetector(),
        llm=EchoLanguageModel() if replies is None else ScriptedLanguageModel(replies),
        tts=ToneTextToSpeech(),
    )
