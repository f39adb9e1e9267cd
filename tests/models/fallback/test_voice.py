"""Every word is spoken, and only a word that was cut is spoken again."""

import asyncio

import pytest
from tests.models.fallback.flaky import Fault, FlakyVoice, line_up

from visavis.clock import run_virtual
from visavis.errors import ModelError
from visavis.models.fallback import FallbackTextToSpeech

TEXT = "one two three four"


async def speak(model: FallbackTextToSpeech) -> list[str]:
    said = [word async for speech in model.synthesize(TEXT) for word, _ in speech.words]
    assert len(asyncio.all_tasks()) == 1
    return said


def of(*models: object) -> FallbackTextToSpeech:
    return FallbackTextToSpeech(line_up(*models))  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_the_next_voice_says_what_is_missing(fault: Fault, after: int) -> None:
    second = FlakyVoice()
    assert run_virtual(speak(of(FlakyVoice(fault, after=after), second))) == TEXT.split()
    assert second.requests == [" ".join(TEXT.split()[after:])]


def test_a_voice_that_tells_no_words_is_timed() -> None:
    second = FlakyVoice()
    run_virtual(speak(of(FlakyVoice("breaks", after=3, words=False), second)))
    assert second.requests[0] in ("three four", "four")


def test_with_nobody_left_it_says_so() -> None:
    with pytest.raises(ModelError, match="in the middle of its answer"):
        run_virtual(speak(of(FlakyVoice("breaks", after=2))))
