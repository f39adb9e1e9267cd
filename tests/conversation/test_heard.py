"""What of a reply was heard, when it is spoken in other words than it is written."""

import numpy as np
import pytest

from visavis.conversation.heard import EARLY_SAMPLES, HeardMap
from visavis.models.protocols import Speech
from visavis.speaking import Reader
from visavis.speaking.clauses import Piece


def spoken(written: str, *, timed: bool = True) -> tuple[HeardMap, list[str]]:
    """Spoken at 1000 samples a word as the voice counts them, well apart."""
    heard = HeardMap()
    said = Reader().read(Piece(written))
    heard.clause(written, said)
    words = said.text.split()
    ends = tuple((word, 10_000 * (i + 1)) for i, word in enumerate(words)) if timed else ()
    heard.speech(Speech(np.zeros(10_000 * len(words), np.int16), ends))
    return heard, words


def test_a_figure_is_heard_when_its_last_word_is() -> None:
    heard, words = spoken("It costs $3.50 today.")
    assert words == ["It", "costs", "three", "dollars", "and", "fifty", "cents", "today."]
    got = [heard.heard(10_000 * n - EARLY_SAMPLES) for n in range(9)]
    assert got == [
        "",
        "It",
        "It costs",
        *["It costs"] * 4,
        "It costs $3.50",
        "It costs $3.50 today.",
    ]


@pytest.mark.parametrize("timed", [True, False])
def test_everything_is_heard_at_the_end(timed: bool) -> None:
    for text in ("Call 555-1234 :)", "在2026年见。", "one"):
        heard, words = spoken(text, timed=timed)
        assert heard.heard(10_000 * len(words)) == text


def test_chinese_is_cut_by_letters() -> None:
    heard, _ = spoken("今天有2个人来", timed=False)
    whole = heard.samples
    got = [heard.heard(whole * n // 8) for n in range(9)]
    assert got[0] == "" and got[-1] == "今天有2个人来"
    assert all("今天有2个人来".startswith(text) for text in got)
    assert sorted(got, key=len) == got


def test_asking_twice_changes_nothing() -> None:
    heard, _ = spoken("It is 5 km.")
    assert heard.heard(25_000) == heard.heard(25_000) == "It is"
    heard.clause(" Yes.", Reader().read(Piece(" Yes.")))
    heard.speech(Speech(np.zeros(10_000, np.int16), (("Yes.", 10_000),)))
    assert heard.heard(60_000) == "It is 5 km. Yes."
