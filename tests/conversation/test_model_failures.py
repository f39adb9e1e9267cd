"""A model that breaks or hangs costs one turn, never the call."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent, ConversationSettings
from visavis.conversation.events import ReplyDone, SessionError
from visavis.errors import CallEnded, ModelError
from visavis.models.protocols import (
    DEFAULT_OPTIONS,
    ChatMessage,
    GenerateOptions,
    Transcript,
)
from visavis.models.scripted import ScriptedLanguageModel, ScriptedSpeechStream, scripted_models

SAYS = [Say(0.5, 1.0), Say(8.0, 1.0)]
WORDS = ["tell me one", "tell me two"]


class BrokenOnce(ScriptedLanguageModel):
    """The first turn's replies break as told."""

    def __init__(self, how: str) -> None:
        super().__init__(["One it is.", "Two it is."])
        self.how = how

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str, None]:
        if messages[-1].content == WORDS[0]:
            if self.how == "hangs":
                await asyncio.sleep(1e6)
            if self.how == "midway":
                for word in ["This", "is", "a", "sentence", "that", "will", "never", "come", "to"]:
                    yield word + " "
                    await asyncio.sleep(0.1)
            if self.how == "silent":
                return
            raise ModelError("the engine is on fire")
        async for token in super().generate(messages, options):
            yield token


async def call(world: World) -> World:
    await world.run(14.0)
    await world.end()
    assert len(asyncio.all_tasks()) == 1
    return world


@pytest.mark.parametrize("how", ["raises", "hangs", "midway", "silent"])
def test_language_model(how: str) -> None:
    async def main() -> World:
        models = scripted_models(WORDS, ["x"])
        models.llm = BrokenOnce(how)
        return await call(
            World(
                models,
                SAYS,
                agent=Agent(apology="Sorry about that."),
                settings=ConversationSettings(model_timeout_s=2.0),
            )
        )

    world = run_virtual(main())
    (error,) = world.of(SessionError)
    assert not error.fatal
    heard = [e.heard for e in world.of(ReplyDone)]
    assert heard[-2:] == ["Sorry about that.", "Two it is."]
    assert [e.status for e in world.of(ReplyDone)][-1] == "completed"


class DeafOnce(ScriptedSpeechStream):
    async def decode(self, *, final: bool = False) -> Transcript:
        if asyncio.get_running_loop().time() < 7:
            raise ModelError("no ears")
        return await super().decode(final=final)


def test_recogniser() -> None:
    async def main() -> World:
        models = scripted_models(WORDS)
        stt = models.stt
        stt.stream = lambda *, language=None: DeafOnce(stt, language)  # type: ignore[method-assign]
        return await call(World(models, SAYS))

    world = run_virtual(main())
    assert len(world.of(SessionError)) == 1
    assert [e.heard for e in world.of(ReplyDone)][-1] == "You said: tell me two"


def test_voice_and_turn_detector_and_voice_activity() -> None:
    class Mute:
        name = "mute"

        def synthesize(self, text: str, voice: object = None) -> object:
            raise ModelError("no voice")

    class Blind:
        async def score(self, pcm: object) -> float:
            raise ModelError("no idea")

    async def main() -> World:
        models = scripted_models(WORDS)
        models.tts = Mute()  # type: ignore[assignment]
        models.turn = Blind()  # type: ignore[assignment]
        return await call(World(models, SAYS))

    world = run_virtual(main())
    assert world.port.log == [] or all(what != "play" for _, what, _ in world.port.log)
    assert len(world.of(SessionError)) >= 2
    assert [i.text for i in world.session.history if i.role == "user"] == WORDS


def test_nothing_can_be_asked_of_a_call_that_is_over() -> None:
    async def main() -> None:
        world = World(scripted_models([]))
        future = world.session.say("hello")
        await world.end()
        ended = await future
        assert ended is None or ended.heard == ""
        with pytest.raises(CallEnded):
            world.session.say("again")
        with pytest.raises(CallEnded):
            world.session.generate_reply()
        await world.session.aclose()

    run_virtual(main())


def test_a_listener_that_breaks_harms_nobody() -> None:
    async def main() -> World:
        world = World(scripted_models(["hi there"], ["Hello."]), [Say(0.5, 1.0)])

        def broken(event: object) -> None:
            raise RuntimeError("watcher")

        world.session.subscribe(broken)
        return await call(world)

    assert run_virtual(main()).of(ReplyDone)
