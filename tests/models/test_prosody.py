"""A voice whose pitch falls and fades at the end, and one that stays up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.models.embedded.prosody import ending
from visavis.seam import RATE_IN, Pcm


def voice(since: float, until: float, *, fade_db: float = 0.0, seconds: float = 1.5) -> Pcm:
    """A buzz at `since` hertz, which glides to `until` over its last 0.25 s."""
    time = np.arange(round(seconds * RATE_IN)) / RATE_IN
    glide = np.clip((time - seconds + 0.25) / 0.25, 0, 1)
    phase = 2 * np.pi * np.cumsum(since * (until / since) ** glide) / RATE_IN
    wave = sum(np.sin(k * phase) / k for k in range(1, 8))
    level = 10 ** (-fade_db * glide / 20)
    return np.round(4000 * level * wave).astype(np.int16)


@pytest.mark.parametrize("hertz", [90.0, 130.0, 220.0])
def test_a_fall(hertz: float) -> None:
    found = ending(voice(hertz, hertz * 0.7))
    assert found is not None
    assert found.fall > 2


def test_a_level_voice_and_a_rise() -> None:
    level, rise = ending(voice(150, 150)), ending(voice(150, 220))
    assert level is not None
    assert rise is not None
    assert abs(level.fall) < 0.5
    assert rise.fall < -2


def test_a_fade() -> None:
    found = ending(voice(150, 150, fade_db=20))
    assert found is not None
    assert found.fade > 6


def test_noise_has_no_ending() -> None:
    noise = np.random.default_rng(1).normal(0, 2000, RATE_IN).astype(np.int16)
    assert ending(noise) is None


@given(st.integers(0, 400), st.integers(-32768, 32767))
def test_any_sound_will_do(count: int, value: int) -> None:
    assert ending(np.full(count, value, np.int16)) is None
