"""A microphone made of recordings: a stream that never stops, with speech put into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visavis.caller.script import Utterance
from visavis.seam import Pcm

FLOOR_LSB = 3.0
"""Standard deviation of the noise floor (about -81 dBFS): quieter than any real microphone, yet
not digital silence, which some encoders stop sending."""


@dataclass(slots=True)
class Spoken:
    """An utterance and where in the microphone's stream it lies."""

    utterance: Utterance
    start: int
    """Index of the recording's first sample."""

    @property
    def speech_start(self) -> int:
        return self.start + self.utterance.speech.start

    @property
    def speech_end(self) -> int:
        """One past the last voiced sample."""
        return self.start + self.utterance.speech.end

    @property
    def end(self) -> int:
        return self.start + len(self.utterance.pcm)


class Microphone:
    """16 kHz int16 mono. `take` is called by whoever sends, in real time."""

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self.position = 0
        """Samples taken so far."""
        self.spoken: list[Spoken] = []

    @property
    def speaking(self) -> bool:
        """Whether speech of an utterance is still to come out."""
        return bool(self.spoken) and self.position < self.spoken[-1].end

    def say(self, utterance: Utterance) -> Spoken:
        """Begin an utterance with the next sample taken; one still running is overlaid."""
        spoken = Spoken(utterance, self.position)
        self.spoken.append(spoken)
        return spoken

    def take(self, count: int) -> Pcm:
        """The next `count` samples."""
        mixed = self._random.normal(0.0, FLOOR_LSB, count)
        for spoken in self.spoken[-2:]:
            first, end = max(self.position, spoken.start), min(self.position + count, spoken.end)
            if first < end:
                source = spoken.utterance.pcm[first - spoken.start : end - spoken.start]
                mixed[first - self.position : end - self.position] += source
        self.position += count
        return np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
