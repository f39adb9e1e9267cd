"""Where in a recording each utterance is, and when it was heard.

Buffers stretch time and stacks guess at holes, so an utterance is looked for as a whole first,
then its head and tail each near that place, then block by block between them. All by normalised
cross-correlation of pre-emphasised sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from lineloss.material import RATE, Spoken

_END = int(0.9 * RATE)
"""Samples of a head or tail that is looked for by itself."""
_BLOCK = int(0.24 * RATE)
_LATEST_S = 3.0
"""Nothing is heard later than this after it was said."""
_ALIKE = 0.35
"""Correlation from which a place is believed."""
_SURE = 0.6
"""The same for a block of a quarter of a second."""
_FOUND = 0.12
"""Correlation of a whole utterance below which it was not heard at all."""
_BEFORE, _AFTER = int(0.2 * RATE), int(0.4 * RATE)
"""Of the pauses around it that a recogniser gets too."""

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Timeline:
    """A recording at 16 kHz, and when its samples were heard."""

    pcm: NDArray[np.int16]
    starts: NDArray[np.int64]
    at: NDArray[np.float64]
    sharp: Samples
    """Pre-emphasised."""

    @classmethod
    def of(
        cls, pcm: NDArray[np.int16], starts: NDArray[np.int64], at: NDArray[np.float64]
    ) -> Timeline:
        return cls(pcm, starts, at, emphasised(pcm))

    def heard_at(self, index: int) -> float:
        """Seconds at which this sample was heard."""
        frame = max(0, int(np.searchsorted(self.starts, index, "right")) - 1)
        return float(self.at[frame] + (index - self.starts[frame]) / RATE)

    def index_at(self, seconds: float) -> int:
        """A sample heard at about this time; frames of one batch share theirs."""
        frame = max(0, int(np.searchsorted(self.at, seconds)) - 1)
        return int(self.starts[frame])


@dataclass(frozen=True)
class Place:
    """One utterance in a recording."""

    cut: NDArray[np.int16]
    """What a recogniser gets: the utterance with a little of the pauses around it."""
    laid: NDArray[np.int16]
    """As long as the utterance, each block where it fits best: stretched time undone."""
    span: tuple[int, int]
    """First sample and one past the last in the recording."""
    delays: tuple[float, ...]
    """Mouth-to-ear seconds of its head and tail, those that were found."""


def emphasised(pcm: NDArray[np.int16]) -> Samples:
    sound = pcm.astype(np.float64)
    return sound - 0.95 * np.concatenate(([0.0], sound[:-1]))


def best(part: Samples, where: Samples) -> tuple[int, float]:
    """Offset in `where` at which `part` fits best, and how well (0 … 1)."""
    if len(where) < len(part) or not len(part):
        return 0, 0.0
    product = fftconvolve(where, part[::-1], "valid")
    power = np.concatenate(([0.0], np.cumsum(where**2)))
    power = power[len(part) :] - power[: -len(part)]
    alike = product / np.sqrt(np.maximum(power, 1e-3 * power.max() + 1e-9) * (part @ part) + 1e-9)
    at = int(alike.argmax())
    return at, float(alike[at])


def place(said: NDArray[np.int16], spoken: Spoken, spoke_at: float, heard: Timeline) -> Place:
    """Find `spoken`, a part of the stream `said` whose first sample was given to the stack at
    `spoke_at`, in what was heard."""
    reference = emphasised(said)
    whole = reference[spoken.start : spoken.end]
    began, ended = spoke_at + spoken.start / RATE, spoke_at + spoken.end / RATE
    first = max(0, heard.index_at(began))
    last = min(len(heard.pcm), heard.index_at(ended + _LATEST_S) + 320)
    offset, alike = best(whole, heard.sharp[first:last])
    coarse = first + offset
    if alike < _FOUND:
        # Not there, or past recognition: what was heard at the time.
        end = coarse + len(whole) if alike > 0 else first
        cut = heard.pcm[first:last]
        laid = _fit(heard.pcm[coarse:end], len(whole))
        return Place(cut, laid, (first, min(last, first + len(whole))), ())
    head, head_alike = _near(whole[:_END], heard.sharp, coarse, early=0.5, late=0.5)
    tail_at = max(0, len(whole) - _END)
    tail, tail_alike = _near(whole[tail_at:], heard.sharp, coarse + tail_at, early=1.2, late=1.2)
    delays = []
    if head_alike >= _ALIKE:
        delays.append(heard.heard_at(head) - began)
    else:
        head = coarse
    if tail_alike >= _ALIKE and tail >= head:
        delays.append(heard.heard_at(tail) - (began + tail_at / RATE))
    else:
        tail = coarse + tail_at
    end = tail + len(whole) - tail_at
    cut = heard.pcm[max(0, head - _BEFORE) : end + _AFTER]
    laid = _lay(whole, heard, head)
    return Place(cut, laid, (head, end), tuple(delays))


def _near(
    part: Samples, where: Samples, expected: int, *, early: float, late: float
) -> tuple[int, float]:
    first = max(0, expected - int(early * RATE))
    offset, alike = best(part, where[first : expected + len(part) + int(late * RATE)])
    return first + offset, alike


def _lay(whole: Samples, heard: Timeline, head: int) -> NDArray[np.int16]:
    """Block by block from where it is heard; `head` is where the utterance begins."""
    laid = np.zeros(len(whole), np.int16)
    shift = head
    for start in range(0, len(whole), _BLOCK):
        part = whole[start : start + _BLOCK]
        if len(part) >= _BLOCK // 2:
            # Time is stretched a little at every block; after a hole it may have jumped.
            for reach in (0.03, 0.4):
                at, alike = _near(part, heard.sharp, start + shift, early=reach, late=reach)
                if alike >= _SURE:
                    shift = at - start
                    break
        at = max(0, start + shift)
        laid[start : start + len(part)] = _fit(heard.pcm[at : at + len(part)], len(part))
    return laid


def _fit(pcm: NDArray[np.int16], length: int) -> NDArray[np.int16]:
    """Cut, or padded with zeros."""
    out = np.zeros(length, np.int16)
    out[: min(length, len(pcm))] = pcm[:length]
    return out
