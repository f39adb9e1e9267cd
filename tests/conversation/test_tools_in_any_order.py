"""Whoever speaks when, whatever tools and the program do: nothing sounds after a stop, nothing is
told twice, and history is what was played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, FunctionTool, function_tool
from visavis.conversation.events import ConversationItemAdded, ReplyDone, ReplyStarted
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions, ToolCall
from visavis.models.scripted import ScriptedLanguageModel, scripted_models

REPLY = "Here is a rather long answer to what was said, word by word until its very end."
HOLD = "One moment."


class Caller(ScriptedLanguageModel):
    """Calls its tool at every question, and tells every result once."""

    def __init__(self) -> None:
        super().__init__([REPLY], first_token_s=0.05, tokens_per_s=20)

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str | ToolCall, None]:  # type: ignore[override]
        last = messages[-1]
        if last.role == "user" and "call" in last.content:
            yield ToolCall("x", "work", "{}")
            return
        if last.role == "tool":
            yield f"It gave {last.content}. "
        async for token in super().generate(messages, options):
            yield token


def worker(seconds: float) -> FunctionTool:
    numbers = iter(range(1, 1000))

    @function_tool
    async def work() -> str:
        """Some work."""
        await asyncio.sleep(seconds)
        return f"number {next(numbers)}"

    return work


gaps = st.floats(0.3, 3.0)
says = st.lists(st.tuples(gaps, st.sampled_from([0.1, 0.6, 1.5])), min_size=1, max_size=3)
doings = st.lists(st.tuples(st.floats(0.5, 14.0), st.sampled_from(["interrupt", "say", "ask"])))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(says, st.floats(0.0, 6.0), doings)
def test_any_conversation(
    spoken: list[tuple[float, float]], tool_s: float, does: list[tuple[float, str]]
) -> None:
    at, person = 0.3, []
    for gap, seconds in spoken:
        at += gap
        person.append(Say(at, seconds))
        at += seconds
    until = at + 9.0

    async def main() -> World:
        models = replace(
            scripted_models(["call it", "tell me", "call it again", "and you", "call"]),
            llm=Caller(),
        )
        agent = Agent(tools=(worker(tool_s),), holding={"en": HOLD})
        world = World(models, person, agent=agent)
        acts = {
            "interrupt": world.session.interrupt,
            "say": partial(world.session.say, "As I was asked."),
            "ask": world.session.generate_reply,
        }
        await world.run(until, {when: acts[what] for when, what in does})
        await world.end()
        return world

    world = run_virtual(main())
    started = [e.reply for e in world.of(ReplyStarted)]
    assert started == sorted(set(started)), "a reply began twice"
    done = {e.reply: e for e in world.of(ReplyDone)}
    assert set(done) == set(started), "a reply never ended"
    flushed: set[int] = set()
    playing: set[int] = set()
    for _, what, reply in world.port.log:
        if what == "flush":
            flushed |= playing
        elif what == "play":
            assert reply not in flushed, "sound after a stop"
            playing = {reply}
    for event in done.values():
        assert event.text.startswith(event.heard), "history is no prefix of what was said"
    kept = {e.item_id: e.text for e in world.of(ConversationItemAdded) if e.role == "assistant"}
    history = [item for item in world.session.history if item.role == "assistant"]
    for item in history:
        assert kept.get(item.id, item.text) == item.text
        assert item.text in [e.heard for e in done.values()]
    told = [e.heard.split(".")[0] for e in done.values() if e.heard.startswith("It gave number")]
    whole = [what for what in told if what[-1].isdigit()]
    assert len(whole) == len(set(whole)), "a result was told twice"
