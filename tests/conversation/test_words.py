"""Which differences between transcripts matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.conversation.words import (
    calls_out,
    has_real_words,
    is_backchannel,
    normalize,
    stable_prefix,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I'm here.", "i am here"),
        ("That's 1 or 42", "that is one or forty two"),
        ("DON’T stop!", "do not stop"),
        ("Well...  hello,", "well hello"),
    ],
)
def test_the_same_words(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)


@given(st.text(max_size=60))
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@pytest.mark.parametrize(
    "text",
    [
        "Mm-hm.",
        "yeah, right",
        "uh-huh",
        "I see. Okay!",
        "That's right, yeah.",
        "嗯",
        "对对对，好的",
    ],
)
def test_backchannels(text: str) -> None:
    assert is_backchannel(text)
    assert not has_real_words(text)


@pytest.mark.parametrize("text", ["no", "yeah but stop", "wait", "I", "好不好", "right there"])
def test_real_words(text: str) -> None:
    assert has_real_words(text)


@pytest.mark.parametrize("text", ["Stop!", "stop, stop", "Wait a minute", "No, no.", "等等"])
def test_calls_for_silence(text: str) -> None:
    assert calls_out(text)
    assert has_real_words(text)


@pytest.mark.parametrize("text", ["", "stop the car", "time", "right"])
def test_other_words_call_for_none(text: str) -> None:
    assert not calls_out(text)


def test_nothing_is_neither() -> None:
    assert not is_backchannel(" . ")
    assert not has_real_words("")


def test_stable_prefix_leaves_the_last_word_out() -> None:
    assert stable_prefix("What is", "what is the") == "what is"
    assert stable_prefix("what is the", "what is the") == "what is"
    assert stable_prefix("", "what") == ""
