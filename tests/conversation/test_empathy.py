"""How the person sounds reaches the watchers, and the language model if it is told."""

from dataclasses import replace

import numpy as np
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent
from visavis.conversation.empathy import Empathy
from visavis.conversation.events import ConversationItemAdded, FeelingHeard
from visavis.conversation.feeling import Feeling
from visavis.models.scripted import ScriptedLanguageModel, scripted_models
from visavis.seam import FRAME_IN, RATE_IN, AudioIn, Mark

SAYS = [Say(1.0 + 5 * turn, 1.5) for turn in range(3)]
WORDS = ["what is the time", "good morning", "I am so happy, I love it"]
SAID = "(The person sounds pleased.)"


def talk(feelings: str, words: list[str] = WORDS) -> World:
    async def main() -> World:
        world = World(
            scripted_models(words, ["Noon."]),
            SAYS,
            Agent(feelings=feelings),  # type: ignore[arg-type]
        )
        await world.run(16.0)
        await world.end()
        return world

    return run_virtual(main())


def last_words(world: World) -> str:
    llm = world.models.llm
    assert isinstance(llm, ScriptedLanguageModel)
    return llm.requests[-1][-1].content


def test_each_turn_has_a_feeling() -> None:
    world = talk("watch")
    heard = world.of(FeelingHeard)
    assert [event.feeling.label for event in heard] == ["neutral", "neutral", "pleased"]
    turns = [e.item_id for e in world.of(ConversationItemAdded) if e.role == "user"]
    assert [event.item_id for event in heard] == turns
    assert last_words(world) == WORDS[-1]


def test_the_model_is_told_before_the_words_and_history_is_not() -> None:
    world = talk("tell")
    assert last_words(world) == f"{SAID} {WORDS[-1]}"
    assert [item.text for item in world.session.history if item.role == "user"] == WORDS


def test_what_is_not_certain_is_not_told() -> None:
    assert last_words(talk("tell", ["what is the time"] * 3)) == "what is the time"


def test_nobody_listens_if_it_is_not_wanted() -> None:
    world = talk("ignore")
    assert not world.of(FeelingHeard)
    assert last_words(world) == WORDS[-1]


def test_noise_has_no_feeling() -> None:
    assert not talk("watch", ["", "", ""]).of(FeelingHeard)


def test_typed_words_have_no_sound() -> None:
    async def main() -> World:
        world = World(scripted_models([], ["Noon."]), agent=Agent(feelings="tell"))
        ask = {1.0: lambda: world.session.generate_reply(user_input=WORDS[-1])}
        await world.run(3.0, ask)
        await world.end()
        return world

    world = run_virtual(main())
    assert not world.of(FeelingHeard)
    assert last_words(world) == WORDS[-1]


def frames(hz: float, amplitude: float, position: int) -> list[AudioIn]:
    """Two seconds of a buzz."""
    phase = 2 * np.pi * hz * np.arange(2 * RATE_IN) / RATE_IN
    wave = sum(np.cos(k * phase) / k for k in range(1, 10)) / 3
    pcm = np.round(amplitude * 32767 * np.asarray(wave)).astype(np.int16)
    return [
        AudioIn(position + at, pcm[at : at + FRAME_IN], Mark.RECEIVED, 0.0)
        for at in range(0, len(pcm), FRAME_IN)
    ]


def test_a_voice_is_compared_with_itself() -> None:
    empathy = Empathy()

    def say(hz: float, amplitude: float, text: str) -> str:
        empathy.begin()
        for frame in frames(hz, amplitude, 0):
            empathy.push(frame)
        note = empathy.note(text)
        empathy.commit(text)
        return note

    for hz in (150, 148, 153, 151, 149):
        assert say(hz, 0.05, "it is what it is") == ""
    assert say(260, 0.6, "look over there now please come here") == "(The person sounds excited.)"
    assert say(150, 0.05, "it is what it is") == ""


def test_lost_sound_is_not_measured() -> None:
    empathy = Empathy()
    empathy.begin()
    for frame in frames(150, 0.5, 0):
        empathy.push(replace(frame, mark=Mark.CONCEALED))
    assert empathy.commit("hello") == Feeling("neutral", 1.0)
