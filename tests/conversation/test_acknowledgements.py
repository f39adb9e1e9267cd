"""A long turn may be acknowledged softly; that is no reply, and delays none."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation.events import AgentStateChanged, AsideDone, AsideStarted, ReplyDone
from visavis.models.scripted import (
    FixedTurnDetector,
    ScriptedSpeechToText,
    ScriptedUtterance,
    ToneTextToSpeech,
    scripted_models,
)
from visavis.seam import Pcm

WORDS = {"en": ("Mm-hm.", "I see.")}
VOICE = 0.25
"""Amplitude of the tone voice."""
LONG = [Say(1.0, 4.0), Say(5.5, 4.0), Say(10.0, 4.0), Say(14.5, 4.0), Say(19.0, 4.0)]
"""One turn with pauses of half a second."""
END = 23.0
TEXT = "and so it went on for a long time,"


def talk(
    says: list[Say] = LONG,
    *,
    text: str = TEXT,
    words: dict[str, tuple[str, ...]] = WORDS,
    over: float = END,
    score: float = 0.1,
    until: float = 27.0,
) -> World:
    """`over`: from when on the turn detector is sure."""

    async def main() -> World:
        begin = asyncio.get_running_loop().time()

        def judge(pcm: Pcm) -> float:
            return 0.98 if asyncio.get_running_loop().time() - begin > over else score

        models = replace(
            scripted_models([], ["It is so."]),
            stt=ScriptedSpeechToText([ScriptedUtterance(text)], words_per_s=30.0, repeat=True),
            turn=FixedTurnDetector(judge),
            tts=ToneTextToSpeech(amplitude=VOICE),
        )
        world = World(models, says, Agent(acknowledgements=words))
        await world.run(until)
        await world.end()
        return world

    return run_virtual(main())


def said(world: World) -> list[tuple[float, str]]:
    return [(event.at, event.text) for event in world.of(AsideStarted)]  # type: ignore[attr-defined]


def test_it_is_off_unless_the_author_wishes_it() -> None:
    assert said(talk(words={})) == []


def test_in_pauses_of_a_long_turn_and_not_too_often() -> None:
    world = talk()
    (first, one), (second, other) = said(world)
    assert (one, other) == ("Mm-hm.", "I see.")
    assert first == pytest.approx(9.5 + 0.25, abs=0.06), "the first pause after six seconds"
    assert second == pytest.approx(18.5 + 0.25, abs=0.06), "the first eight seconds later"


def test_it_is_soft_and_nothing_else_changes() -> None:
    world = talk()
    quiet = [level for at, level in world.port.levels if at < END and level > 0]
    assert max(quiet) == pytest.approx(VOICE * 32767 / 2, rel=0.02), "6 dB"
    assert not any(what in ("duck", "flush") for _, what, _ in world.port.log)
    assert all(event.at > END for event in world.of(AgentStateChanged)[1:])  # type: ignore[attr-defined]
    assert [item.text for item in world.session.history] == [TEXT, "It is so."]
    assert [done.cut for done in world.of(AsideDone)] == [False, False]  # type: ignore[attr-defined]


def test_a_turn_that_may_be_over_is_not_acknowledged() -> None:
    assert said(talk(text="and so it went on for a long time", score=0.8)) == []


@pytest.mark.parametrize(
    "text", ["and so it went on for the", "and then, um", "my number is five five one"]
)
def test_who_searches_for_a_word_or_dictates_is_left_alone(text: str) -> None:
    assert said(talk(text=text, over=22.0)) == []


def test_a_short_turn_needs_none() -> None:
    assert said(talk([Say(1.0, 2.0), Say(3.5, 2.0), Say(6.0, 1.0)], over=7.0, until=9.0)) == []


def test_a_reply_does_not_wait_for_it() -> None:
    """The words that end the turn come while it sounds."""
    lasts = {"en": ("Mm-hm, mm-hm, mm-hm, I see, I see, I see.",)}
    world = talk([*LONG[:2], Say(10.0, 0.3)], words=lasts, over=9.9, until=14.0)
    assert len(said(world)) == 1
    (done,) = world.of(AsideDone)
    assert done.cut  # type: ignore[attr-defined]
    (reply,) = world.of(ReplyDone)
    assert reply.heard == "It is so."  # type: ignore[attr-defined]
    loud = [at for at, level in world.port.levels if level > VOICE * 32767 * 0.9]
    assert loud[0] == pytest.approx(10.3 + ConversationSettings().sure_s, abs=0.08)


def test_its_echo_is_no_interruption() -> None:
    """What comes back of it into the microphone ends no turn, starts none, and stops nothing."""
    plain = talk()
    (first, _), (second, _) = said(plain)
    echoes = [Say(first + 0.1, 0.15, 0.02), Say(second + 0.1, 0.15, 0.02)]
    world = talk(sorted([*LONG, *echoes], key=lambda say: say.at))
    assert [item.text for item in world.session.history] == [TEXT, "It is so."]
    assert not any(what in ("duck", "flush") for _, what, _ in world.port.log)
    answered, before = world.of(ReplyDone)[0].at, plain.of(ReplyDone)[0].at  # type: ignore[attr-defined]
    assert answered == pytest.approx(before, abs=0.05)
    assert np.isclose(said(world)[0][0], first)
