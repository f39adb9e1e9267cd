"""The rest of a reply joins what was said of it, whoever says the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.models.fallback.resume import Resumed, resuming
from visavis.models.protocols import ChatMessage

TEXT = st.text("ab ,.é你'", max_size=30)


def joined(said: str, *pieces: str) -> str:
    joint = Resumed(said)
    return said + "".join(map(joint.push, pieces)) + joint.finish()


@pytest.mark.parametrize(
    ("said", "pieces", "whole"),
    [
        ("The capital of", [" France", " is", " Paris."], "The capital of France is Paris."),
        ("The capital of", ["France is"], "The capital of France is"),
        ("The capital of ", [" France"], "The capital of France"),
        ("The capital", ["The cap", "ital", " of", " France"], "The capital of France"),
        ("The capital of", ["of France"], "The capital of France"),
        ("The capital of", ["capital", " of France"], "The capital of France"),
        ("It is what it is", ["it will be"], "It is what it is it will be"),
        ("The capital of", ["the capital of France"], "The capital of France"),
        ("It costs five", [", or six."], "It costs five, or six."),
        ("The capital of", ["The", " weather is", " fine"], "The capital of The weather is fine"),
        ("法国的首都", ["法国的", "首都是巴黎。"], "法国的首都是巴黎。"),
        ("法国的首都", ["是巴黎。"], "法国的首都是巴黎。"),
        ("", ["Hello", " there"], "Hello there"),
    ],
)
def test_nothing_is_said_twice(said: str, pieces: list[str], whole: str) -> None:
    assert joined(said, *pieces) == whole


@given(TEXT, st.lists(TEXT, max_size=5))
def test_what_was_said_stays_and_the_rest_ends_as_it_ended(said: str, rest: list[str]) -> None:
    whole = joined(said, *rest)
    assert whole.startswith(said)
    added = whole[len(said) :].strip()
    assert "".join(rest).strip().endswith(added)


@given(TEXT, st.lists(TEXT, max_size=5))
def test_it_does_not_matter_where_pieces_are_cut(said: str, rest: list[str]) -> None:
    assert joined(said, *rest) == joined(said, *"".join(rest))


def test_the_next_one_is_told_what_was_said() -> None:
    messages = [ChatMessage("user", "hi")]
    assert resuming(messages, "  ") == messages
    asked = resuming(messages, " Good")
    assert [m.role for m in asked] == ["user", "assistant", "user"]
    assert asked[1].content == "Good"
