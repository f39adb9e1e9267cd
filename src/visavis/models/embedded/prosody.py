"""How a stretch of speech ends: whether the pitch fell, and how the voice died away.

Pitch by normalised autocorrelation (Rabiner, "On the use of autocorrelation analysis for pitch
detection", IEEE Trans. ASSP 25, 1977), at 8 kHz, about a millisecond of work for two seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavis.seam import RATE_IN, Pcm

_RATE = RATE_IN // 2
_FRAME, _HOP = _RATE // 25, _RATE // 100
"""40 ms every 10 ms."""
_LOWEST, _HIGHEST = 65.0, 400.0
_VOICED = 0.5
"""Correlation of a frame with itself one period later that only a voice has."""
_LOOKED_AT_S = 2.5
_BLOCK = _RATE // 200
_OVER_DB = 28.0
"""Sound so far below the loudest 5 ms is the room's, or dies away in it."""
_LAST = 12
"""Voiced frames that are the end."""
_LEAST = 20
"""Voiced frames without which nothing is said of pitch."""


@dataclass(slots=True, frozen=True)
class Ending:
    """How speech ended."""

    fall: float
    """Semitones by which the last voiced 0.12 s lie below the middle of what came before; less
    than 0 if the pitch rose."""
    fade: float
    """Decibels by which they are softer than what came before."""

    @property
    def falls(self) -> float:
        """The fall as a cue: around 0 where ends and pauses are alike, and bounded."""
        return min(6.0, max(-6.0, self.fall - 3.0))

    @property
    def fades(self) -> float:
        """The fade as a cue."""
        return min(10.0, max(-10.0, self.fade - 5.0))


def ending(pcm: Pcm) -> Ending | None:
    """Of int16 16 kHz samples, shape [n], with or without the silence that followed. None if there
    is too little voice to say."""
    x = pcm[-round(_LOOKED_AT_S * RATE_IN) :].astype(np.float32)
    x = _voice(x[: len(x) // 2 * 2].reshape(-1, 2).mean(1))
    if len(x) < _FRAME + _LEAST * _HOP:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(x, _FRAME)[::_HOP]
    pitch, voiced = _pitch(frames - frames.mean(1, keepdims=True))
    level = 10 * np.log10((frames**2).mean(1) + 1.0)
    voiced &= level > level.max() - 35
    if voiced.sum() < _LEAST:
        return None
    at = np.flatnonzero(voiced)
    tones = 12 * np.log2(pitch[at])
    last, before = tones[-_LAST:], tones[:-_LAST]
    loud = level[at]
    return Ending(
        fall=float(np.median(before) - np.median(last)),
        fade=float(np.median(loud[:-_LAST]) - np.median(loud[-_LAST:])),
    )


def _voice(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Up to the end of the last loud block: a frame that reaches beyond it looks like a fading
    voice, however the voice ended."""
    blocks = (x[: len(x) // _BLOCK * _BLOCK].reshape(-1, _BLOCK) ** 2).mean(1)
    loud = np.flatnonzero(blocks > blocks.max(initial=0.0) * 10 ** (-_OVER_DB / 10))
    return x[: (loud[-1] + 1) * _BLOCK] if len(loud) else x[:0]


def _pitch(frames: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Hertz of each frame, and whether it has a pitch."""
    size = 2 * _FRAME
    spectrum = np.fft.rfft(frames, size, axis=1)
    power = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size, axis=1)
    first, last = int(_RATE / _HIGHEST), int(_RATE / _LOWEST)
    lags = np.arange(first, last)
    # What two overlapping parts have in common, against the energy of those parts.
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    head = energy[:, _FRAME - lags]
    tail = energy[:, -1:] - energy[:, lags]
    match = power[:, first:last] / (np.sqrt(head * tail) + 1e-3)
    # Twice a period matches as well: the shortest that is nearly the best is the period.
    good = match >= match.max(1, keepdims=True) * 0.9
    best = good.argmax(1)
    voiced = match[np.arange(len(frames)), best] > _VOICED
    return (_RATE / (first + best)).astype(np.float32), voiced
