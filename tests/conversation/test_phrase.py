"""The shape of what was said so far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.conversation.phrase import phrase


@given(st.text(max_size=80))
def test_any_text_has_a_shape(text: str) -> None:
    shape = phrase(text)
    assert not (shape.ended and shape.comma)


@pytest.mark.parametrize("text", ["That is all.", "Is it?", "Stop!", 'He said "no."', "好的。"])
def test_ended(text: str) -> None:
    assert phrase(text).ended


@pytest.mark.parametrize("text", ["First of all,", "Well...", "wait", ""])
def test_not_ended(text: str) -> None:
    assert not phrase(text).ended


@pytest.mark.parametrize("text", ["I want to", "That's because", "Um,", "and the", "我不去因为"])
def test_hanging_or_filler(text: str) -> None:
    assert phrase(text).hanging or phrase(text).filler


@pytest.mark.parametrize("text", ["My number is five five", "It is spelled S M", "4 2"])
def test_dictated(text: str) -> None:
    assert phrase(text).dictated


@pytest.mark.parametrize("text", ["I have two children", "Give me five", "A"])
def test_not_dictated(text: str) -> None:
    assert not phrase(text).dictated
