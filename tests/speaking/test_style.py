"""Marks of style: they change how a piece is said, never what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.speaking import PLAIN, STYLES, ClauseSplitter, Piece, Reader, speakable


def pieces(text: str, *, expressive: bool = True) -> list[Piece]:
    splitter = ClauseSplitter(expressive=expressive)
    return splitter.feed(text) + splitter.close()


def styles(text: str) -> list[tuple[str, str]]:
    names = {style: name for name, style in STYLES.items()}
    return [(piece.text.strip(), names[piece.style]) for piece in pieces(text)]


def test_a_mark_holds_until_the_next() -> None:
    assert styles("Hi. [warm] So good. I mean it! [slow]Wait. [plain] Now go.") == [
        ("Hi.", "plain"),
        ("So good.", "warm"),
        ("I mean it!", "warm"),
        ("Wait.", "slow"),
        ("Now go.", "plain"),
    ]


@pytest.mark.parametrize("mark", ["[/warm]", "[PLAIN]", "[ plain ]", "[/]"])
def test_a_style_ends(mark: str) -> None:
    assert styles(f"[warm] Hi you. {mark} Go on.")[-1][1] in ("plain", "warm")
    assert not any("[" in piece.text or "warm" in piece.text for piece in pieces(mark + " Hi"))


def test_a_mark_within_a_clause_cuts_it() -> None:
    assert styles("I am [excited] so glad") == [("I am", "plain"), ("so glad", "excited")]


def test_an_even_agent_hears_none_of_it() -> None:
    text = "Hi. [warm] So good. [slow] Wait a little, will you?"
    plain = pieces("Hi. So good. Wait a little, will you?", expressive=False)
    assert pieces(text, expressive=False) == plain
    assert all(piece.style == PLAIN for piece in plain)


MARKS = st.sampled_from([*STYLES, "/warm", "laughs", "very sad", "pause: 2s", "Warm", "开心"])
WORDS = st.lists(st.sampled_from(["one", "two,", "three.", "$5", "好。", "Yes!"]), max_size=8)


@given(words=WORDS, marks=st.lists(st.tuples(st.integers(0, 8), MARKS), max_size=5))
def test_marks_never_change_what_is_said_or_written(
    words: list[str], marks: list[tuple[int, str]]
) -> None:
    marked = list(words)
    for at, mark in sorted(marks, reverse=True):
        marked.insert(min(at, len(marked)), f"[{mark}]")
    got = pieces(" ".join(marked))
    assert "".join(piece.text for piece in got).split() == " ".join(words).split()
    assert speakable(" ".join(marked)).split() == words
    reader, plain = Reader(), Reader()
    said = " ".join(reader.read(piece).text for piece in got).split()
    assert "".join(said) == "".join(
        plain.read(piece).text.replace(" ", "") for piece in pieces(" ".join(words))
    )
