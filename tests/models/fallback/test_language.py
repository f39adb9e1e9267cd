"""A reply comes from whoever can give it, once and whole."""

import asyncio

import pytest
from tests.models.fallback.flaky import Fault, FlakyLanguageModel, line_up

from visavis.clock import run_virtual
from visavis.errors import ModelError, RequestRefused
from visavis.models.fallback import FallbackLanguageModel, Health
from visavis.models.protocols import ChatMessage

MESSAGES = [ChatMessage("user", "hi")]
REPLY = "One two three four."


async def ask(model: FallbackLanguageModel) -> tuple[str, float]:
    """The reply, and the seconds to its first piece."""
    loop = asyncio.get_running_loop()
    start, first, text = loop.time(), -1.0, ""
    async for piece in model.generate(MESSAGES):
        first = loop.time() - start if first < 0 else first
        text += piece
    assert len(asyncio.all_tasks()) == 1
    return text, first


def of(*models: object) -> FallbackLanguageModel:
    return FallbackLanguageModel(line_up(*models))  # type: ignore[arg-type]


@pytest.mark.parametrize(("fault", "within"), [("hangs", 1.7), ("breaks", 0.0), ("none", 0.0)])
def test_the_next_takes_over_before_the_first_word(fault: Fault, within: float) -> None:
    first, second = FlakyLanguageModel("First.", fault), FlakyLanguageModel(REPLY)
    text, waited = run_virtual(ask(of(first, second)))
    assert text == (REPLY if fault != "none" else "First.")
    assert waited == pytest.approx(within)
    assert first.closed == len(first.requests) == 1


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
def test_the_next_goes_on_in_the_middle(fault: Fault) -> None:
    first = FlakyLanguageModel(REPLY, fault, after=2)
    second = FlakyLanguageModel("three four.")
    text, _ = run_virtual(ask(of(first, second)))
    assert text == REPLY
    assert [m.content for m in second.requests[0]][:2] == ["hi", "One two"]


def test_the_next_that_begins_again_is_not_heard_twice() -> None:
    text, _ = run_virtual(
        ask(of(FlakyLanguageModel(REPLY, "hangs", after=2), FlakyLanguageModel(REPLY)))
    )
    assert text == REPLY


def test_a_slow_one_that_wakes_up_first_has_the_word() -> None:
    slow = FlakyLanguageModel("Slow but sure.", first_token_s=2.0)
    other = FlakyLanguageModel("Never heard.", first_token_s=1.0)
    text, waited = run_virtual(ask(of(slow, other)))
    assert (text, waited) == ("Slow but sure.", pytest.approx(2.0))
    assert (other.tokens, other.closed) == (0, 1)


def test_with_nobody_left_the_reason_is_told_in_time() -> None:
    async def main() -> float:
        start = asyncio.get_running_loop().time()
        with pytest.raises(ModelError, match=r"a gave nothing for 1\.7 s"):
            await ask(of(FlakyLanguageModel("x", "hangs")))
        return asyncio.get_running_loop().time() - start

    assert run_virtual(main()) == pytest.approx(1.7)


def test_an_empty_reply_is_none() -> None:
    text, _ = run_virtual(ask(of(FlakyLanguageModel(" "), FlakyLanguageModel(REPLY))))
    assert text == REPLY


def test_one_that_failed_is_skipped_then_tried_and_taken_back() -> None:
    async def main() -> None:
        first, second = FlakyLanguageModel("First.", "hangs"), FlakyLanguageModel("Second.")
        model = of(first, second)
        assert await ask(model) == ("Second.", pytest.approx(1.7))
        assert await ask(model) == ("Second.", pytest.approx(0.0))
        assert [s.health for s in model.standings()] == [Health.BROKEN, Health.GOOD]
        await asyncio.sleep(6)
        assert await ask(model) == ("Second.", pytest.approx(0.4)), "a trial costs less"
        assert len(first.requests) == 2
        await asyncio.sleep(11)
        first.fault = "none"
        assert await ask(model) == ("First.", pytest.approx(0.0))
        assert [s.health for s in model.standings()] == [Health.GOOD, Health.GOOD]

    run_virtual(main())


def test_a_reply_that_nobody_waits_for_says_nothing_of_its_provider() -> None:
    async def main() -> None:
        model = of(FlakyLanguageModel("x", "hangs"), FlakyLanguageModel("y", "hangs"))
        for _ in range(2):
            task = asyncio.create_task(ask(model))
            await asyncio.sleep(1.0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert [s.failures for s in model.standings()] == [0, 0]
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main())


def test_a_request_that_is_wrong_harms_no_other_call() -> None:
    class Refuses(FlakyLanguageModel):
        async def generate(self, messages: object, options: object = None) -> object:  # type: ignore[override]
            raise RequestRefused("too long")
            yield ""

    async def main() -> None:
        model = of(Refuses("x"))
        with pytest.raises(RequestRefused, match="too long"):
            await ask(model)
        assert model.standings()[0].health is Health.GOOD
        assert await ask(of(Refuses("x"), FlakyLanguageModel(REPLY))) == (REPLY, 0.0)

    run_virtual(main())
