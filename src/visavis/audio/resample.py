"""Change of sample rate, by soxr."""

from __future__ import annotations

import numpy as np
import soxr

from visavis.seam import Pcm


def resample(pcm: Pcm, rate_from: int, rate_to: int) -> Pcm:
    """A whole recording at another rate: int16 [n] -> int16 [round(n * to / from)]."""
    if rate_from == rate_to or not len(pcm):
        return pcm
    out: Pcm = np.asarray(soxr.resample(pcm, rate_from, rate_to, quality="HQ"), np.int16)
    return out


class StreamResampler:
    """A stream at another rate, piece by piece, without clicks at the joints.

    What comes out lags what goes in by soxr's filter delay (a few milliseconds).
    """

    def __init__(self, rate_from: int, rate_to: int) -> None:
        self._same = rate_from == rate_to
        self._stream = soxr.ResampleStream(
            rate_from, rate_to, 1, dtype="int16", quality="LQ" if not self._same else "QQ"
        )

    def push(self, pcm: Pcm) -> Pcm:
        """int16 [n] in; what became complete out, possibly nothing."""
        if self._same:
            return pcm
        out: Pcm = self._stream.resample_chunk(pcm)
        return out

    def flush(self) -> Pcm:
        """The rest, at the end of the stream."""
        if self._same:
            return np.zeros(0, np.int16)
        out: Pcm = self._stream.resample_chunk(np.zeros(0, np.int16), last=True)
        return out
