"""Pitch, melody, level and pauses of an utterance as it streams."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.audio.prosody import RATE, Prosody, ProsodyMeter


def voice(
    hz: NDArray[np.float64] | float, seconds: float, amplitude: float = 0.2
) -> NDArray[np.int16]:
    """A buzz like a voice's: harmonics that fall off, of a pitch that may move."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hz, round(seconds * RATE))) / RATE
    wave = sum(np.cos(k * phase) / k for k in range(1, 12))
    return np.round(amplitude * 32767 * wave / 3).astype(np.int16)


def read(pcm: NDArray[np.int16], step: int = 320) -> Prosody | None:
    meter = ProsodyMeter()
    for at in range(0, len(pcm), step):
        meter.push(pcm[at : at + step])
    return meter.read()


@pytest.mark.parametrize("hz", [85, 110, 180, 220, 300, 380])
def test_pitch(hz: int) -> None:
    got = read(voice(hz, 1.0))
    assert got is not None
    assert got.pitch == pytest.approx(12 * np.log2(hz / 100), abs=0.4)
    assert got.spread < 0.5


def test_a_moving_pitch_is_a_melody() -> None:
    glide = np.geomspace(150, 300, RATE)
    got = read(voice(glide, 1.0))
    assert got is not None and got.spread == pytest.approx(0.8 * 12, abs=1)


def test_level_in_decibels() -> None:
    loud, soft = read(voice(150, 1.0, 0.4)), read(voice(150, 1.0, 0.1))
    assert loud is not None and soft is not None
    assert loud.level - soft.level == pytest.approx(12.04, abs=0.1)
    assert loud.tilt == pytest.approx(soft.tilt, abs=0.1)


def test_pauses_within_count_silence_around_does_not() -> None:
    quiet = np.zeros(RATE // 2, np.int16)
    got = read(np.concatenate([quiet, voice(150, 0.5), quiet, voice(150, 0.5), quiet]))
    assert got is not None
    assert got.seconds == pytest.approx(1.5, abs=0.06)
    assert got.paused == pytest.approx(1 / 3, abs=0.05)


def test_noise_and_silence_have_no_pitch() -> None:
    rng = np.random.default_rng(1)
    assert read(rng.normal(0, 3000, RATE).astype(np.int16)) is None
    assert read(np.zeros(RATE, np.int16)) is None
    assert read(voice(150, 0.1)) is None


def test_an_endless_utterance_takes_no_endless_memory() -> None:
    meter = ProsodyMeter()
    second = voice(150, 1.0)
    for _ in range(100):
        meter.push(second)
    got = meter.read()
    assert got is not None and got.seconds < 62


@settings(max_examples=50, deadline=None)
@given(
    pcm=st.lists(st.integers(-32768, 32767), max_size=60).map(
        lambda block: np.tile(np.array(block, np.int16), 40)
    ),
    step=st.integers(1, 3000),
)
def test_any_sound_in_any_pieces(pcm: NDArray[np.int16], step: int) -> None:
    whole, parts = read(pcm, max(1, len(pcm))), read(pcm, step)
    assert (whole is None) == (parts is None)
    if whole is not None and parts is not None:
        assert np.isfinite([whole.pitch, whole.spread, whole.level, whole.tilt]).all()
        assert parts.pitch == pytest.approx(whole.pitch, abs=0.01)
        assert 0 <= whole.paused < 1
