"""Text made fit to be spoken, and the times of its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.models.embedded.hibari_text import sentences, speakable, word_ends


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Bold** and `code`.", "Bold and code."),
        ("# Heading", "Heading"),
        ("- one\n- two", "one two"),
        ("See [the page](http://a.b/c).", "See the page."),
        ("At https://www.example.com/x?y=1 now", "At example dot com now"),
        ("I'm happy 😀👍🏽 today!", "I'm happy today!"),
        ("snake_case and _emphasis_", "snake_case and emphasis"),
        ("e.g. this, i.e. that", "for example this, that is that"),
        ("Wait -- what?", "Wait, what?"),
        ("你好", ""),
        ("🙂", ""),
        ("...", ""),
        ("\x00a\ud800b", "a b"),
        ("It costs $3.50 (20%).", "It costs $3.50 (20%)."),
    ],
)
def test_speakable(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@given(st.text())
def test_speakable_never_fails_and_is_one_clean_line(text: str) -> None:
    clean = speakable(text)
    assert "\n" not in clean and clean == clean.strip()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met J. Rowling. Yes.", ["Dr. Smith met J. Rowling.", "Yes."]),
        ("It is 3.5 km, e.g. far.", ["It is 3.5 km, e.g. far."]),
        ("1. First\n2. Second", ["1. First", "2. Second"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, pieces: list[str]) -> None:
    assert sentences(text, 200) == pieces


@given(st.text(alphabet="ab .,;!?\n", max_size=300), st.integers(5, 50))
def test_sentences_keep_every_character_that_is_no_space(text: str, longest: int) -> None:
    pieces = sentences(text, longest)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(len(piece) <= longest for piece in pieces)


def test_word_ends_follow_what_is_spelled_out() -> None:
    spoken = ["It", "costs", "five", "dollars", "at", "seven", "thirty", "P.M.", "now"]
    ends = [10 * (i + 1) for i in range(len(spoken))]
    got = word_ends(["It", "costs", "$5", "at", "7:30pm", "now"], spoken, ends)
    assert got == (("It", 10), ("costs", 20), ("$5", 40), ("at", 50), ("7:30pm", 80), ("now", 90))


def test_a_word_that_is_not_spoken_ends_with_the_one_before() -> None:
    got = word_ends(["Hi", "🙂", "there"], ["Hi", "there"], [5, 9])
    assert got == (("Hi", 5), ("🙂", 5), ("there", 9))


WORDS = st.lists(st.sampled_from(["a", "b", "c", "5", "!"]), max_size=8)


@given(WORDS, WORDS)
def test_word_ends_never_go_back_nor_lose_a_word(written: list[str], spoken: list[str]) -> None:
    ends = list(range(1, len(spoken) + 1))
    got = word_ends(written, spoken, ends)
    assert [word for word, _ in got] == written
    times = [end for _, end in got]
    assert times == sorted(times)
    assert not (written and spoken) or times[-1] <= len(spoken)
