"""What was made in vain leaves no trace: under greedy decoding the reply to the final words is the
one that a model gives that has seen nothing before."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from visavis.models.embedded.llama import LlamaModel
from visavis.models.protocols import ChatMessage, GenerateOptions

pytestmark = pytest.mark.weights
SYSTEM = ChatMessage("system", "You are Mia. Reply in one short spoken sentence.")
WHOLE = GenerateOptions(max_tokens=16)
TURNS = (
    "Could you tell me when the shop on the corner opens",
    "And what is the name of the man who works there on Monday",
    "Please enter your agent number followed by the pound key",
)


def partials(text: str, rng: random.Random) -> list[str]:
    """The beginnings of a text, the last word of each perhaps misheard."""
    words = text.split()
    heard = []
    for count in range(2, len(words), 2):
        last = rng.choice([words[count - 1], "five", "the", "Follow-up."])
        heard.append(" ".join([*words[: count - 1], last]))
    return heard


async def load(weights: Path) -> LlamaModel:
    return await LlamaModel.load(weights, context=1024, slots=2, threads=1)


async def reply(model: LlamaModel, messages: list[ChatMessage]) -> str:
    return "".join([piece async for piece in model.generate(messages, WHOLE)])


async def speculate(model: LlamaModel, messages: list[ChatMessage], rng: random.Random) -> None:
    """Prefill, or begin a reply and drop it at any moment."""
    if rng.random() < 0.4:
        await model.prefill(messages)
        return
    pieces = model.generate(messages, WHOLE)
    for _ in range(rng.randrange(4)):
        if await anext(pieces, None) is None:
            break
    await pieces.aclose()


def test_the_reply_is_that_of_a_model_that_has_not_speculated(weights: Path) -> None:
    async def main() -> None:
        rng = random.Random(1)
        busy = await load(weights)
        history = [SYSTEM]
        for turn in TURNS:
            for partial in partials(turn, rng):
                await speculate(busy, [*history, ChatMessage("user", partial)], rng)
            history.append(ChatMessage("user", turn))
            said = await reply(busy, history)
            fresh = await load(weights)
            try:
                assert await reply(fresh, history) == said
            finally:
                await fresh.aclose()
            history.append(ChatMessage("assistant", said))
        await busy.aclose()

    asyncio.run(main())
