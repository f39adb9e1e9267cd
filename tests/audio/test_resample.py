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


@given(st.lists(st.integers(0, 700), max_size=20))
def test_a_stream_gives_as_much_as_went_in(sizes: list[int]) -> None:
    stream = StreamResampler(16000, 24000)
    out = [stream.push(np.full(size, 500, np.int16)) for size in sizes]
    out.append(stream.flush())
    assert abs(sum(map(len, out)) - sum(sizes) * 3 // 2) <= 2


def test_the_same_rate_is_handed_through() -> None:
    pcm = np.arange(100, dtype=np.int16)
    stream = StreamResampler(24000, 24000)
    assert np.array_equal(stream.push(pcm), pcm)
    assert not len(stream.flush())
    assert resample(pcm, 8000, 8000) is pcm
