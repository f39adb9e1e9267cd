"""Providers that stall cost at most two seconds: another one answers, or the agent says sorry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from tests.conversation.world import Say, World
from tests.models.fallback.flaky import (
    FlakyLanguageModel,
    FlakyRecogniser,
    FlakyVoice,
    line_up,
)

from visavis.clock import run_virtual
from visavis.conversation import Agent
from visavis.conversation.events import ReplyDone, SpeechStopped
from visavis.models.fallback import (
    FallbackLanguageModel,
    FallbackSpeechToText,
    FallbackTextToSpeech,
)
from visavis.models.protocols import ModelSet
from visavis.models.scripted import scripted_models

SAYS = [Say(0.5, 1.0)]
END = 1.5
"""When the person falls silent."""
REPLY = "Here is what you asked for, all of it."
SORRY = "Sorry about that."

Change = Callable[[ModelSet], ModelSet]


def llm(*models: FlakyLanguageModel) -> Change:
    return lambda m: replace(m, llm=FallbackLanguageModel(line_up(*models)))  # type: ignore[arg-type]


def voice(*models: FlakyVoice) -> Change:
    return lambda m: replace(m, tts=FallbackTextToSpeech(line_up(*models)))  # type: ignore[arg-type]


def ears(*models: FlakyRecogniser) -> Change:
    return lambda m: replace(m, stt=FallbackSpeechToText(line_up(*models)))  # type: ignore[arg-type]


def call(change: Change) -> World:
    async def main() -> World:
        models = change(scripted_models(["tell me one"], [REPLY]))
        world = World(models, SAYS, agent=Agent(apology=SORRY))
        await world.run(14.0)
        await world.end()
        return world

    return run_virtual(main())


def first_sound(world: World) -> float:
    """Seconds from the end of the person's speech to the first sound of the agent."""
    return next(at for at, level in world.port.levels if level > 100) - END


def said(world: World) -> list[str]:
    return [event.heard for event in world.of(ReplyDone) if event.heard]


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
@pytest.mark.parametrize(
    "stall",
    [
        lambda f: llm(FlakyLanguageModel("x", f), FlakyLanguageModel(REPLY)),
        lambda f: voice(FlakyVoice(f), FlakyVoice()),
        lambda f: ears(FlakyRecogniser("x", f), FlakyRecogniser("tell me one")),
    ],
    ids=["language model", "voice", "recogniser"],
)
def test_the_second_provider_is_heard_within_two_seconds(
    stall: Callable[[str], Change], fault: str
) -> None:
    world = call(stall(fault))
    assert said(world) == [REPLY]
    assert first_sound(world) < 2.0


@pytest.mark.parametrize(
    "stall",
    [
        lambda: llm(FlakyLanguageModel("x", "hangs")),
        lambda: llm(FlakyLanguageModel("x", "breaks")),
        lambda: ears(FlakyRecogniser("x", "hangs")),
        lambda: ears(FlakyRecogniser("x", "breaks")),
    ],
)
def test_with_one_provider_the_apology_is_heard_within_two_seconds(
    stall: Callable[[], Change],
) -> None:
    world = call(stall())
    assert said(world) == [SORRY]
    assert first_sound(world) < 2.0
    assert len(world.of(SpeechStopped)) == 1


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_reply_whose_model_breaks_off_is_ended_by_the_next(fault: str, after: int) -> None:
    world = call(llm(FlakyLanguageModel(REPLY, fault, after=after), FlakyLanguageModel(REPLY)))  # type: ignore[arg-type]
    assert said(world) == [REPLY]
    assert first_sound(world) < 2.0


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
def test_a_reply_whose_only_model_breaks_off_ends_in_an_apology(fault: str) -> None:
    world = call(llm(FlakyLanguageModel(REPLY, fault, after=6)))  # type: ignore[arg-type]
    assert said(world)[-1] == SORRY
    silences = [at for at, level in world.port.levels if END < at < 10 and level > 100]
    gaps = [b - a for a, b in pairwise(silences)]
    assert max(gaps) < 2.0


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
def test_a_voice_that_breaks_off_loses_no_word(fault: str) -> None:
    second = FlakyVoice()
    world = call(voice(FlakyVoice(fault, after=1), second))  # type: ignore[arg-type]
    assert said(world) == [REPLY]
