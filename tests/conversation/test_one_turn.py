"""A question and its answer: events, order, ledger."""

import asyncio

import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation.events import (
    ConversationItemAdded,
    ReplyDone,
    ReplyStarted,
    ReplyText,
    SpeechStarted,
    SpeechStopped,
    TurnMeasured,
    UserInputTranscribed,
)
from visavis.conversation.ledger import Stage
from visavis.models.scripted import scripted_models


def test_question_and_answer() -> None:
    async def main() -> World:
        models = scripted_models(["what is the time"], ["It is noon, my friend."])
        world = World(models, [Say(1.0, 1.5)])
        await world.run(8.0)
        await world.end()
        assert len(asyncio.all_tasks()) == 1, "the session left tasks behind"
        return world

    world = run_virtual(main())
    kinds = [type(event) for event in world.events]
    order = [SpeechStarted, SpeechStopped, UserInputTranscribed, ReplyStarted, ReplyDone]
    final = next(e for e in world.of(UserInputTranscribed) if e.final)
    assert final.text == "what is the time"
    assert [kinds.index(kind) for kind in (SpeechStarted, ReplyStarted, ReplyDone)] == sorted(
        kinds.index(kind) for kind in (SpeechStarted, ReplyStarted, ReplyDone)
    ), order
    (done,) = world.of(ReplyDone)
    assert done.status == "completed"
    assert done.text == done.heard == "It is noon, my friend."
    assert "".join(e.delta for e in world.of(ReplyText)).strip() == done.text
    assert [(e.role, e.text) for e in world.of(ConversationItemAdded)] == [
        ("user", "what is the time"),
        ("assistant", "It is noon, my friend."),
    ]
    ledger = world.of(TurnMeasured)[-1].ledger
    assert ledger.speech_start == pytest.approx(1.0, abs=0.02)
    assert ledger.speech_end == pytest.approx(2.5, abs=0.02)
    assert ledger.ms(Stage.RELEASED) == pytest.approx(1000 * ConversationSettings().sure_s, abs=25)
    assert set(ledger.stages) == set(Stage)


def test_greeting_comes_with_the_connection() -> None:
    async def main() -> World:
        world = World(scripted_models([]), agent=Agent(greeting="Hello there, I am Mia."))
        await world.run(5.0)
        await world.end()
        return world

    world = run_virtual(main())
    (done,) = world.of(ReplyDone)
    assert done.heard == "Hello there, I am Mia."
    assert [item.text for item in world.session.history] == ["Hello there, I am Mia."]
