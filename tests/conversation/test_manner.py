"""An expressive agent's voice follows its marks; an even one's does not; history keeps none."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent
from visavis.conversation.agent import styled
from visavis.conversation.events import ReplyDone
from visavis.models.protocols import DEFAULT_VOICE, Speech, Voice
from visavis.models.scripted import ScriptedLanguageModel, ToneTextToSpeech, scripted_models
from visavis.speaking import STYLES, Style

REPLY = "[warm] I am glad. [sings] Really. [/warm] It is 5 km."


class Listening(ToneTextToSpeech):
    """Keeps what was asked for and in which voice."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Voice]] = []

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        self.asked.append((text, voice))
        async for speech in super().synthesize(text, voice):
            yield speech


def talk(agent: Agent) -> tuple[World, Listening]:
    async def main() -> tuple[World, Listening]:
        models = scripted_models(["how are you"], [REPLY])
        models.tts = voice = Listening()
        # Nothing but the reply is spoken: nothing needs to be known beforehand.
        silent = replace(agent, apology="", holding={}, not_caught={})
        world = World(models, [Say(1.0, 1.5)], silent)
        await world.run(9.0)
        await world.end()
        return world, voice

    return run_virtual(main())


@pytest.mark.parametrize("manner", ["even", "expressive"])
def test_what_is_said_and_kept_is_the_same(manner: str) -> None:
    world, voice = talk(Agent(manner=manner))  # type: ignore[arg-type]
    (done,) = world.of(ReplyDone)
    assert done.heard == "I am glad. Really. It is 5 km."
    assert " ".join(text for text, _ in voice.asked) == "I am glad. Really. It is five kilometers."


def test_an_expressive_voice_follows_the_marks() -> None:
    _, voice = talk(Agent(manner="expressive", voice=Voice("nova", 1.2)))
    used = dict.fromkeys(v for _, v in voice.asked)
    assert list(used) == [styled(Voice("nova", 1.2), STYLES["warm"]), Voice("nova", 1.2)]


def test_an_even_voice_stays_as_it_is() -> None:
    _, voice = talk(Agent())
    assert {v for _, v in voice.asked} == {Voice()}


def test_only_an_expressive_agent_s_model_is_told_of_the_marks() -> None:
    for manner, told in (("even", False), ("expressive", True)):
        world, _ = talk(Agent(manner=manner))  # type: ignore[arg-type]
        llm = world.models.llm
        assert isinstance(llm, ScriptedLanguageModel)
        assert ("[warm]" in llm.requests[-1][0].content) is told


def test_no_style_leaves_what_voices_allow() -> None:
    extreme = Style(rate=9, pitch=99, pitch_range=9, loudness=99, warmth=9)
    assert styled(Voice(), extreme) == Voice("default", 2.0, 12.0, 3.0, 12.0, 1.0)
