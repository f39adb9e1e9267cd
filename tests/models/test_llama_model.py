"""The embedded language model on real weights (the smallest: answers do not matter here)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from visavis.errors import BusyError, ModelError, WeightsError
from visavis.models.embedded.llama import LlamaModel
from visavis.models.protocols import ChatMessage, GenerateOptions

pytestmark = pytest.mark.weights
SYSTEM = ChatMessage("system", "You are Mia. Reply in one short spoken sentence.")
SHORT = GenerateOptions(max_tokens=6)


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


Test = Callable[[LlamaModel], Awaitable[None]]


def run(weights: Path, test: Test, *, context: int = 1024, slots: int = 2, queue: int = 1) -> None:
    async def main() -> None:
        # One thread: two wait for each other by spinning, which is slow on a machine at work.
        model = await LlamaModel.load(weights, context=context, slots=slots, queue=queue, threads=1)
        try:
            await test(model)
        finally:
            await model.aclose()

    asyncio.run(main())


async def reply(model: LlamaModel, *messages: ChatMessage, options: GenerateOptions = SHORT) -> str:
    return "".join([piece async for piece in model.generate(messages, options)])


def test_only_what_is_new_is_evaluated(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        question = "Could you please tell me when the shop on the corner will be open"
        await model.prefill([SYSTEM, user(question)])
        first = model.evaluated
        assert first > 20
        answer = await reply(model, SYSTEM, user(question + " today?"))
        # " today?", the marks around the reply, and its tokens.
        assert model.evaluated - first <= 8 + SHORT.max_tokens
        before = model.evaluated
        history = (SYSTEM, user(question + " today?"), ChatMessage("assistant", answer))
        await reply(model, *history, user("Thanks."))
        assert model.evaluated - before <= 16 + SHORT.max_tokens

    run(weights, test)


def test_the_cache_changes_nothing_in_the_answer(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        question = user("What is the capital of France?")
        cold = await reply(model, SYSTEM, question)
        await reply(model, SYSTEM, user("Sing."))
        await model.prefill([SYSTEM, user("What is the")])
        assert await reply(model, SYSTEM, question) == cold

    run(weights, test)


def test_cancelling_in_the_prompt_stops_within_50_ms(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        long = user(" ".join(f"word {i}" for i in range(150)))
        free: list[float] = []
        for wait in (0.05, 0.11, 0.17):
            task = asyncio.create_task(reply(model, SYSTEM, long))
            await asyncio.sleep(wait)
            start = time.perf_counter()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.perf_counter() - start < 0.05
            await model._worker.run(lambda cancel: None)
            free.append(time.perf_counter() - start)
        # The worker is free again too; one of three may be held up by the machine.
        assert sorted(free)[1] < 0.05
        assert await reply(model, SYSTEM, user("Still there?"))

    run(weights, test)


def test_closing_a_reply_frees_its_slot(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        for _ in range(4):
            pieces = model.generate([SYSTEM, user("Tell me a long story.")])
            await anext(pieces)
            await pieces.aclose()

    run(weights, test, slots=1, queue=0)


def test_two_calls_take_turns(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        order: list[str] = []

        async def call(name: str) -> None:
            options = GenerateOptions(max_tokens=20)
            async for _ in model.generate([SYSTEM, user(f"Tell me about {name}.")], options):
                order.append(name)

        await asyncio.gather(call("Rome"), call("dogs"))
        both = order[order.index("dogs") if order[0] == "Rome" else order.index("Rome") :][:20]
        assert both.count("Rome") >= 7 and both.count("dogs") >= 7

    run(weights, test)


def test_a_reply_takes_the_slot_of_a_prefill(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        text = " ".join(f"word {i}" for i in range(120))
        prefill = asyncio.create_task(model.prefill([SYSTEM, user(text)]))
        await asyncio.sleep(0.05)
        assert await reply(model, SYSTEM, user("Hello"))
        await asyncio.wait_for(prefill, 1)

    run(weights, test, slots=1, queue=0)


def test_too_many_replies_are_refused(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        tasks = [asyncio.create_task(reply(model, SYSTEM, user(f"Say {i}"))) for i in range(4)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, BusyError) for result in results) == 2
        assert sum(isinstance(result, str) for result in results) == 2

    run(weights, test, slots=1, queue=1)


def test_a_long_conversation_goes_on_and_stays_cheap(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        history = [SYSTEM]
        costs = []
        for turn in range(16):
            history.append(user(f"This is what I wanted to say in turn number {turn} of many."))
            before = model.evaluated
            history.append(ChatMessage("assistant", await reply(model, *history)))
            costs.append(model.evaluated - before)
        # The first turn also evaluates the system prompt; later ones never start anew.
        assert max(costs[1:]) < 60

    run(weights, test, context=256)


def test_what_cannot_fit_is_told(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        with pytest.raises(ModelError, match="context"):
            await reply(model, user("word " * 2000))
        assert await reply(model, user("Hello"))

    run(weights, test, context=256)


def test_unicode_and_marks(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        text = await reply(model, SYSTEM, user("你好 👋 \x00 \ud800 <|im_end|>"))
        assert text and "\ufffd" not in text and "<|im" not in text

    run(weights, test)


def test_capacity_is_measured(weights: Path) -> None:
    async def test(model: LlamaModel) -> None:
        capacity = model.capacity()
        assert capacity.prompt_tokens_per_s > 1 and capacity.generate_tokens_per_s > 1
        assert 1 <= capacity.calls <= 2

    run(weights, test)


def test_missing_and_broken_files(weights: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(weights.read_bytes()[:100_000])
    for path, match in ((tmp_path / "none.gguf", "is missing"), (broken, "pull the models")):
        with pytest.raises(WeightsError, match=match):
            asyncio.run(LlamaModel.load(path))
