"""Where the peers' streaming recogniser sees utterances begin, pause and end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peers.ears import Segmenter

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
