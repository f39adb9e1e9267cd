"""Splitting the reply for the voice: nothing is lost, marks of writing are not spoken."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.speaking import ClauseSplitter, speakable

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
    assert "".join(piece.text for piece in pieces).strip() == speakable(text)
    assert all(piece.text.strip() for piece in pieces)


@given(text=TEXT)
def test_there_are_no_blanks_to_spare(text: str) -> None:
    lines = speakable(text.replace("`", "").replace("~", "")).split("\n")
    assert all(line and "  " not in line for line in lines) or lines == [""]


def cut(text: str, first: int = 2) -> list[str]:
    """In pieces, fed word by word."""
    splitter = ClauseSplitter(first)
    pieces = [piece for token in text.split(" ") for piece in splitter.feed(token + " ")]
    return [piece.text.strip() for piece in pieces + splitter.close()]


def test_first_piece_is_short_then_natural_breaks() -> None:
    pieces = cut(
        "Sounds like a fine plan. We can go there together, if you like, tomorrow at noon."
    )
    assert pieces[0] == "Sounds like"
    assert pieces[1] == "a fine plan."
    assert all(len(piece.split()) <= 16 for piece in pieces)


def test_a_short_answer_is_cut_at_its_punctuation() -> None:
    assert [piece.text for piece in ClauseSplitter(4).feed("Yes!")] == ["Yes!"]
    assert [piece.text for piece in ClauseSplitter(9).feed("It was Dr. Who. Yes")] == [
        "It was Dr. Who."
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Up 3.5 % since then", "Up 3.5 %"),
        ("Ask Dr. Smith about it", "Ask Dr. Smith"),
        ("At 10:30 pm we left", "At 10:30 pm"),
        ("On March 3, 2026 we met", "On March 3, 2026 we"),
        ("Only $5 million was left", "Only $5 million"),
        ("Dial +1 (555) 123-4567 now please", "Dial +1 (555) 123-4567 now"),
        ("World War II began then", "World War II"),
        ("Take 2 + 2 = 4 apples", "Take 2 + 2 = 4 apples"),
        ("Use 1 1/2 cups of it", "Use 1 1/2 cups"),
    ],
)
def test_no_cut_between_a_figure_and_what_belongs_to_it(text: str, first: str) -> None:
    assert cut(text)[0] == first


def test_a_line_ends_a_piece() -> None:
    splitter = ClauseSplitter(9)
    assert [piece.text for piece in splitter.feed("- eggs\n")] == ["eggs\n"]


def test_endless_figures_are_cut_too() -> None:
    pieces = cut("1 2 3 " * 200)
    assert len(pieces) > 10
    assert max(len(piece) for piece in cut("9" * 5000)) <= 400
