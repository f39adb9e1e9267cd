"""Speech made by the project's own voice, so that the tests need no recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

from visavis.errors import WeightsError
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel
from visavis.seam import RATE_IN, RATE_OUT, Pcm

Say = Callable[..., Pcm]


@pytest.fixture(scope="session")
def say() -> Say:
    """Text to 16 kHz samples, with silence of `before` and `after` seconds around."""
    pytest.importorskip("hibari", reason="hibari-tts is not installed (visavis[embedded])")
    from visavis.models.embedded.hibari_voice import HibariVoice

    voice = HibariVoice()

    def speak(text: str, *, before: float = 0.0, after: float = 0.0) -> Pcm:
        pcm = voice.speak(Cancel(), text).pcm
        low = soxr.resample(pcm, RATE_OUT, RATE_IN)
        return np.pad(low, (int(before * RATE_IN), int(after * RATE_IN))).astype(np.int16)

    return speak


@pytest.fixture(scope="session")
def speech_weights() -> WeightsStore:
    store = WeightsStore()
    try:
        if not store.has("speech"):
            pytest.skip("the speech weights are not here: run `visavis models pull speech`")
    except WeightsError as error:
        pytest.skip(str(error))
    return store


@pytest.fixture(scope="session")
def weights() -> Path:
    """The smallest language model's file."""
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (visavis[embedded])")
    try:
        return WeightsStore().path("llm-test")
    except WeightsError as error:
        pytest.skip(f"the test language model is not here: {error}")
