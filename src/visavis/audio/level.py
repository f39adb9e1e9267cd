"""How loud, and where in a recording somebody speaks.

The region finder decides where a recording's speech truly ends; every voice-to-voice figure
counts from there. It looks at energy alone, so that no model judges itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visavis.seam import Pcm

SILENT_DBFS = -100.0
"""What an all-zero frame is given instead of minus infinity."""

BELOW_PEAK_DB = 32.0
"""A frame this far below the loudest frame is no longer speech of that recording."""
ABOVE_FLOOR_DB = 8.0
"""Speech stands out of the recording's own noise by at least this."""
NEVER_BELOW_DBFS = -60.0
_FRAME_S = 0.01
_MIN_RUN = 3
"""Frames; a single click is not speech."""


class Region(NamedTuple):
    """Samples [start, end) in which somebody speaks."""

    start: int
    end: int


def dbfs(pcm: Pcm) -> float:
    """RMS level of int16 samples, 0 being a full-scale square wave."""
    if not len(pcm):
        return SILENT_DBFS
    mean = float(np.mean(np.square(pcm.astype(np.float64))))
    return SILENT_DBFS if mean <= 0 else max(SILENT_DBFS, 10 * np.log10(mean / 32768.0**2))


def peak_dbfs(pcm: Pcm) -> float:
    """Level of the largest sample."""
    top = int(np.max(np.abs(pcm.astype(np.int32)), initial=0))
    return SILENT_DBFS if top == 0 else max(SILENT_DBFS, 20 * np.log10(top / 32768.0))


def frame_levels(pcm: Pcm, rate: int, frame_s: float = _FRAME_S) -> NDArray[np.float64]:
    """RMS in dBFS of successive frames, float64 [n]; an incomplete last frame is left out."""
    size = max(1, round(rate * frame_s))
    count = len(pcm) // size
    frames = pcm[: count * size].astype(np.float64).reshape(count, size) / 32768.0
    power = np.mean(np.square(frames), axis=1) if count else np.zeros(0)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 10 ** (SILENT_DBFS / 10)))
    return levels


def voiced_regions(pcm: Pcm, rate: int, join_s: float = 0.4) -> list[Region]:
    """Stretches of speech, oldest first; pauses shorter than `join_s` do not split them.

    Ends are exact to a millisecond. Clicks shorter than 30 ms count only as part of a stretch.
    """
    levels = frame_levels(pcm, rate)
    if not len(levels):
        return []
    peak = float(np.max(levels))
    floor = float(np.percentile(levels, 5))
    # In a recording trimmed to its speech the quietest frames are speech themselves: the floor
    # may raise the threshold only while there is room for speech above it.
    threshold = max(peak - BELOW_PEAK_DB, min(floor + ABOVE_FLOOR_DB, peak - 12), NEVER_BELOW_DBFS)
    if peak < threshold:
        return []
    runs = _runs(levels >= threshold, gap=round(join_s / _FRAME_S))
    size = max(1, round(rate * _FRAME_S))
    regions = []
    for first, last in runs:
        if int(np.sum(levels[first:last] >= threshold)) < _MIN_RUN:
            continue
        end = _refine_end(pcm, rate, (last - 1) * size, last * size, threshold)
        regions.append(Region(first * size, end))
    return regions


def voiced_region(pcm: Pcm, rate: int) -> Region | None:
    """From the first to the last voiced sample of a whole recording; None if nobody speaks."""
    regions = voiced_regions(pcm, rate)
    return Region(regions[0].start, regions[-1].end) if regions else None


def _runs(voiced: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Runs [first, last) of voiced frames; runs closer than `gap` frames are one."""
    runs: list[tuple[int, int]] = []
    for index in np.flatnonzero(voiced).tolist():
        if runs and index - runs[-1][1] < max(1, gap):
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _refine_end(pcm: Pcm, rate: int, start: int, end: int, threshold: float) -> int:
    """The last millisecond of the frame [start, end) that is as loud as the threshold."""
    step = max(1, rate // 1000)
    for at in range(end - step, start - 1, -step):
        if dbfs(pcm[at : at + step]) >= threshold:
            return at + step
    return end
