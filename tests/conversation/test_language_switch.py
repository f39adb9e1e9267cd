"""The model is told, once, when the person speaks another language than before."""

from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import Agent
from visavis.models.protocols import ChatMessage
from visavis.models.scripted import ScriptedLanguageModel, scripted_models

SAID = ["how are you today", "你 叫 什么 名字", "今天 天气 好 吗", "thank you very much"]
REPLIES = ["Fine.", "我叫米娅。", "很好。", "You are welcome."]


def last_words(agent: Agent, turns: int = len(SAID)) -> list[str]:
    """What the model read of each of the person's turns when it answered."""

    async def main() -> list[tuple[ChatMessage, ...]]:
        models = scripted_models(SAID, REPLIES)
        says = [Say(0.5 + 4 * turn, 1.5) for turn in range(turns)]
        world = World(models, says, agent)
        await world.run(4.0 * turns)
        await world.end()
        assert isinstance(models.llm, ScriptedLanguageModel)
        return models.llm.requests

    by_turn = {len(messages): messages[-1].content for messages in run_virtual(main())}
    return [by_turn[count] for count in sorted(by_turn)]


def test_a_note_stands_at_every_switch_only() -> None:
    one, two, three, four = last_words(Agent())
    assert one == SAID[0]
    assert two == f"（请用中文回答。） {SAID[1]}"
    assert three == SAID[2]
    assert four == f"(Answer in English.) {SAID[3]}"


def test_instructions_count_before_anything_was_said() -> None:
    first = last_words(Agent(instructions="你是一位友好的语音助手。"), 1)[0]
    assert first == f"(Answer in English.) {SAID[0]}"


def test_who_finds_out_the_language_is_told_to_follow_it() -> None:
    assert "language" in Agent(language=None).prompt
    assert "language" not in Agent(language="zh").prompt
