"""Whether a sentence ends after the words so far, by what the language model expects next."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.models.embedded.llama import LlamaModel
from visavis.models.embedded.llama_ends import last_word, probability, stop_tokens
from visavis.models.embedded.llama_prompt import (
    conversation_tokens,
    message_end,
    reply_opening,
)
from visavis.models.protocols import ChatMessage, GenerateOptions, SentenceEnd

SYSTEM = ChatMessage("system", "You are Mia. Reply in one short spoken sentence.")
ASKED = GenerateOptions(max_tokens=3, sentence_end=True)


def by_letter(text: str, marks: bool) -> tuple[int, ...]:
    """A tokeniser that cuts no two texts differently."""
    return tuple(ord(letter) for letter in text)


def spot(text: str) -> int | None:
    said = ChatMessage("user", text)
    prompt = conversation_tokens([SYSTEM, said], by_letter, room=4096, finished=True)
    at = last_word(prompt, said, message_end(by_letter) + reply_opening(by_letter), by_letter)
    if at is not None:
        assert chr(prompt[at]) in text
    return at


@given(st.text(max_size=40))
def test_the_last_word_lies_before_its_punctuation(text: str) -> None:
    bare = text.rstrip(" .?!,;:…-\"'。？！，；：、")
    assert spot(text) == spot(bare)
    assert (spot(text) is None) == (not bare)


def test_a_tokeniser_that_joins_word_and_mark_leaves_it_open() -> None:
    said = ChatMessage("user", "at 5 p.m.")

    def joins(text: str, marks: bool) -> tuple[int, ...]:
        return (1, 2, 3) if text == said.content else by_letter(text, marks)

    assert last_word([9, 9, 1, 2, 3], said, [], joins) is None


def test_the_probability_is_that_of_all_stops_together() -> None:
    logits = np.log(np.array([0.1, 0.2, 0.3, 0.4], np.float32))
    assert probability(logits, np.array([0, 2])) == pytest.approx(0.4)


def test_stops_are_single_tokens() -> None:
    assert set(stop_tokens(by_letter)) == {ord(stop) for stop in ".?!。？！"}


@pytest.mark.weights
def test_what_wants_another_word_ends_no_sentence(weights: Path) -> None:
    async def main() -> None:
        model = await LlamaModel.load(weights, context=512, slots=1, threads=1)

        async def read(text: str) -> float:
            stream = model.generate([SYSTEM, ChatMessage("user", text)], ASKED)
            tokens = [token async for token in stream]
            first, *words = tokens
            assert isinstance(first, SentenceEnd)
            assert words and all(isinstance(word, str) for word in words)
            return first.probability

        try:
            whole = [await read("What is the capital of France?"), await read("Tell me a joke.")]
            cut = [await read("What is the capital of"), await read("Tell me a")]
            assert min(whole) > 5 * max(cut)
            # The same whether the cache already holds the words or not.
            assert await read("Tell me a") == pytest.approx(cut[1], rel=0.2)
            await model.prefill([SYSTEM, ChatMessage("user", "Tell me a joke")])
            assert await read("Tell me a joke.") == pytest.approx(whole[1], rel=0.2)
            plain = model.generate([SYSTEM, ChatMessage("user", "Hello.")], GenerateOptions(3))
            assert not any(isinstance(token, SentenceEnd) for token in [t async for t in plain])
        finally:
            await model.aclose()

    asyncio.run(main())
