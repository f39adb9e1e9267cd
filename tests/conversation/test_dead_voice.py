"""A voice that dies in the middle of a call still says what it has learnt before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation.events import ConversationItemAdded, ReplyDone
from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_VOICE, Speech, Voice
from visavis.models.scripted import ToneTextToSpeech, scripted_models

SORRY = "I am sorry, my voice is gone, and so is what I wanted to say to you."
SAYS = [Say(0.5, 1.0), Say(8.0, 1.0)]
WORDS = ["tell me one", "tell me two"]


class Mortal(ToneTextToSpeech):
    """Works until `dies`, then hangs or breaks."""

    def __init__(self, dies: float, how: str) -> None:
        super().__init__(first_piece_s=0.1)
        self.dies, self.how = dies, how
        self.asked: list[tuple[float, str]] = []

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        now = asyncio.get_running_loop().time()
        self.asked.append((now, text))
        if now >= self.dies:
            if self.how == "hangs":
                await asyncio.sleep(1e6)
            raise ModelError("the line is cut")
        async for speech in super().synthesize(text, voice):
            yield speech


def call(voice: ToneTextToSpeech, *, change: str | None = None) -> World:
    async def main() -> World:
        models = replace(scripted_models(WORDS, ["It is so."]), tts=voice)
        world = World(
            models,
            SAYS,
            agent=Agent(apology=SORRY),
            settings=ConversationSettings(model_timeout_s=2.0),
        )
        during = {3.5: lambda: world.session.update(voice=change)} if change else None
        await world.run(17.0, during)
        await world.end()
        assert len(asyncio.all_tasks()) == 1
        return world

    return run_virtual(main())


def heard(world: World) -> list[str]:
    return [event.heard for event in world.of(ReplyDone) if event.heard]  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["hangs", "breaks"])
@pytest.mark.parametrize("change", [None, "another"])
def test_the_apology_is_heard(how: str, change: str | None) -> None:
    world = call(Mortal(7.0, how), change=change)
    assert heard(world) == ["It is so.", SORRY]
    added = [e for e in world.of(ConversationItemAdded) if e.role == "assistant"]  # type: ignore[attr-defined]
    assert [e.text for e in added] == ["It is so.", SORRY]  # type: ignore[attr-defined]


def test_a_voice_that_never_worked_is_not_heard() -> None:
    assert heard(call(Mortal(0.0, "breaks"))) == []


def test_nothing_is_rehearsed_while_somebody_speaks() -> None:
    voice = Mortal(1e6, "breaks")
    call(voice)
    # The first pieces come before the person speaks, the others not before the agent has answered.
    learnt = [at for at, text in voice.asked if text not in "It is so."]
    assert learnt[0] < 0.6 < 2.0 < learnt[-1]
    assert not any(0.6 < at < 2.0 for at in learnt)


def test_the_next_call_has_nothing_to_learn() -> None:
    async def main() -> int:
        models = scripted_models(WORDS, ["It is so."])
        for _ in range(2):
            world = World(models)
            await world.run(6.0)
            await world.end()
        assert isinstance(models.tts, ToneTextToSpeech)
        return len(models.tts.requests) - len(set(models.tts.requests))

    assert run_virtual(main()) == 0
