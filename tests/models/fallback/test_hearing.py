"""The words come from whoever hears them, from all of the sound."""

import asyncio

import pytest
from tests.models.fallback.flaky import SILENCE, Fault, FlakyRecogniser, line_up

from visavis.clock import run_virtual
from visavis.errors import ModelError
from visavis.models.fallback import FallbackSpeechToText


def of(*models: object) -> FallbackSpeechToText:
    return FallbackSpeechToText(line_up(*models))  # type: ignore[arg-type]


@pytest.mark.parametrize(("fault", "within"), [("hangs", 1.7), ("breaks", 0.0)])
def test_another_recogniser_takes_over_with_all_of_the_sound(fault: Fault, within: float) -> None:
    async def main() -> None:
        first, second = FlakyRecogniser("no", fault), FlakyRecogniser("tell me one")
        stream = of(first, second).stream(language="en")
        stream.push(SILENCE)
        stream.push(SILENCE)
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert (await stream.decode(final=True)).text == "tell me one"
        assert loop.time() - start == pytest.approx(within)
        assert second.pushed == 2 * len(SILENCE)
        stream.reset()
        assert second.pushed == 0
        await stream.aclose()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main())


def test_partial_words_are_asked_only_of_who_gives_them_cheaply() -> None:
    async def main() -> None:
        first = FlakyRecogniser("tell me", "breaks", partials=True)
        second = FlakyRecogniser("tell me one")
        model = of(first, second)
        assert model.partials
        stream = model.stream()
        with pytest.raises(ModelError):
            await stream.decode()
        assert (await stream.decode()).text == ""
        assert (second.decodes, (await stream.decode(final=True)).text) == (0, "tell me one")

    run_virtual(main())
