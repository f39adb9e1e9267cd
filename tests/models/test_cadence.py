"""End of turn by how the voice ended."""

import asyncio

import numpy as np

from visavis.models.embedded.cadence import Cadence
from visavis.models.workers import InlineWorker
from visavis.seam import RATE_IN, Pcm


def voice(last_hz: float, last_level: float) -> Pcm:
    """Two seconds of a buzz at 200 Hz whose end goes to another pitch and level."""
    n = np.arange(2 * RATE_IN)
    late = n > 1.8 * RATE_IN
    phase = np.cumsum(np.where(late, last_hz, 200.0)) * 2 * np.pi / RATE_IN
    buzz = sum(np.sin(k * phase) / k for k in range(1, 8))
    return np.asarray(4000 * buzz * np.where(late, last_level, 1.0), np.int16)


def score(pcm: Pcm) -> float:
    return asyncio.run(Cadence(InlineWorker()).score(pcm))


def test_a_voice_that_falls_and_fades_has_more_likely_finished() -> None:
    level, falling, fading = voice(200, 1.0), voice(140, 1.0), voice(140, 0.3)
    assert score(level) < score(falling) < score(fading)


def test_without_voice_nothing_speaks_for_either() -> None:
    assert score(np.zeros(0, np.int16)) == score(np.zeros(RATE_IN, np.int16))
    assert 0.5 < score(np.zeros(0, np.int16)) < 0.9
