"""Whose voice it is: CAM++ (`campplus`) over Kaldi's filter-bank features.

An embedding is a direction; the cosine of two tells how likely they are of one person.
"""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from visavis.errors import WeightsError
from visavis.models.embedded.onnx import interruptible, open_session, run
from visavis.models.embedded.torch_file import read_tensors
from visavis.models.protocols import Embedding
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel, Runs, Worker
from visavis.seam import RATE_IN, Pcm

WEIGHTS = "campplus-zh-en-common.pt"
_WINDOW, _HOP, _FFT, _BANDS = 400, 160, 512, 80
_LOW_HZ = 20.0
_EMPHASIS = 0.97
_SHORTEST = RATE_IN * 3 // 10
_LONGEST = 6 * RATE_IN
"""More costs time and tells next to nothing."""


class CampPlus:
    """Speaker embeddings (`SpeakerModel`)."""

    def __init__(self, session: ort.InferenceSession, worker: Runs | None = None) -> None:
        self._session = session
        # It must never hold up what the person waits for.
        self._worker = worker if worker is not None else Worker("speaker", queue=16, nice=10)

    @classmethod
    def load(cls, store: WeightsStore, worker: Runs | None = None) -> CampPlus:
        """Blocks for about a second. Raises `WeightsError` if the weights are not there."""
        from visavis.models.embedded.campplus import build  # onnx is slow to import

        path = store.path(WEIGHTS)
        try:
            graph = build(read_tensors(path))
        except KeyError as error:
            raise WeightsError(f"{path} is of another network: it has no {error}") from error
        return cls(open_session(graph), worker)

    async def embed(self, pcm: Pcm) -> Embedding | None:
        """Of int16 16 kHz samples, shape [n], mostly voice; None if there is under 0.3 s. The
        last 6 s count. float32, shape [192], length 1."""
        if len(pcm) < _SHORTEST:
            return None
        return await self._worker.run(self.compute, pcm[-_LONGEST:].copy(), key=object())

    def compute(self, cancel: Cancel, pcm: Pcm) -> Embedding:
        """The same on the calling thread. Raises `Cancelled`."""
        feed = {"features": features(pcm)[None]}
        options = interruptible(cancel)
        out = run(cancel, "the speaker model", lambda: self._session.run(None, feed, options))
        embedding = np.asarray(out[0], np.float32).reshape(-1)
        normal: Embedding = embedding / max(1e-9, float(np.linalg.norm(embedding)))
        return normal

    async def aclose(self) -> None:
        await self._worker.aclose()


def features(pcm: Pcm) -> NDArray[np.float32]:
    """Kaldi's log filter-bank energies without dither, less their mean: shape [frames, 80]."""
    frames = np.lib.stride_tricks.sliding_window_view(pcm.astype(np.float32) / 32768, _WINDOW)
    x = frames[::_HOP]
    x = x - x.mean(1, keepdims=True)
    x = x - _EMPHASIS * np.concatenate([x[:, :1], x[:, :-1]], axis=1)
    spectrum = np.fft.rfft(x * _POVEY, _FFT)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    energies = np.log(np.maximum(power @ _FILTERS, np.float32(1.19e-7)))
    found: NDArray[np.float32] = (energies - energies.mean(0)).astype(np.float32)
    return found


def _filters() -> NDArray[np.float32]:
    """Triangles on the mel scale, shape [257, 80], 20 Hz to 8 kHz."""

    def mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = 1127 * np.log(1 + hz / 700)
        return found

    low, high = mel(np.array([_LOW_HZ, RATE_IN / 2]))
    edges = np.linspace(low, high, _BANDS + 2)
    bins = mel(np.arange(_FFT // 2 + 1) * RATE_IN / _FFT)[:, None]
    first, middle, last = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((bins - first) / (middle - first), (last - bins) / (last - middle))
    found: NDArray[np.float32] = np.maximum(0.0, triangles).astype(np.float32)
    return found


_POVEY = (np.hanning(_WINDOW) ** 0.85).astype(np.float32)
_FILTERS = _filters()
