"""Where somebody speaks, by energy alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.audio import dbfs, frame_levels, peak_dbfs, voiced_region, voiced_regions
from visavis.seam import Pcm

RATE = 16000


def noise(seconds: float, level: float, seed: int = 0) -> Pcm:
    random = np.random.default_rng(seed)
    return (random.normal(0, 1, round(seconds * RATE)) * level * 32768).astype(np.int16)


def test_levels_of_known_signals() -> None:
    square = np.full(1000, 32767, np.int16)
    assert dbfs(square) == pytest.approx(0, abs=0.01)
    assert peak_dbfs(square // 2) == pytest.approx(-6.02, abs=0.01)
    assert dbfs(np.zeros(10, np.int16)) == dbfs(np.zeros(0, np.int16)) == -100
    assert peak_dbfs(np.zeros(0, np.int16)) == -100


@given(st.floats(0.05, 0.8), st.floats(0.2, 1.5), st.floats(0.1, 0.8), st.integers(0, 99))
def test_the_end_of_speech_is_found_to_a_few_milliseconds(
    before: float, speech: float, after: float, seed: int
) -> None:
    pcm = np.concatenate(
        [noise(before, 1e-4, seed), noise(speech, 0.1, seed + 1), noise(after, 1e-4, seed + 2)]
    )
    region = voiced_region(pcm, RATE)
    assert region is not None
    assert region.start / RATE == pytest.approx(before, abs=0.011)
    assert region.end / RATE == pytest.approx(before + speech, abs=0.004)


def test_pauses_join_or_split() -> None:
    word, short, long = noise(0.3, 0.1), noise(0.2, 1e-4), noise(0.9, 1e-4)
    pcm = np.concatenate([word, short, word, long, word, short])
    regions = voiced_regions(pcm, RATE)
    assert len(regions) == 2
    assert regions[1].start / RATE == pytest.approx(1.7, abs=0.011)


def test_a_click_is_not_speech() -> None:
    pcm = noise(1.0, 1e-4)
    pcm[8000:8100] = 20000
    assert voiced_region(pcm, RATE) is None


def test_silence_has_no_region() -> None:
    assert voiced_region(np.zeros(RATE, np.int16), RATE) is None
    assert voiced_region(np.zeros(0, np.int16), RATE) is None
    assert voiced_region(noise(1.0, 1e-4), RATE) is None


def test_a_recording_without_any_silence_is_all_speech() -> None:
    region = voiced_region(noise(1.0, 0.1), RATE)
    assert region is not None
    assert region.start == 0
    assert region.end >= RATE - 160


@given(st.integers(0, 2000), st.sampled_from([8000, 16000, 24000, 44100]))
def test_frame_levels_cover_whole_frames(count: int, rate: int) -> None:
    levels = frame_levels(np.full(count, 1000, np.int16), rate)
    assert len(levels) == count // round(rate * 0.01)
    assert all(level == pytest.approx(-30.3, abs=0.1) for level in levels)
