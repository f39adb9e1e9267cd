"""A reply that keeps the person waiting may be preceded by a filler; never more than one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation.events import AsideDone, AsideStarted, ReplyDone, ReplyStarted
from visavis.models.scripted import ScriptedLanguageModel, ScriptedSpeechToText, scripted_models

FILLERS = {"en": ("Hm.", "Let me see."), "zh": ("嗯。",)}
HM_S = 0.18
"""How long the tone voice says "Hm."."""
END = 6.0
"""When the person falls silent."""
RELEASED = END + 0.2
AFTER = RELEASED + 0.6
SAYS = [Say(END - 1.0, 1.0)]


def talk(
    thinks_s: float,
    *,
    says: list[Say] = SAYS,
    words: tuple[str, ...] = ("tell me one", "tell me two"),
    fillers: dict[str, tuple[str, ...]] = FILLERS,
    until: float = 12.0,
    during: dict[float, str] | None = None,
) -> World:
    async def main() -> World:
        models = replace(
            scripted_models([]),
            stt=ScriptedSpeechToText(words, repeat=True),
            llm=ScriptedLanguageModel(["It is so."], first_token_s=thinks_s),
        )
        settings = ConversationSettings(speculate="silence", model_timeout_s=30.0)
        world = World(models, says, Agent(fillers=fillers), settings)
        does = {"interrupt": world.session.interrupt}
        await world.run(until, {at: does[what] for at, what in (during or {}).items()})
        await world.end()
        return world

    return run_virtual(main())


def said(world: World) -> list[str]:
    return [event.text for event in world.of(AsideStarted)]  # type: ignore[attr-defined]


def sounds(world: World) -> np.ndarray:
    return np.array([at for at, level in world.port.levels if level > 100])


def test_a_quick_reply_needs_none() -> None:
    assert said(talk(0.3)) == []


def test_it_is_off_unless_the_author_allows_it() -> None:
    assert said(talk(3.0, fillers={})) == []


def test_a_slow_reply_is_preceded_by_one_and_is_heard_when_it_is_ready() -> None:
    world = talk(3.0)
    assert said(world) == ["Hm."]
    heard = sounds(world)
    assert heard[0] == pytest.approx(AFTER, abs=0.08)
    assert not np.any((heard > AFTER + HM_S + 0.1) & (heard < END + 3.0))
    assert [event.heard for event in world.of(ReplyDone)] == ["It is so."]  # type: ignore[attr-defined]
    assert [item.text for item in world.session.history] == ["tell me one", "It is so."]


def test_a_reply_that_gets_ready_meanwhile_follows_without_a_gap() -> None:
    # The filler begins 0.8 s after the person's end, the reply is ready 0.1 s later.
    world = talk(0.85)
    (start,) = world.of(AsideStarted)
    (reply,) = world.of(ReplyStarted)
    assert start.at < reply.at < start.at + HM_S  # type: ignore[attr-defined]
    heard = sounds(world)
    begins = heard[heard < start.at + 1.0]  # type: ignore[attr-defined]
    assert np.max(np.diff(begins)) < 0.07, "more than between two words"
    assert [done.cut for done in world.of(AsideDone)] == [False]  # type: ignore[attr-defined]
    assert [event.heard for event in world.of(ReplyDone)] == ["It is so."]  # type: ignore[attr-defined]


def test_never_the_same_twice_in_a_row() -> None:
    says = [Say(5.0 + 8 * turn, 1.0) for turn in range(4)]
    assert said(talk(3.0, says=says, until=36.0)) == ["Hm.", "Let me see."] * 2
    assert said(talk(3.0, says=says, until=36.0, fillers={"en": ("Hm.",)})) == ["Hm."] * 2


def test_in_the_language_of_the_person() -> None:
    assert said(talk(3.0, words=("今天天气怎么样",))) == ["嗯。"]
    assert said(talk(3.0, words=("今天天气怎么样",), fillers={"en": ("Hm.",)})) == []


def test_who_goes_on_silences_it_and_gets_an_answer_to_everything() -> None:
    world = talk(3.0, says=[*SAYS, Say(AFTER + 0.05, 1.0)], fillers={"en": ("Let me see, well.",)})
    assert [done.cut for done in world.of(AsideDone)] == [True]  # type: ignore[attr-defined]
    heard = sounds(world)
    assert not np.any((heard > AFTER + 0.25) & (heard < AFTER + 2.0))
    assert [event.heard for event in world.of(ReplyDone)] == ["It is so."]  # type: ignore[attr-defined]
    assert len([item for item in world.session.history if item.role == "user"]) == 1


def test_an_interrupt_silences_it() -> None:
    world = talk(3.0, fillers={"en": ("Let me see, well.",)}, during={AFTER + 0.1: "interrupt"})
    assert [done.cut for done in world.of(AsideDone)] == [True]  # type: ignore[attr-defined]
    assert np.max(sounds(world)) < AFTER + 0.2


def test_what_the_program_says_is_not_preceded_by_any() -> None:
    async def main() -> World:
        models = replace(
            scripted_models([]), llm=ScriptedLanguageModel(["Yes."], first_token_s=3.0)
        )
        world = World(models, agent=Agent(fillers=FILLERS))
        await world.run(8.0, {3.0: world.session.generate_reply})
        await world.end()
        return world

    world = run_virtual(main())
    assert [event.heard for event in world.of(ReplyDone)] == ["Yes."]  # type: ignore[attr-defined]
    assert said(world) == []
