"""One side of a call on the time line: frames and when their first sample was said or heard."""

from __future__ import annotations

import numpy as np

from visavis.seam import Pcm

GAP_S = 0.03
"""Frames further off than this from where they were expected begin a new stretch. A tick that
ran a little late does not: the sound card would not have stopped for it."""


class Track:
    """Frames of one side, at one rate, each with the time of its first sample.

    Within a stretch without gaps the samples follow one another at the rate exactly; the
    stretch stands where the median of its frames' times says.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._times: list[float] = []
        self._frames: list[Pcm] = []

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, at: float, pcm: Pcm) -> None:
        """Append a frame whose first sample was said or heard at `at`."""
        self._times.append(at)
        self._frames.append(pcm)

    @property
    def end(self) -> float | None:
        """When the last frame ends."""
        if not self._times:
            return None
        return self._times[-1] + len(self._frames[-1]) / self.rate

    def stretches(self) -> list[tuple[float, Pcm]]:
        """(time of the first sample, samples) of each stretch without a gap, in order."""
        stretches: list[tuple[float, Pcm]] = []
        offsets: list[float] = []
        frames: list[Pcm] = []
        length = 0

        def close() -> None:
            if frames:
                stretches.append((float(np.median(offsets)), np.concatenate(frames)))

        for at, frame in zip(self._times, self._frames, strict=True):
            offset = at - length / self.rate
            if frames and abs(offset - offsets[-1]) > GAP_S:
                close()
                offsets, frames, length = [], [], 0
                offset = at
            offsets.append(offset)
            frames.append(frame)
            length += len(frame)
        close()
        return stretches

    def render(self, start: float, end: float) -> Pcm:
        """All of it from `start` to `end`, gaps filled with zeros: int16 [(end-start) * rate]."""
        out = np.zeros(max(0, round((end - start) * self.rate)), np.int16)
        for at, pcm in self.stretches():
            first = round((at - start) * self.rate)
            source = max(0, -first)
            first = max(0, first)
            count = min(len(pcm) - source, len(out) - first)
            if count > 0:
                out[first : first + count] = pcm[source : source + count]
        return out


class SpokenClock:
    """When each sample of a continuous stream was spoken, from when its frames were sent.

    A frame of 20 ms leaves when its last sample has been spoken; so a sample is as old as it
    lies before the end of what had been sent.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._sent: list[int] = [0]
        self._at: list[float] = []

    def sent(self, samples: int, at: float) -> None:
        """So many samples of the stream had left by `at`."""
        if samples > self._sent[-1]:
            self._sent.append(samples)
            self._at.append(at)

    @property
    def samples(self) -> int:
        """How many have left."""
        return self._sent[-1]

    def spoken_at(self, sample: int) -> float | None:
        """When the sample was spoken; None if it has not left yet."""
        if not 0 <= sample < self._sent[-1]:
            return None
        index = int(np.searchsorted(self._sent, sample, side="right"))
        return self._at[index - 1] - (self._sent[index] - sample) / self._rate

    def frames(self) -> list[tuple[int, int, float]]:
        """(first sample, end, time of the first sample) of each run that left together."""
        return [
            (first, end, at - (end - first) / self._rate)
            for first, end, at in zip(self._sent, self._sent[1:], self._at, strict=False)
        ]
