"""The recogniser's pure parts: tokenizer file, loops, where to cut, drafts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import WeightsError
from visavis.models.embedded.moonshine import pause_to_cut_at
from visavis.models.embedded.moonshine_model import _Draft, loop_surplus, read_tokenizer
from visavis.seam import RATE_IN


def encode(pieces: list[bytes]) -> bytes:
    out = b""
    for piece in pieces:
        n = len(piece)
        out += bytes([n]) if n < 128 else bytes([n % 128 + 128, n // 128])
        out += piece
    return out


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_tokenizer_round_trip(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("tok") / "t.bin"
    path.write_bytes(encode(pieces))
    assert read_tokenizer(path) == pieces


@pytest.mark.parametrize("cut", [b"\x05abc", b"\x81"])
def test_a_truncated_tokenizer_is_named(tmp_path: Path, cut: bytes) -> None:
    (tmp_path / "t.bin").write_bytes(b"\x01a" + cut)
    with pytest.raises(WeightsError, match="ends inside"):
        read_tokenizer(tmp_path / "t.bin")


def test_loops_are_found_and_speech_is_not() -> None:
    assert loop_surplus([1, 2] * 3) == 0
    assert loop_surplus([5] * 9) == 0
    assert loop_surplus([7, *[5] * 10]) == 9
    assert loop_surplus([9, *[1, 2, 3, 4, 5] * 4]) == 15
    phrase = list(range(20, 32))
    assert loop_surplus(phrase * 2) == 0
    assert loop_surplus([9, *phrase * 3]) == 24


def test_the_draft_goes_on_where_the_model_agrees_again() -> None:
    draft = _Draft([1, 2, 3, 4, 5])
    assert draft.propose(None) == [1, 2, 3, 4, 5]
    # Accepted 1 2, then the model said 9 for 3, then 4.
    assert draft.propose(9, 2) == []
    assert draft.propose(4) == [5]
    assert draft.propose(8, 1) == []


@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(0, 5), max_size=12))
def test_a_draft_only_proposes_its_own_tokens_in_order(tokens: list[int], said: list[int]) -> None:
    draft = _Draft(tokens)
    for token in said:
        proposal = draft.propose(token)
        assert proposal == tokens[len(tokens) - len(proposal) :]


def speech(seconds: float, pauses: list[tuple[float, float]]) -> np.ndarray:
    pcm = np.random.default_rng(0).normal(0, 3000, int(seconds * RATE_IN)).astype(np.int16)
    for start, stop in pauses:
        pcm[int(start * RATE_IN) : int(stop * RATE_IN)] = 0
    return pcm


def test_short_utterances_are_not_cut() -> None:
    assert pause_to_cut_at(speech(8, [(4, 5)])) == 0


def test_long_ones_are_cut_in_the_last_pause() -> None:
    cut = pause_to_cut_at(speech(11, [(4, 4.5), (7, 7.5)]))
    assert 7.0 <= cut / RATE_IN <= 7.5


def test_without_a_pause_they_grow_to_the_limit_and_are_cut_somewhere() -> None:
    assert pause_to_cut_at(speech(12, [])) == 0
    assert 3 <= pause_to_cut_at(speech(20, [])) / RATE_IN <= 14.5
