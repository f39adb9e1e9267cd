"""A voice of tones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np

from visavis.models.protocols import DEFAULT_VOICE, Speech, Voice
from visavis.models.scripted.record import keep
from visavis.seam import RATE_OUT, Pcm


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
        keep(self.requests, text)
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
