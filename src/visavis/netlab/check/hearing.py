"""A recogniser for virtual time that needs no weights: it knows what is said and hears those words
whose sound came.

A word counts as heard if at least `TRUSTED` of its 20 ms frames were received, or rebuilt from
redundancy, by the time it is asked; what was concealed or missing is no speech. That measures the
network and the line, not how well a recogniser understands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from visavis.caller import Utterance
from visavis.caller.track import SpokenClock
from visavis.line import FrameIn
from visavis.models.protocols import Transcript, Word
from visavis.seam import FRAME_IN, RATE_IN, Mark, Pcm

TRUSTED = 0.8
_UNKNOWN = "word"
_UNKNOWN_S = 0.3
"""A recording without a text is taken for such words, which are counted nowhere."""


@dataclass(slots=True, frozen=True)
class Placed:
    """One word in the microphone's stream, 16 kHz samples."""

    text: str
    start: int
    end: int


def place_words(utterance: Utterance, start: int) -> list[Placed]:
    """The words of a recording that begins at sample `start`, spread over its speech in
    proportion to their letters."""
    region = utterance.speech
    length = region.end - region.start
    words = utterance.text.split() if utterance.text else []
    words = words or [_UNKNOWN] * max(1, round(length / RATE_IN / _UNKNOWN_S))
    letters = sum(map(len, words))
    placed, before = [], 0
    for word in words:
        first = start + region.start + length * before // letters
        before += len(word)
        placed.append(Placed(word, first, start + region.start + length * before // letters))
    return placed


class Hearing:
    """Which of the person's sound has reached the server. One call, virtual time: both ends share
    a clock, and the line tells when the far end captured a frame (abs-capture-time)."""

    def __init__(self) -> None:
        self._clock = SpokenClock(RATE_IN)
        self._words: list[Placed] = []
        self._came: set[int] = set()
        """Frames, by position in 20 ms."""
        self._origin: float | None = None
        """When the sample at position 0 was said."""
        self.position = 0
        """End of the sound that was handed up."""

    def said(self, utterance: Utterance, start: int) -> None:
        """The person begins an utterance with this sample of the microphone."""
        self._words += place_words(utterance, start)

    def sent(self, samples: int, at: float) -> None:
        """So many samples of the microphone had left by `at`."""
        self._clock.sent(samples, at)

    def frame(self, frame: FrameIn) -> None:
        """The server got a frame, at 16 kHz."""
        if frame.mark is Mark.AWAITED:
            return
        self.position = frame.position + len(frame.pcm)
        if frame.mark in (Mark.RECEIVED, Mark.RECOVERED):
            self._came.add(frame.position // FRAME_IN)
        if frame.captured is not None:
            self._origin = frame.captured - frame.position / RATE_IN

    def understood(self, start: int, end: int) -> list[str]:
        """The words heard between two positions."""
        placed = self._placed(start)
        return [word for word, first, last in placed if self._heard(first, last, end)]

    def _placed(self, start: int) -> Sequence[tuple[str, int, int]]:
        """Words said from a position on, by position."""
        if self._origin is None:
            return []
        found = []
        for word in self._words:
            first, last = self._clock.spoken_at(word.start), self._clock.spoken_at(word.end - 1)
            if first is None or last is None:
                continue
            at = round((first - self._origin) * RATE_IN)
            until = round((last - self._origin) * RATE_IN)
            # Who begins to listen in mid-word has its greater part, or not.
            if start <= (at + until) // 2:
                found.append((word.text, at, until))
        return found

    def _heard(self, first: int, last: int, end: int) -> bool:
        frames = range(first // FRAME_IN, last // FRAME_IN + 1)
        came = sum(frame in self._came for frame in frames if frame * FRAME_IN < end)
        return came >= TRUSTED * len(frames)


class HearingSpeechToText:
    """`SpeechToText` over a `Hearing`; a decode takes `decode_s`."""

    name = "hearing"
    partials = True

    def __init__(self, hearing: Hearing, *, decode_s: float) -> None:
        self.hearing = hearing
        self.decode_s = decode_s

    def stream(self, *, language: str | None = None) -> HearingStream:
        return HearingStream(self)


class HearingStream:
    def __init__(self, model: HearingSpeechToText) -> None:
        self._model = model
        self._pushed = 0
        self._ticket = 0
        self._last = Transcript("")

    def push(self, pcm: Pcm) -> None:
        self._pushed += len(pcm)

    async def decode(self, *, final: bool = False) -> Transcript:
        self._ticket += 1
        ticket = self._ticket
        end = self._model.hearing.position
        words = self._model.hearing.understood(end - self._pushed, end)
        now = Transcript(" ".join(words), tuple(map(Word, words)), final=final)
        await asyncio.sleep(self._model.decode_s)
        if ticket == self._ticket:
            self._last = now
        return self._last

    def reset(self) -> None:
        self._ticket += 1
        self._pushed = 0
        self._last = Transcript("")

    async def aclose(self) -> None:
        self._ticket += 1
