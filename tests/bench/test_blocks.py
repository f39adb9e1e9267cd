"""What the browser brought becomes a recording, and what it cannot have brought is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lineloss.blocks import RATE, parse, recording

COUNTS = {"totalSamplesReceived": 9600.0, "concealedSamples": 480.0}


def body(blocks: list[tuple[float, list[int]]]) -> bytes:
    """As `chromium/sound.js` packs them: ms since 1970 and samples."""
    numbers = [len(blocks), *(ms for ms, _ in blocks), *(len(pcm) for _, pcm in blocks)]
    samples = np.array([x for _, pcm in blocks for x in pcm], "<i2")
    return np.array(numbers, "<f8").tobytes() + samples.tobytes()


@given(st.lists(st.tuples(st.floats(0, 2e12), st.lists(st.integers(-32768, 32767), max_size=9))))
def test_blocks_come_out_as_they_were_packed(blocks: list[tuple[float, list[int]]]) -> None:
    at, pcm = parse(body(blocks))
    assert at.tolist() == pytest.approx([ms * 1e-3 for ms, _ in blocks])
    assert [samples.tolist() for samples in pcm] == [samples for _, samples in blocks]


@given(st.binary(max_size=200))
def test_anything_else_is_refused_or_whole(noise: bytes) -> None:
    try:
        at, pcm = parse(noise)
    except ValueError:
        return
    assert len(at) == len(pcm)
    assert 8 + 16 * len(at) + 2 * sum(map(len, pcm)) == len(noise)


@given(st.lists(st.floats(), max_size=6))
@example([0.0, 8.98846567431158e307])
@example([0.0, 0.0, float("inf"), -float("inf")])
@example([float("nan")])
def test_no_number_is_taken_on_trust(numbers: list[float]) -> None:
    for first in (len(numbers) // 2, *numbers[:1]):
        try:
            at, pcm = parse(np.array([first, *numbers], "<f8").tobytes())
        except ValueError:
            continue
        assert len(at) == len(pcm)


def test_what_is_cut_off_is_refused() -> None:
    whole = body([(1.0, [1, 2, 3])])
    for size in range(len(whole)):
        with pytest.raises(ValueError, match="bytes"):
            parse(whole[:size])


def test_blocks_lie_one_after_another_with_their_own_times() -> None:
    frame = [5] * 480
    start = 1_700_000_000.0
    came = [1e3 * start + ms for ms in (3.0, 13.0, 26.0)]
    heard = recording(body([(ms, frame) for ms in came]), start, 0.004, COUNTS)
    assert (heard.rate, len(heard.pcm)) == (RATE, 1440)
    assert heard.starts.tolist() == [0, 480, 960]
    assert heard.at.tolist() == pytest.approx([0.003, 0.013, 0.026], abs=1e-6)
    assert heard.spoke_at == 0.004
    assert heard.concealed == 0.05
    assert heard.notes["short_ms"] == 3.0


def test_a_call_that_heard_nothing_has_all_concealed() -> None:
    heard = recording(body([]), 0.0, 0.0, {"totalSamplesReceived": 0, "concealedSamples": 0})
    assert len(heard.pcm) == len(heard.at) == 0
    assert heard.concealed == 1.0
