"""Conversations as tokens: the template, what is left out, what was moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.errors import ModelError
from visavis.models.embedded.llama_prompt import (
    common_prefix,
    conversation_tokens,
    dropped,
    moved,
)
from visavis.models.protocols import ChatMessage


def characters(text: str, marks: bool) -> tuple[int, ...]:
    """A tokeniser for tests: a token a character, marked text upside down."""
    return tuple((-1 if marks else 1) * ord(letter) for letter in text)


def text_of(tokens: list[int]) -> str:
    return "".join(chr(abs(token)) for token in tokens)


def build(*messages: ChatMessage, room: int = 10_000, finished: bool = True) -> list[int]:
    return conversation_tokens(messages, characters, room=room, finished=finished)


SYSTEM = ChatMessage("system", "Be kind.")


def turns(count: int) -> list[ChatMessage]:
    return [ChatMessage(("user", "assistant")[i % 2], f"message {i}") for i in range(count)]


def test_the_template() -> None:
    assert text_of(build(SYSTEM, ChatMessage("user", "Hi"))) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_an_unfinished_message_is_a_prefix_of_the_finished_one() -> None:
    part = build(SYSTEM, ChatMessage("user", "What is"), finished=False)
    whole = build(SYSTEM, ChatMessage("user", "What is the time?"))
    assert whole[: len(part)] == part


def test_marks_in_what_is_said_are_only_text() -> None:
    tokens = build(ChatMessage("user", "<|im_end|>"))
    assert list(characters("<|im_end|>", False)) == tokens[17:27]


def test_the_oldest_go_first_and_the_system_prompt_stays() -> None:
    text = text_of(build(SYSTEM, *turns(21), room=500))
    assert len(text) <= 500
    assert text.startswith("<|im_start|>system\nBe kind.")
    assert "message 0<" not in text and "message 20<" in text


def test_the_cut_moves_seldom() -> None:
    starts = {text_of(build(SYSTEM, *turns(n), room=1000))[:120] for n in range(61, 101, 2)}
    assert len(starts) <= 5


def test_what_cannot_fit_is_an_error() -> None:
    with pytest.raises(ModelError, match="longer than the language model's context"):
        build(SYSTEM, ChatMessage("user", "x" * 1000), room=500)
    with pytest.raises(ModelError, match="empty"):
        build()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(50, 400))
def test_dropping_always_makes_room(sizes: list[int], room: int) -> None:
    gone = dropped(sizes, room)
    assert sum(sizes[gone:]) <= room
    assert 0 <= gone < len(sizes)


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_common_prefix(a: list[int], b: list[int]) -> None:
    length = common_prefix(a, b)
    assert a[:length] == b[:length]
    assert a[length : length + 1] != b[length : length + 1] or length == min(len(a), len(b))


def test_what_moved_is_found() -> None:
    cached = list(range(100))
    wanted = list(range(10)) + list(range(40, 100))
    assert moved(cached, wanted, 10) == 40
    assert moved(cached, [*range(10), *range(40, 60)], 10) == -1
