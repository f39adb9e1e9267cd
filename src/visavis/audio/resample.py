"""Change of sample rate: whole recordings by soxr, live streams by a short filter of our own."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import soxr
from numpy.typing import NDArray

from visavis.seam import Pcm

_ZERO_CROSSINGS = 14
"""Of the filter, to each side: 70 dB of stop band, 0.9 ms of delay at 16 kHz."""
_KAISER = 7.0


def resample(pcm: Pcm, rate_from: int, rate_to: int) -> Pcm:
    """A whole recording at another rate: int16 [n] -> int16 [round(n * to / from)]."""
    if rate_from == rate_to or not len(pcm):
        return pcm
    out: Pcm = np.asarray(soxr.resample(pcm, rate_from, rate_to, quality="HQ"), np.int16)
    return out


class StreamResampler:
    """A stream at another rate, piece by piece, without clicks at the joints.

    n samples in give n * to / from out at once (rounded up over the whole stream), delayed by
    `delay_s`. soxr's own streams work in blocks and hold back up to 20 ms, which a conversation
    would feel twice; hence this polyphase filter.
    """

    def __init__(self, rate_from: int, rate_to: int) -> None:
        divisor = math.gcd(rate_from, rate_to)
        self._up, self._down = rate_to // divisor, rate_from // divisor
        self._phases = _filter(self._up, self._down)
        taps = self._phases.shape[1]
        self.delay_s = 0.0 if self._up == self._down else taps / 2 / rate_from
        """How much later a sound comes out than it went in."""
        self._tail = math.ceil(taps / 2)
        self._history = np.zeros(taps - 1, np.float32)
        self._next = 0
        """Where the next output sample lies after the next input sample, in units of 1/up."""

    def push(self, pcm: Pcm) -> Pcm:
        """int16 [n] in; what became complete out."""
        if self._up == self._down or not len(pcm):
            return pcm
        signal = np.concatenate([self._history, pcm.astype(np.float32)])
        places = np.arange(self._next, len(pcm) * self._up, self._down)
        self._next = self._next + len(places) * self._down - len(pcm) * self._up
        taps = self._phases.shape[1]
        self._history = signal[len(signal) - (taps - 1) :]
        windows = np.lib.stride_tricks.sliding_window_view(signal, taps)[places // self._up]
        out = np.einsum("ij,ij->i", windows, self._phases[places % self._up])
        samples: Pcm = np.clip(np.rint(out), -32768, 32767).astype(np.int16)
        return samples

    def flush(self) -> Pcm:
        """The delayed rest, at the end of the stream."""
        if self._up == self._down:
            return np.zeros(0, np.int16)
        return self.push(np.zeros(self._tail, np.int16))


@lru_cache(maxsize=16)
def _filter(up: int, down: int) -> NDArray[np.float32]:
    """Kaiser-windowed sinc below the lower of both bands: float32 [up, taps], row p for output
    samples p/up after an input sample, newest input last."""
    # A little below the band's edge, so that the slope ends near it.
    cutoff = 0.93 * min(1.0, up / down)
    taps = 2 * math.ceil(_ZERO_CROSSINGS / min(1.0, up / down))
    # Row p looks at inputs taps - 1 … 0 samples before, its centre in the middle.
    place = np.arange(taps)[None, :] - taps / 2 + 1 - np.arange(up)[:, None] / up
    window = np.i0(_KAISER * np.sqrt(np.maximum(0, 1 - (place / (taps / 2)) ** 2)))
    rows = np.sinc(cutoff * place) * window
    rows /= rows.sum(axis=1, keepdims=True)
    filtered: NDArray[np.float32] = rows.astype(np.float32)
    return filtered
