"""Whatever a model writes: nothing raises, no digit reaches the voice, words are never lost."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.speaking import ClauseSplitter, Reader, Spoken
from visavis.speaking.clauses import Piece
from visavis.speaking.rewrite import word_ends

WRITTEN = """
    $3.50 10:30 pm a.m. Dr. St. 2026-03-05 3/5/2026 5'11" ½ 1/2 (555) 123-4567 +1 415 7% -5 °C km/h
    5km v2.0.1 192.168.0.1 x@y.com https://a.b/c main.py IV World War Chapter 1st 5–10 1,234 #1 B12
    99999999999999999999 e.g. C++ & → '90s March 5, 2026 ¥ € 元 年 月 日 个 第 3:2 点 是 一 。 ，
    and word ~5 ^2 ² ① ٣ １２ ²³ m² ± <3 :) call PIN is Room 24/7 : / - – . , !
"""
PARTS = st.sampled_from(WRITTEN.split())
TEXT = st.lists(PARTS | st.sampled_from([" ", " ", "\n"]) | st.text(max_size=6), max_size=14).map(
    "".join
)


def read(text: str) -> list[tuple[str, Spoken]]:
    splitter, reader = ClauseSplitter(), Reader()
    pieces = splitter.feed(text) + splitter.close()
    return [(piece.text, reader.read(piece)) for piece in pieces]


@settings(max_examples=200)
@given(text=TEXT)
def test_no_digit_reaches_the_voice(text: str) -> None:
    for _, spoken in read(text):
        assert not any(letter.isdigit() for letter in spoken.text)
        assert "\n" not in spoken.text and "  " not in spoken.text
        assert spoken.text == spoken.text.strip()


@settings(max_examples=200)
@given(text=TEXT)
def test_each_spoken_word_stands_for_whole_written_words(text: str) -> None:
    for written, spoken in read(text):
        assert len(spoken.ends) == len(word_ends(spoken.text))
        assert list(spoken.ends) == sorted(spoken.ends)
        if spoken.text:
            assert spoken.ends[-1] == len(written)
        for end in spoken.ends:
            before, after = written[max(0, end - 1) : end], written[end : end + 1]
            assert not (
                before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
            )


@given(text=TEXT, cuts=st.lists(st.integers(0, 80), max_size=12))
def test_the_same_is_said_wherever_tokens_begin(text: str, cuts: list[int]) -> None:
    splitter, reader = ClauseSplitter(), Reader()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [p for a, b in itertools.pairwise(edges) for p in splitter.feed(text[a:b])]
    pieces += splitter.close()
    assert [(p.text, reader.read(p)) for p in pieces] == read(text)


@given(text=st.text(max_size=300))
def test_words_without_figures_stay_as_they_are(text: str) -> None:
    plain = "q" + "".join(letter for letter in text if letter.isascii() and letter.islower())
    assert Reader().read(Piece(f" {plain} then")).text == f"{plain} then"
