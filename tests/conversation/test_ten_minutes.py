"""Ten minutes of conversation in virtual time: the same twice, and in seconds."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation.events import (
    ConversationItemAdded,
    ReplyDone,
    ReplyText,
    SessionError,
    TurnMeasured,
)
from visavis.conversation.ledger import Stage
from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions, ModelSet
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ToneTextToSpeech,
)
from visavis.seam import Mark

MINUTES = 10
WORDS = ["what is the weather like", "mm-hm", "stop that now", "tell me more", "", "yeah", "why"]


class Moody(ScriptedLanguageModel):
    """Breaks on every twentieth reply."""

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str, None]:
        if len(self.requests) % 20 == 19:
            self.requests.append(tuple(messages))
            raise ModelError("in a mood")
        async for token in super().generate(messages, options):
            yield token


def ten_minutes(seed: int) -> World:
    async def main() -> World:
        chance = np.random.default_rng(seed)
        says, at = [], 3.0
        while at < MINUTES * 60 - 15:
            says.append(Say(at, float(chance.uniform(0.2, 2.5))))
            at += says[-1].seconds + float(chance.choice([0.25, 1.5, 4.0, 7.0]))
        lost = chance.random(MINUTES * 60 * 50)
        marks = (
            (0.02, Mark.CONCEALED),
            (0.04, Mark.RECOVERED),
            (0.045, Mark.MISSING),
        )

        def mark(at: float) -> Mark:
            value = lost[round(at * 50) % len(lost)]
            return next((mark for below, mark in marks if value < below), Mark.RECEIVED)

        models = ModelSet(
            vad=EnergyVoiceActivity(),
            stt=ScriptedSpeechToText(
                [str(word) for word in chance.choice(WORDS, 400)], decode_s=0.08, repeat=True
            ),
            turn=FixedTurnDetector(lambda pcm: float(pcm.size % 1000) / 1000, delay_s=0.05),
            llm=Moody(
                ["It is a fine day, and I would go out for a walk.", "Sure, what else?"],
                first_token_s=0.15,
                tokens_per_s=20,
            ),
            tts=ToneTextToSpeech(first_piece_s=0.03),
        )
        world = World(
            models,
            says,
            agent=Agent(greeting="Hello, I am Mia.", apology="Sorry, again please."),
            settings=ConversationSettings(speculate="auto"),
            mark=mark,
            seed=seed,
        )
        await world.run(MINUTES * 60)
        await world.end()
        assert len(asyncio.all_tasks()) == 1
        return world

    return run_virtual(main(), limit_s=MINUTES * 60 + 60)


def plain(world: World) -> list[dict[str, Any]]:
    return [{"kind": type(event).__name__, **asdict(event)} for event in world.events]


def test_the_same_seed_gives_the_same_call() -> None:
    one, two = ten_minutes(7), ten_minutes(7)
    assert one.port.digest.hexdigest() == two.port.digest.hexdigest()
    same = plain(one) == plain(two)  # not in the assert: a diff of thousands would take minutes
    assert same
    same = one.port.log == two.port.log
    assert same
    check(one)


def check(world: World) -> None:
    done: list[ReplyDone] = world.of(ReplyDone)
    status = [event.status for event in done]
    assert status.count("completed") > 20
    assert status.count("cancelled") > 5, "there were interruptions"
    assert world.of(SessionError), "there was a failure"
    for event in done:
        assert event.text.startswith(event.heard), "history is what was heard"
        said = "".join(e.delta for e in world.of(ReplyText) if e.reply == event.reply)
        assert said.strip() == event.text or event.status != "completed"
    numbers = [event.reply for event in done]
    assert len(set(numbers)) == len(numbers), "a reply ended twice"
    added = [e for e in world.of(ConversationItemAdded) if e.role == "assistant"]
    assert [e.text for e in added] == [e.heard for e in done if e.heard]
    last = {event.ledger.turn: event.ledger for event in world.of(TurnMeasured)}
    released = [ledger.ms(Stage.RELEASED) for ledger in last.values()]
    assert all(ms is not None and ms >= 199 for ms in released)
    assert sum(Stage.DONE in ledger.stages for ledger in last.values()) >= len(last) - 1
