"""How something is said: pitch, melody, loudness and pauses of one utterance, as it streams.

Pitch is the highest peak of the normalised autocorrelation of 40 ms windows every 20 ms (Boersma,
"Accurate short-term analysis of the fundamental frequency", 1993, without its path search). All
windows of one `push` are measured at once, so that a second of speech costs about 3 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
WINDOW = 640
HOP = 320
_FFT = 2048
_LOW_HZ, _HIGH_HZ = 75.0, 400.0
_PERIODIC = 0.55
"""Autocorrelation at the period, of 1, from which a window is voiced."""
_OCTAVE = 0.9
"""A shorter period wins if it is this much as good as the best: the pitch is not half of it."""
_QUIET_DB = 25.0
"""Windows so far below the loudest are no speech."""
_MOST = 3000
"""Windows kept, a minute; later ones are left out."""
_BATCH = 5 * HOP
"""Measured at once: one by one would cost five times as much."""
_LEAST_VOICED = 12
"""Fewer voiced windows (a quarter of a second) say nothing."""
_EDGE = round(1000 * _FFT / RATE)
"""Bin of 1 kHz."""

Samples = NDArray[np.int16]
_HANN = np.hanning(WINDOW).astype(np.float32)
_OWN = np.fft.irfft(np.abs(np.fft.rfft(_HANN, _FFT)) ** 2)[: int(RATE / _LOW_HZ) + 1]
_OWN = (_OWN / _OWN[0]).astype(np.float32)
"""The window's own autocorrelation, which is divided out."""


@dataclass(slots=True, frozen=True)
class Prosody:
    """Of one utterance."""

    pitch: float
    """Semitones above 100 Hz, the median of voiced windows."""
    spread: float
    """Semitones between the 10th and the 90th percentile of the pitch."""
    level: float
    """Decibels below full scale, the mean of voiced windows."""
    tilt: float
    """Decibels of what is above 1 kHz over what is below; effort raises it."""
    seconds: float
    """From the first to the last window of speech."""
    paused: float
    """Share of that which is no speech."""


class ProsodyMeter:
    """Push an utterance's 16 kHz samples as they come; `read` at any time."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.int16)
        self._pitch: list[float] = []
        """Hz, 0 where there is none."""
        self._level: list[float] = []
        self._tilt: list[float] = []

    def push(self, pcm: Samples) -> None:
        self._rest = np.concatenate([self._rest, pcm])
        if len(self._level) >= _MOST:
            self._rest = self._rest[:0]
        elif len(self._rest) >= WINDOW + _BATCH:
            self._take()

    def _take(self) -> None:
        count = (len(self._rest) - WINDOW) // HOP + 1
        windows = np.lib.stride_tricks.sliding_window_view(self._rest, WINDOW)[::HOP][:count]
        self._measure(windows.astype(np.float32) / np.float32(32768))
        self._rest = self._rest[count * HOP :]

    def read(self) -> Prosody | None:
        """None if too little of it is voiced."""
        if len(self._rest) >= WINDOW:
            self._take()
        pitch, level = np.array(self._pitch), np.array(self._level)
        if len(level) < _LEAST_VOICED:
            return None
        speech = level > level.max() - _QUIET_DB
        voiced = speech & (pitch > 0)
        if voiced.sum() < _LEAST_VOICED:
            return None
        tones = 12 * np.log2(pitch[voiced] / 100)
        # The period is now and then found an octave off: those are no melody.
        tones = tones[np.abs(tones - np.median(tones)) < 10]
        low, middle, high = np.percentile(tones, [10, 50, 90])
        where = np.flatnonzero(speech)
        span = where[-1] - where[0] + 1
        return Prosody(
            pitch=float(middle),
            spread=float(high - low),
            level=float(10 * np.log10((10 ** (level[voiced] / 10)).mean())),
            tilt=float(np.array(self._tilt)[voiced].mean()),
            seconds=float(span * HOP / RATE),
            paused=float(1 - len(where) / span),
        )

    def _measure(self, windows: NDArray[np.float32]) -> None:
        power = np.abs(np.fft.rfft(windows * _HANN, _FFT)) ** 2
        same = np.fft.irfft(power)[:, : len(_OWN)]
        loud = np.maximum(same[:, 0], 1e-12)
        same = same / loud[:, None] / _OWN
        first = int(RATE / _HIGH_HZ)
        field = same[:, first:]
        best = field.max(1)
        # The first lag that is nearly as good as the best is a peak's flank: climb it.
        near = (field >= _OCTAVE * best[:, None]).argmax(1)
        for row, (lag, top) in enumerate(zip(near.tolist(), best.tolist(), strict=True)):
            line = field[row]
            while lag + 1 < len(line) and line[lag + 1] > line[lag]:
                lag += 1
            self._pitch.append(RATE / (lag + first) if top >= _PERIODIC and lag else 0.0)
        self._level += (10 * np.log10((windows**2).mean(1) + 1e-12)).tolist()
        high = power[:, _EDGE:].sum(1) + 1e-12
        self._tilt += (10 * np.log10(high / (power[:, :_EDGE].sum(1) + 1e-12))).tolist()
