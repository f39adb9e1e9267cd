"""End of turn from the sound alone: Smart Turn v3.2 over the last 8 s, and how the speech ended.

The network takes Whisper's log-mel features of exactly 8 s, the speech at the end and zeros in
front, normalised to zero mean and unit variance. It finds nearly all complete turns, but also
accepts many incomplete ones, the more the longer the silence: it should be asked at once. Its score
is weighed with the fall of the pitch and the fading of the voice, which tell as much: together, on
speakers that nothing was fitted on, the area under the ROC curve goes from 0.84 to 0.92
(`bench/turns/fit.py`).
"""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from visavis.models.embedded.onnx import interruptible, open_session, run
from visavis.models.embedded.prosody import ending
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel, Runs, Worker
from visavis.odds import log_odds, probability
from visavis.seam import RATE_IN, Pcm

_SAMPLES = 8 * RATE_IN
_FFT, _HOP, _MELS = 400, 160, 80
_SHORTEST = RATE_IN // 10
_BASE, _NETWORK, _FALL, _FADE = 0.72, 0.22, 0.12, 0.10
"""In units of log odds: fitted by `bench/turns/fit.py`."""


class SmartTurn:
    """Probability that a turn is over (`TurnDetector`)."""

    def __init__(self, session: ort.InferenceSession, worker: Runs | None = None) -> None:
        self._session = session
        self._worker = worker if worker is not None else Worker("end of turn", queue=32)

    @classmethod
    def load(cls, store: WeightsStore, worker: Runs | None = None) -> SmartTurn:
        """Raises `WeightsError` if the weights are not there."""
        turn = cls(open_session(store.path("smart-turn-v3.2-cpu.onnx")), worker)
        turn.probability(Cancel(), np.zeros(RATE_IN, np.int16))
        return turn

    async def score(self, pcm: Pcm) -> float:
        """Of int16 16 kHz samples, shape [n]; only the last 8 s count. Under 0.1 s gives 0."""
        if len(pcm) < _SHORTEST:
            return 0.0
        return await self._worker.run(self.weigh, pcm[-_SAMPLES:].copy(), key=object())

    def weigh(self, cancel: Cancel, pcm: Pcm) -> float:
        """The same on the calling thread. Raises `Cancelled`."""
        odds = _BASE + _NETWORK * log_odds(self.probability(cancel, pcm))
        ended = ending(pcm)
        if ended is not None:
            odds += _FALL * ended.falls + _FADE * ended.fades
        return probability(odds)

    def probability(self, cancel: Cancel, pcm: Pcm) -> float:
        """What the network alone says."""
        feed = {"input_features": log_mel(pcm)[None]}
        options = interruptible(cancel)
        out = run(cancel, "the end-of-turn model", lambda: self._session.run(None, feed, options))
        return float(np.asarray(out[0]).reshape(-1)[0])

    async def aclose(self) -> None:
        await self._worker.aclose()


def log_mel(pcm: Pcm) -> NDArray[np.float32]:
    """Whisper's features, shape [80, 800], of up to 8 s of int16 samples ending now."""
    x = np.zeros(_SAMPLES, np.float32)
    tail = pcm[-_SAMPLES:]
    x[_SAMPLES - len(tail) :] = tail.astype(np.float32) / 32768
    x = (x - x.mean()) / np.sqrt(x.var() + 1e-7)
    return mel_of(x)


def mel_of(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whisper's features of float32 16 kHz samples, shape [80, samples / 160]."""
    padded = np.pad(x, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][: len(x) // _HOP]
    spectrum = np.fft.rfft(frames * _WINDOW, axis=1).astype(np.complex64)
    power = spectrum.real**2 + spectrum.imag**2
    mel = np.log10(np.maximum(power @ _FILTERS, 1e-10))
    mel = np.maximum(mel, mel.max() - 8.0)
    features: NDArray[np.float32] = np.ascontiguousarray(((mel + 4.0) / 4.0).T, np.float32)
    return features


def _mel_filters() -> NDArray[np.float32]:
    """Slaney's triangles with equal area, shape [201, 80], 0 to 8 kHz."""
    # Linear up to 1 kHz (15 mel), logarithmic above.
    step = np.log(6.4) / 27.0
    top = 15.0 + np.log(8.0) / step
    mels = np.linspace(0.0, top, _MELS + 2)
    edges = np.where(mels < 15.0, mels * 200.0 / 3.0, 1000.0 * np.exp((mels - 15.0) * step))
    bins = np.linspace(0.0, RATE_IN / 2, _FFT // 2 + 1)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    filters: NDArray[np.float32] = (triangles * 2.0 / (high - low)).astype(np.float32)
    return filters


_WINDOW = np.hanning(_FFT + 1)[:-1].astype(np.float32)
_FILTERS = _mel_filters()
