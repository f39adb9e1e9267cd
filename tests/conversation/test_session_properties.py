"""Whatever a person and a program do, whenever: nothing is said twice, nothing sounds after a stop,
and history holds the beginning of what was played."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation.events import (
    AsideDone,
    AsideStarted,
    ConversationItemAdded,
    ReplyDone,
    ReplyStarted,
)
from visavis.conversation.heard import EARLY_SAMPLES
from visavis.models.protocols import ModelSet
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ToneTextToSpeech,
)
from visavis.seam import RATE_OUT

UNTIL_S = 14.0
CHAR_S = 0.06
SAID = ["what is the time", "mm-hm", "", "no stop it", "and then I", "yeah right"]
REPLIES = [
    "It is noon, my friend, and the sun is high.",
    "Yes.",
    "Well. I do not know.",
]

FILLERS = {"en": ("Hm.", "Let me see.")}
ACKNOWLEDGEMENTS = {"en": ("Mm-hm.", "I see.")}
SETTINGS = ConversationSettings(
    filler_after_s=0.1,
    acknowledge_after_s=0.3,
    acknowledge_every_s=1.0,
    acknowledge_pause_s=0.1,
    acknowledge_margin_s=0.2,
)

delays = st.sampled_from([0.0, 0.05, 0.4])
moments = st.floats(0.1, UNTIL_S - 3)
speech = st.builds(Say, at=moments, seconds=st.floats(0.02, 2.5))
commands = st.tuples(moments, st.sampled_from(["interrupt", "say", "generate"]))


def models(decode_s: float, first_token_s: float, score: float, texts: list[str]) -> ModelSet:
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText(texts, decode_s=decode_s, repeat=True),
        turn=FixedTurnDetector(score, delay_s=decode_s),
        llm=ScriptedLanguageModel(REPLIES, first_token_s=first_token_s, tokens_per_s=20),
        tts=ToneTextToSpeech(seconds_per_char=CHAR_S),
    )


@settings(max_examples=25)
@given(
    says=st.lists(speech, min_size=1, max_size=5),
    asked=st.lists(commands, max_size=4),
    texts=st.lists(st.sampled_from(SAID), min_size=1, max_size=4),
    decode_s=delays,
    first_token_s=delays,
    score=st.sampled_from([0.05, 0.3, 0.9]),
    greeting=st.sampled_from(["", "Hello there, I am Mia."]),
    asides=st.booleans(),
)
def test_whatever_happens(
    says: list[Say],
    asked: list[tuple[float, str]],
    texts: list[str],
    decode_s: float,
    first_token_s: float,
    score: float,
    greeting: str,
    asides: bool,
) -> None:
    async def main() -> World:
        agent = Agent(greeting=greeting)
        if asides:
            agent = replace(agent, fillers=FILLERS, acknowledgements=ACKNOWLEDGEMENTS)
        world = World(
            models(decode_s, first_token_s, score, texts), says, agent=agent, settings=SETTINGS
        )
        session = world.session
        does = {
            "interrupt": session.interrupt,
            "say": lambda: session.say("By the way, your tea is ready."),
            "generate": session.generate_reply,
        }
        await world.run(UNTIL_S, {at: does[what] for at, what in asked})
        await world.end()
        return world

    world = run_virtual(main())
    nothing_is_said_twice(world)
    nothing_sounds_after_a_stop(world)
    history_is_the_beginning_of_what_was_played(world)
    asides_are_no_replies(world)


def nothing_is_said_twice(world: World) -> None:
    started = [event.reply for event in world.of(ReplyStarted)]
    assert started == sorted(set(started))
    done = [event.reply for event in world.of(ReplyDone)]
    assert sorted(done) == started, "each ends once"
    items = [event.item_id for event in world.of(ConversationItemAdded)]
    assert len(items) == len(set(items))


def nothing_sounds_after_a_stop(world: World) -> None:
    before: set[int] = set()
    over: set[int] = set()
    for _, what, reply in world.port.log:
        if what == "play":
            assert reply not in over, "a stopped reply is played on"
            before.add(reply)
        elif what == "flush":
            over |= before


def history_is_the_beginning_of_what_was_played(world: World) -> None:
    kept = {item.id: item for item in world.session.history if item.role == "assistant"}
    for done in world.of(ReplyDone):
        item = kept.get(done.item_id)
        if item is None:
            assert not done.heard
            continue
        assert item.text == done.heard
        assert done.text.startswith(item.text)
        played = world.port._played.get(done.reply, 0)
        letters = sum(map(len, item.text.split()))
        assert letters * CHAR_S * RATE_OUT <= played + EARLY_SAMPLES


def asides_are_no_replies(world: World) -> None:
    begun = [event.reply for event in world.of(AsideStarted)]
    assert sorted(event.reply for event in world.of(AsideDone)) == begun
    assert not {event.reply for event in world.of(ReplyStarted)} & set(begun)
    kept = {item.id for item in world.session.history}
    assert not kept & {event.item_id for event in world.of(AsideStarted)}
    texts = [event.text for event in world.of(AsideStarted) if event.kind == "filler"]
    assert all(a != b for a, b in pairwise(texts))
