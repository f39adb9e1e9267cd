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


@pytest.mark.parametrize(
    "text", ["I want to", "That's because", "Um,", "and the", "我不去因为", "请把", "我要，嗯"]
)
def test_hanging_or_filler(text: str) -> None:
    assert phrase(text).hanging or phrase(text).filler


@pytest.mark.parametrize(
    "text", ["My number is five five", "It is spelled S M", "4 2", "我的号码是一三八"]
)
def test_dictated(text: str) -> None:
    assert phrase(text).dictated


@pytest.mark.parametrize("text", ["I have two children", "Give me five", "A", "今天天气怎么样"])
def test_not_dictated(text: str) -> None:
    assert not phrase(text).dictated


def test_a_chinese_sentence_has_as_many_words_as_characters() -> None:
    assert phrase("今天天气怎么样？").words == 7
    assert phrase("我要去 Paris").words == 4
