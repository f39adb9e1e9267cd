"""Tools run while the conversation goes on, and their results are told at the right moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings, FunctionTool, function_tool
from visavis.conversation.events import (
    AgentState,
    AgentStateChanged,
    ReplyDone,
    SessionError,
    ToolCalled,
    ToolReturned,
    TurnMeasured,
)
from visavis.conversation.ledger import Stage
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions, ToolCall
from visavis.models.scripted import ScriptedLanguageModel, scripted_models

SAYS = [Say(0.5, 1.0)]
Pieces = list[str | ToolCall]
Rule = Callable[[Sequence[ChatMessage]], Pieces]


class Caller(ScriptedLanguageModel):
    """Answers by a rule that may call tools."""

    def __init__(self, rule: Rule) -> None:
        super().__init__([""])
        self.rule = rule

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str | ToolCall, None]:  # type: ignore[override]
        self.requests.append(tuple(messages))
        for piece in self.rule(messages):
            await asyncio.sleep(0.01)
            yield piece


def call(arguments: str = '{"city": "Paris"}', name: str = "get_weather") -> ToolCall:
    return ToolCall("call_x", name, arguments)


def once(*pieces: str | ToolCall) -> Rule:
    """Call at the first request of a turn, then tell the results."""

    def rule(messages: Sequence[ChatMessage]) -> Pieces:
        if messages[-1].role == "tool":
            return [f"It says {messages[-1].content}."]
        return list(pieces) if messages[-1].content == "tell me one" else ["Something else."]

    return rule


class Weather:
    """A tool that takes `seconds`, and what it saw."""

    def __init__(self, seconds: float = 0.0, *, fails: bool = False) -> None:
        self.cities: list[str] = []
        self.at: list[float] = []
        self.cancelled = 0

        @function_tool
        async def get_weather(city: str) -> str:
            """The weather now in a city."""
            self.cities.append(city)
            self.at.append(asyncio.get_running_loop().time())
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            if fails:
                raise ConnectionError("no route")
            return f"sun in {city}"

        self.tool: FunctionTool = get_weather


def talk(
    rule: Rule,
    *tools: FunctionTool,
    says: Sequence[Say] = SAYS,
    words: Sequence[str] = ("tell me one", "and then"),
    until: float = 14.0,
    **settings: float,
) -> World:
    async def main() -> World:
        models = replace(scripted_models(words), llm=Caller(rule))
        agent = Agent(tools=tools, apology="Sorry.")
        world = World(models, says, agent=agent, settings=ConversationSettings(**settings))  # type: ignore[arg-type]
        await world.run(until)
        await world.end()
        assert len(asyncio.all_tasks()) == 1
        return world

    return run_virtual(main())


def said(world: World) -> list[str]:
    return [event.heard for event in world.of(ReplyDone) if event.heard]


def read_last(world: World) -> list[tuple[str, str]]:
    llm = world.session._prompts._llm
    assert isinstance(llm, Caller)
    return [(m.role, m.content or m.tool_calls[0].arguments) for m in llm.requests[-1]]


def test_a_result_is_told_and_remembered_in_order() -> None:
    weather = Weather(0.5)
    world = talk(once(call()), weather.tool)
    assert said(world) == ["It says sun in Paris."]
    assert read_last(world)[1:] == [
        ("user", "tell me one"),
        ("assistant", '{"city": "Paris"}'),
        ("tool", "sun in Paris"),
    ]
    assert [item.role for item in world.session.history] == ["user", "tool", "assistant"]
    (ledger,) = {id(e.ledger): e.ledger for e in world.of(TurnMeasured)}.values()
    assert Stage.FIRST_PLAYED in ledger.stages, "the turn's first sound is that of the result"


def test_nothing_is_done_before_the_turn_is_over() -> None:
    weather = Weather()
    says = [Say(0.5, 1.0), Say(1.68, 0.8)]  # a pause in which a reply is made ready
    talk(once(call()), weather.tool, says=says)
    assert len(weather.cities) == 1
    assert weather.at[0] > 2.48


def test_words_before_the_call_are_spoken_while_it_runs() -> None:
    weather = Weather(3.0)
    world = talk(once("Let me look that up.", call()), weather.tool, tool_slow_s=30)
    assert said(world) == ["Let me look that up.", "It says sun in Paris."]
    assert weather.at[0] < 2.0
    assert ("assistant", "Let me look that up.") in read_last(world)


def test_a_slow_tool_is_announced_in_the_persons_language() -> None:
    world = talk(once(call()), Weather(6.0).tool)
    assert said(world) == ["One moment, I am looking that up.", "It says sun in Paris."]
    states = [e.new for e in world.of(AgentStateChanged)]
    assert states.index(AgentState.THINKING) < states.index(AgentState.SPEAKING)
    chinese = talk(
        lambda m: [call()] if m[-1].role == "user" else ["好。"],
        Weather(6.0).tool,
        words=["天气 怎么样"],
    )
    assert said(chinese)[0] == "请稍等，我查一下。"


def test_what_came_late_is_read_after_what_was_said_meanwhile() -> None:
    world = talk(once(call()), Weather(6.0).tool)
    assert [role for role, _ in read_last(world)[1:]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
    ]
    assert "still at work" in read_last(world)[3][1]
    assert read_last(world)[-1] == ("tool", "sun in Paris")


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        (Weather(fails=True), "no route"),
        (Weather(60.0), "no result within 3 s"),
    ],
    ids=["fails", "too slow"],
)
def test_a_failure_is_explained(tool: Weather, why: str) -> None:
    world = talk(once(call()), tool.tool, tool_timeout_s=3.0)
    assert why in said(world)[-1]
    assert [e.status for e in world.of(ToolReturned)] == ["failed"]
    assert not world.of(SessionError)


def test_several_at_once_are_told_together() -> None:
    fast, slow = Weather(0.2), Weather(2.0)
    other = function_tool(name="other")(slow.tool.function)
    world = talk(once(call(), call('{"city": "Rome"}', "other")), fast.tool, other)
    assert said(world) == ["It says sun in Rome."]
    assert read_last(world)[-3] == ("tool", "sun in Paris")
    assert slow.at[0] - fast.at[0] < 0.05, "they run at the same time"


def test_a_result_waits_while_the_person_speaks_and_goes_with_the_next_reply() -> None:
    says = [Say(0.5, 1.0), Say(2.5, 3.0)]
    world = talk(once(call()), Weather(2.0).tool, says=says, tool_slow_s=30)
    (returned,) = world.of(ToolReturned)
    assert 2.5 < returned.at < 5.5
    quiet = [level for at, level in world.port.levels if 2.5 < at < 5.5]
    assert max(quiet) < 100, "the person was talked over"
    assert said(world) == ["Something else."]
    assert ("tool", "sun in Paris") in read_last(world)


def test_a_wrong_call_is_fed_back_once() -> None:
    tries: list[str] = []

    def rule(messages: Sequence[ChatMessage]) -> Pieces:
        if not messages[0].tools:
            return ["I cannot."]
        tries.append(messages[-1].content)
        return [call('{"town": 1}')]

    world = talk(rule, Weather().tool)
    assert said(world) == ["I cannot."]
    assert "city is wrong" in tries[-1]
    assert len(world.of(ToolCalled)) == 2


def test_rounds_are_bounded() -> None:
    weather = Weather()
    world = talk(lambda m: [call()] if m[0].tools else ["Enough."], weather.tool, max_tool_rounds=3)
    assert said(world) == ["Enough."]
    assert len(weather.cities) == 3


def test_a_model_that_calls_what_it_was_not_offered_is_not_obeyed() -> None:
    weather = Weather()
    world = talk(lambda m: [call()], weather.tool, max_tool_rounds=2)
    assert said(world) == ["Sorry."]
    assert len(weather.cities) == 2


def test_what_runs_ends_with_the_call() -> None:
    weather = Weather(60.0)
    talk(once(call()), weather.tool, until=5.0, tool_timeout_s=100.0)
    assert weather.cancelled == 1


def test_too_many_and_too_long() -> None:
    weather = Weather(1.0)

    @function_tool
    async def long_story() -> str:
        return "x" * 5000

    calls = [call(), call(), call(), call("{}", "long_story"), call("{}", "nonsense")]
    world = talk(once(*calls), weather.tool, long_story, max_tools_running=4)
    outputs = [e.output for e in world.of(ToolReturned)]
    assert any("4 tools are at work" in o or "no tool 'nonsense'" in o for o in outputs)
    assert max(map(len, outputs)) < 2100
    assert len(world.of(ReplyDone)) == 2
