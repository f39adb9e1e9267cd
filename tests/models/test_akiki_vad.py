"""Voice activity on the project's own voice."""

import time
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("akiki", reason="akiki is not installed (visavis[embedded])")

from visavis.models.embedded.akiki_vad import AkikiVad
from visavis.seam import RATE_IN, Pcm

Say = Callable[..., Pcm]


@pytest.fixture(scope="module")
def vad() -> AkikiVad:
    return AkikiVad.load()


def test_speech_is_found_and_silence_is_not(vad: AkikiVad, say: Say) -> None:
    stream = vad.stream()
    pcm = say("Can you hear me now?", before=1.0, after=1.0)
    spoken = np.flatnonzero(np.abs(pcm.astype(int)) > 500)
    voiced = np.flatnonzero(np.array(stream.push(pcm)) > 0.5)
    onset = voiced[0] * stream.frame_s - spoken[0] / RATE_IN
    end = (voiced[-1] + 1) * stream.frame_s - spoken[-1] / RATE_IN
    assert -0.05 < onset < 0.15
    assert -0.15 < end < 0.25


def test_any_chunking_gives_the_same(vad: AkikiVad, say: Say) -> None:
    pcm = say("Can you hear me now?")
    whole, pieces = vad.stream(), vad.stream()
    got: list[float] = []
    for i, size in enumerate(range(0, len(pcm), 177)):
        got += pieces.push(pcm[size : size + 177])
        assert len(got) == min((i + 1) * 177, len(pcm)) // 256
    assert got == whole.push(pcm)
    assert pieces.push(np.zeros(0, np.int16)) == []


def test_reset_and_other_streams_do_not_matter(vad: AkikiVad, say: Say) -> None:
    pcm = say("Hello.")
    first, other = vad.stream(), vad.stream()
    want = first.push(pcm)
    other.push(np.full(3000, 9000, np.int16))
    first.reset()
    assert first.push(pcm) == want


def test_a_frame_is_cheap_enough_for_the_loop(vad: AkikiVad, say: Say) -> None:
    stream, pcm = vad.stream(), say("Can you hear me now?")
    start = time.thread_time()
    pushes = 0
    for i in range(0, len(pcm), 320):
        stream.push(pcm[i : i + 320])
        pushes += 1
    # 0.2 ms was measured; the bound leaves room for a loaded machine.
    assert (time.thread_time() - start) / pushes < 1e-3
