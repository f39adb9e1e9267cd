"""Splitting the reply for the voice: nothing is lost, marks of writing are not spoken."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.conversation.speech import ClauseSplitter, speakable

TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("ab cd.,!?;:\n-*#_`[]()123。，\u2019 ")), st.characters()
    ),
    max_size=120,
)


@given(text=TEXT, cuts=st.lists(st.integers(0, 120), max_size=12), first=st.integers(1, 5))
def test_pieces_joined_are_the_speakable_text(text: str, cuts: list[int], first: int) -> None:
    splitter = ClauseSplitter(first)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [
        piece
        for start, end in itertools.pairwise(edges)
        for piece in splitter.feed(text[start:end])
    ]
    pieces += splitter.close()
    assert "".join(pieces).strip() == speakable(text).strip()
    assert all(piece.strip() for piece in pieces)


@given(text=TEXT)
def test_speakable_twice_has_no_blanks_to_spare(text: str) -> None:
    assert "  " not in speakable(text)
    assert "\n" not in speakable(text)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Sure**, I can *help*.", "Sure, I can help."),
        ("- one\n- two", "one two"),
        ("1. First\n2) Second", "First Second"),
        ("# Title\nText", "Title Text"),
        ("See [the page](https://example.com/a) now 😀!", "See the page now !"),
        ("It costs 3.50 - or less.", "It costs 3.50 - or less."),
        ("1999 was good", "1999 was good"),
        ("`code`", "code"),
        ("你好。很好！", "你好。很好！"),
    ],
)
def test_marks_are_not_spoken(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


def test_first_piece_is_short_then_natural_breaks() -> None:
    splitter = ClauseSplitter(2)
    text = "Sounds like a fine plan. We can go there together, if you like, tomorrow at noon."
    pieces = [piece for token in text.split(" ") for piece in splitter.feed(token + " ")]
    pieces += splitter.close()
    assert pieces[0] == "Sounds like"
    assert pieces[1] == " a fine plan."
    assert all(len(piece.split()) <= 16 for piece in pieces)


def test_a_short_answer_is_cut_at_its_punctuation() -> None:
    assert ClauseSplitter(4).feed("Yes!") == ["Yes!"]
    assert ClauseSplitter(9).feed("It was Dr. Who. Yes") == ["It was Dr. Who."]
