"""Streaming and whole resampling agree and keep time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.audio import StreamResampler, dbfs, resample


@pytest.mark.parametrize(("rate_from", "rate_to"), [(16000, 24000), (24000, 16000), (48000, 16000)])
def test_length_and_level_are_kept(rate_from: int, rate_to: int) -> None:
    tone = (np.sin(2 * np.pi * 440 * np.arange(rate_from) / rate_from) * 8000).astype(np.int16)
    out = resample(tone, rate_from, rate_to)
    assert len(out) == rate_to
    assert dbfs(out) == pytest.approx(dbfs(tone), abs=0.1)


PAIRS = [(16000, 24000), (24000, 16000), (24000, 48000), (48000, 16000), (44100, 16000)]


@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 700), max_size=20))
def test_a_stream_holds_nothing_back(rates: tuple[int, int], sizes: list[int]) -> None:
    stream = StreamResampler(*rates)
    out = [stream.push(np.full(size, 500, np.int16)) for size in sizes]
    assert sum(map(len, out)) == -(-sum(sizes) * rates[1] // rates[0])


@given(st.sampled_from(PAIRS), st.lists(st.integers(1, 999), min_size=1, max_size=30))
def test_how_a_stream_is_cut_makes_no_difference(rates: tuple[int, int], sizes: list[int]) -> None:
    noise = np.random.default_rng(1).normal(0, 5000, sum(sizes)).astype(np.int16)
    whole = StreamResampler(*rates).push(noise)
    stream = StreamResampler(*rates)
    pieces = [stream.push(piece) for piece in np.split(noise, np.cumsum(sizes)[:-1])]
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("rates", PAIRS)
@pytest.mark.parametrize("hz", [100, 1000, 5000])
def test_a_tone_comes_out_as_it_was_and_late_as_stated(rates: tuple[int, int], hz: int) -> None:
    rate_from, rate_to = rates
    stream = StreamResampler(rate_from, rate_to)
    tone = np.sin(2 * np.pi * hz * np.arange(rate_from) / rate_from) * 10000
    out = stream.push(tone.astype(np.int16))[rate_to // 10 :].astype(float)
    at = np.arange(rate_to // 10, rate_to) / rate_to - stream.delay_s
    assert dbfs((out - np.sin(2 * np.pi * hz * at) * 10000).astype(np.int16)) < -65


def test_what_does_not_fit_the_new_band_is_gone() -> None:
    tone = (np.sin(2 * np.pi * 9500 * np.arange(24000) / 24000) * 10000).astype(np.int16)
    assert dbfs(StreamResampler(24000, 16000).push(tone)[1000:]) < -70


def test_the_end_of_a_stream_can_be_had() -> None:
    stream = StreamResampler(16000, 24000)
    stream.push(np.full(320, 10000, np.int16))
    assert np.max(stream.flush()) > 9000


def test_the_same_rate_is_handed_through() -> None:
    pcm = np.arange(100, dtype=np.int16)
    stream = StreamResampler(24000, 24000)
    assert np.array_equal(stream.push(pcm), pcm)
    assert not len(stream.flush())
    assert resample(pcm, 8000, 8000) is pcm
