"""Batches of the native line, gathered into one recording a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lineloss.ends import Recording
from visavis.seam import Mark

RATE = 16_000
FRAME = RATE // 50


@dataclass
class Heard:
    """Frames of one call."""

    positions: list[int] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    frames: list[NDArray[np.int16]] = field(default_factory=list)

    def recording(self, spoke_at: float, notes: dict[str, Any]) -> Recording:
        """On the line's own timeline: a frame lies where its position says."""
        positions = np.array(self.positions, np.int64)
        starts = positions - (positions[0] if len(positions) else 0)
        pcm = np.zeros(int(starts[-1]) + FRAME if len(starts) else 0, np.int16)
        for start, frame in zip(starts.tolist(), self.frames, strict=True):
            pcm[start : start + FRAME] = frame
        guessed = np.array([m in (Mark.CONCEALED, Mark.MISSING) for m in self.marks], np.uint8)
        counts = {mark.name.lower(): self.marks.count(mark) for mark in Mark}
        return Recording(
            RATE,
            pcm,
            starts,
            np.array(self.at),
            guessed,
            spoke_at=spoke_at,
            notes={**notes, **counts},
        )


class Listener:
    """Keeps what comes after `start` (on the batches' clock); None: nothing."""

    def __init__(self) -> None:
        self.start: float | None = None
        self.heard: dict[int, Heard] = {}

    def take(self, batch: Any) -> None:
        if self.start is None or batch.now < self.start or not batch.calls:
            return
        calls = np.frombuffer(batch.calls, "<i8")
        positions = np.frombuffer(batch.positions, "<i8")
        marks = np.frombuffer(batch.marks, np.uint8)
        pcm = np.frombuffer(batch.pcm, "<i2").reshape(len(calls), FRAME)
        for i, call in enumerate(calls.tolist()):
            heard = self.heard.setdefault(call, Heard())
            heard.positions.append(int(positions[i]))
            heard.at.append(batch.now - self.start)
            heard.marks.append(int(marks[i]))
            heard.frames.append(pcm[i])
