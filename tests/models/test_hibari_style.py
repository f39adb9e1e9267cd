"""The embedded voice says the same in other ways: pitch, melody, level and colour as asked."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("hibari", reason="hibari-tts is not installed (visavis[embedded])")

from visavis.models.embedded.hibari_style import BINS, melody, resample, restyle
from visavis.models.embedded.hibari_voice import HibariVoice
from visavis.models.protocols import Voice
from visavis.models.workers import Cancel
from visavis.seam import RATE_OUT

F0 = np.array([0, 180, 200, 220, 0, 240], np.float32)
Sound = NDArray[np.float64]


@pytest.fixture(scope="module")
def say() -> Callable[..., Sound]:
    voice = HibariVoice()

    def run(**how: float) -> Sound:
        speech = voice.speak(Cancel(), "I am glad that you called me today.", Voice(**how))
        return speech.pcm.astype(float)

    return run


def db(sound: Sound, low: float = 0, high: float = RATE_OUT) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_OUT)
    return float(10 * np.log10(power[(hz >= low) & (hz < high)].sum() / len(sound) ** 2))


def test_melody_moves_by_semitones_and_keeps_what_is_unvoiced() -> None:
    up = melody(F0, 12, 1)
    assert up.tolist() == pytest.approx([0, 360, 400, 440, 0, 480], rel=1e-4)
    flat = melody(F0, 0, 0)
    assert np.ptp(flat[flat > 0]) < 0.01
    assert not melody(np.zeros(4, np.float32), 5, 2).any()


@given(pitch=st.floats(-12, 12), pitch_range=st.floats(0, 3))
def test_a_melody_stays_in_reach_of_a_voice(pitch: float, pitch_range: float) -> None:
    out = melody(F0, pitch, pitch_range)
    assert np.isfinite(out).all() and out.max() <= 500.1 and out[out > 0].min() >= 69.9


def test_the_plain_voice_is_left_alone() -> None:
    spectra = [np.zeros((BINS, 6), np.float32) for _ in range(5)] + [F0]
    assert all(a is b for a, b in zip(restyle(spectra, Voice()), spectra, strict=True))


@pytest.mark.parametrize("how", [{}, {"pitch": 3.0}, {"pitch_range": 1.5}, {"warmth": 1.0}])
def test_level_moves_as_asked_and_with_nothing_else(
    say: Callable[..., Sound], how: dict[str, float]
) -> None:
    for asked in (-6.0, 0.0, 4.0):
        assert db(say(loudness=asked, **how)) - db(say()) == pytest.approx(asked, abs=0.7)


@pytest.mark.parametrize("speed", [0.5, 0.8, 0.9, 1.1, 1.25, 1.6, 2.0])
def test_pace_moves_as_asked(say: Callable[..., Sound], speed: float) -> None:
    assert len(say()) / len(say(speed=speed)) == pytest.approx(speed, rel=0.15)


def test_frames_are_left_out_or_repeated_evenly() -> None:
    frames = [np.arange(100, dtype=np.float32)[None].repeat(BINS, 0) for _ in range(5)]
    frames.append(np.arange(100, dtype=np.float32))
    fast, slow = resample(frames, 1.25), resample(frames, 0.8)
    assert {array.shape[-1] for array in fast} == {80}
    assert {array.shape[-1] for array in slow} == {125}
    assert np.diff(fast[5]).max() <= 2 and np.diff(slow[5]).min() >= 0
    assert resample(frames, 1.0) is frames


def test_the_loudest_does_not_clip(say: Callable[..., Sound]) -> None:
    assert np.abs(say(loudness=12, pitch=3)).max() < 32767


def test_warmth_takes_from_the_high(say: Callable[..., Sound]) -> None:
    warm, plain = say(warmth=1), say()
    assert db(warm, 3000) - db(plain, 3000) < -2
    assert db(warm, 0, 500) - db(plain, 0, 500) > 0.5


def test_the_length_is_the_speed_s_alone(say: Callable[..., Sound]) -> None:
    assert abs(len(say(pitch=3, warmth=1, loudness=-3)) - len(say())) < RATE_OUT / 20
