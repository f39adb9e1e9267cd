"""Where the peers' streaming recogniser sees utterances begin, pause and end."""

from __future__ import annotations

import asyncio

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from peers.ears import Ears, Heard, Segmenter
from visavis.clock import run_virtual
from visavis.models.protocols import Transcript
from visavis.seam import Pcm

FRAME_S = 0.016


def edges(segmenter: Segmenter, *parts: tuple[float, int]) -> list[str]:
    found = [segmenter.push(probability) for probability, count in parts for _ in range(count)]
    return [edge for edge in found if edge is not None]


def test_an_utterance_with_a_pause() -> None:
    segmenter = Segmenter(FRAME_S, pause_s=0.064, end_s=0.32)
    said = edges(segmenter, (0.0, 9), (0.9, 30), (0.1, 8), (0.9, 9), (0.1, 20))
    assert said == ["start", "pause", "resume", "pause", "end"]
    assert not segmenter.open


def test_a_click_is_no_utterance_and_a_dip_no_pause() -> None:
    segmenter = Segmenter(FRAME_S, pause_s=0.064, end_s=0.32)
    assert edges(segmenter, (0.9, 3), (0.0, 50)) == []
    assert edges(segmenter, (0.9, 9), (0.1, 3), (0.9, 9), (0.4, 50)) == ["start"]


def test_an_end_never_comes_with_its_pause() -> None:
    segmenter = Segmenter(FRAME_S, pause_s=0.064, end_s=0.01)
    assert edges(segmenter, (0.9, 9), (0.0, 9)) == ["start", "pause", "end"]


@given(st.lists(st.floats(0, 1), max_size=400))
def test_edges_follow_one_another(probabilities: list[float]) -> None:
    after = {
        None: {"start"},
        "start": {"pause"},
        "pause": {"resume", "end"},
        "resume": {"pause"},
        "end": {"start"},
    }
    segmenter, last = Segmenter(FRAME_S, pause_s=0.032, end_s=0.1), None
    for probability in probabilities:
        edge = segmenter.push(probability)
        if edge is not None:
            assert edge in after[last]
            last = edge
        assert segmenter.open == (last not in (None, "end"))


class _Voices:
    """Voice where samples are not zero; a probability every 20 ms."""

    frame_s = 0.02

    def push(self, pcm: Pcm) -> list[float]:
        return [float(pcm[0] != 0)]

    def reset(self) -> None: ...


class _Words:
    """A recogniser whose words are how many samples of each utterance it got."""

    def __init__(self) -> None:
        self.samples = 0

    def push(self, pcm: Pcm) -> None:
        self.samples += len(pcm)

    async def decode(self, *, final: bool = False) -> Transcript:
        said = str(self.samples)
        await asyncio.sleep(0.03)
        return Transcript(said, final=final)

    def reset(self) -> None:
        self.samples = 0

    async def aclose(self) -> None: ...


def hear(*parts: tuple[int, int]) -> list[Heard]:
    """Told of (sample, frames) spoken in real time."""
    told: list[Heard] = []

    async def run() -> None:
        ears = Ears(_Voices(), _Words(), told.append, pause_s=0.06, end_s=0.3)
        for sample, count in parts:
            for _ in range(count):
                ears.push(np.full(320, sample, np.int16))
                await asyncio.sleep(0.02)
        await ears.aclose()

    run_virtual(run())
    return told


def test_the_words_at_the_end_are_those_of_the_pause_before_it() -> None:
    told = hear((0, 50), (9, 40), (0, 30))
    assert [heard.kind for heard in told] == ["start", "words", "pause", "end"]
    pause, end = told[-2:]
    # All of the speech, a preroll before it, and the silence that made the pause.
    assert pause.text == end.text
    assert 40 * 320 < int(pause.text) <= (40 + 15 + 3) * 320


def test_a_pause_that_ended_before_its_words_came_is_not_told() -> None:
    told = hear((0, 50), (9, 6), (0, 3), (9, 6), (0, 30))
    assert [heard.kind for heard in told] == ["start", "resume", "pause", "end"]
