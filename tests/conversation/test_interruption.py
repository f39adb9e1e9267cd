"""Speaking over the agent: ducked at once, stopped if it is meant, restored if it is not."""

from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import ConversationSettings
from visavis.conversation.events import ConversationItemAdded, ReplyDone, TurnMeasured
from visavis.models.scripted import ScriptedUtterance, scripted_models

STORY = "Once upon a time there was a king who had three daughters, and each of them was clever."


def call(
    *over: Say,
    said: str | ScriptedUtterance,
    until: float = 12.0,
    settings: ConversationSettings | None = None,
) -> World:
    async def main() -> World:
        models = scripted_models(["tell me a story", said], [STORY, "All right."])
        world = World(models, [Say(0.5, 1.4), *over], settings=settings or ConversationSettings())
        await world.run(until)
        await world.end()
        return world

    return run_virtual(main())


def level(world: World, since: float, until: float) -> float:
    return max(peak for at, peak in world.port.levels if since < at <= until)


def test_real_words_stop_it_and_history_keeps_what_was_heard() -> None:
    world = call(Say(4.0, 1.5), said="stop that please")
    full = level(world, 2.5, 4.0)
    assert level(world, 4.3, 4.5) <= full * 0.1, "ducked within 300 ms"
    assert level(world, 4.7, 5.6) == 0, "silent within 700 ms"
    first, second = world.of(ReplyDone)
    assert first.status == "cancelled"
    assert STORY.startswith(first.heard)
    assert 3 <= len(first.heard.split()) < len(STORY.split())
    assert second.status == "completed"
    assert [(e.role, e.interrupted) for e in world.of(ConversationItemAdded)] == [
        ("user", False),
        ("assistant", True),
        ("user", False),
        ("assistant", False),
    ]
    assert [item.text for item in world.session.history] == [
        "tell me a story",
        first.heard,
        "stop that please",
        "All right.",
    ]
    assert [e.ledger.interrupted for e in world.of(TurnMeasured)][-1] is False


def test_a_short_word_that_means_it() -> None:
    world = call(Say(4.0, 0.35), said="no")
    first, second = world.of(ReplyDone)
    assert first.status == "cancelled"
    assert level(world, 4.7, 4.9) == 0 or second.at > 4.7
    assert [item.text for item in world.session.history][2:] == ["no", "All right."]


def test_the_gap_before_a_plosive_does_not_begin_the_count_again() -> None:
    words = ScriptedUtterance("stop that please", (0.7, 0.9, 1.2))
    world = call(Say(4.0, 0.3), Say(4.4, 1.0), said=words)
    assert level(world, 4.3, 4.5) <= level(world, 2.5, 4.0) * 0.1, "stays ducked"
    assert level(world, 4.7, 5.4) == 0, "0.5 s of voice are reached at 4.6 s"
    assert world.of(ReplyDone)[0].status == "cancelled"


def test_a_backchannel_does_not() -> None:
    world = call(Say(4.0, 0.35), said="mm-hm")
    (done,) = world.of(ReplyDone)
    assert done.status == "completed"
    assert done.heard == STORY
    full = level(world, 2.5, 4.0)
    assert level(world, 4.15, 4.3) <= full * 0.1
    assert level(world, 4.6, 4.75) > full * 0.9, "back within 400 ms of the voice's end"
    assert [item.text for item in world.session.history] == ["tell me a story", STORY]


def test_a_noise_without_words_does_not() -> None:
    world = call(Say(4.0, 0.3), said="")
    (done,) = world.of(ReplyDone)
    assert done.status == "completed"


ASIDE = Say(4.0, 1.5, amplitude=0.06)
"""14 dB softer than the person spoke before."""


def test_a_voice_in_the_background_does_not() -> None:
    world = call(ASIDE, said="did you feed the cat")
    assert world.of(ReplyDone)[0].status == "completed"
    assert level(world, 4.3, 5.4) > level(world, 2.5, 4.0) * 0.9, "nor does it stay ducked"


def test_it_does_if_every_voice_counts() -> None:
    world = call(ASIDE, said="did you feed the cat", settings=ConversationSettings(faint_db=0.0))
    assert world.of(ReplyDone)[0].status == "cancelled"


def test_words_hardly_understood_do_not_but_a_voice_that_goes_on_does() -> None:
    unclear = ScriptedUtterance("look over there", confidence=0.4)
    assert call(Say(4.0, 0.35), said=unclear).of(ReplyDone)[0].status == "completed"
    assert call(Say(4.0, 1.5), said=unclear).of(ReplyDone)[0].status == "cancelled"


def test_the_beginning_of_a_word_is_no_word_yet() -> None:
    """Recognised of a fifth of a second: "God", of somebody who says "got it"."""

    def stopped(word: str) -> float:
        heard = ScriptedUtterance(f"{word} I want that", (0.1, 0.6, 0.7, 0.8))
        world = call(Say(4.0, 0.9), said=heard)
        story = world.of(ReplyDone)[0]
        assert story.status == "cancelled"
        return story.at - 4.0

    assert stopped("stop") + 0.15 < stopped("God")


def test_a_short_answer_that_is_over_counts() -> None:
    assert call(Say(4.0, 0.35), said="blue").of(ReplyDone)[0].status == "cancelled"


def test_a_click_does_not_even_duck() -> None:
    world = call(Say(4.0, 0.03), said="")
    assert "duck" not in [what for _, what, _ in world.port.log]


def test_the_program_can_interrupt() -> None:
    async def main() -> World:
        world = World(scripted_models(["tell me a story"], [STORY]), [Say(0.5, 1.4)])
        await world.run(6.0, {3.5: world.session.interrupt})
        await world.end()
        return world

    world = run_virtual(main())
    (done,) = world.of(ReplyDone)
    assert done.status == "cancelled"
    assert level(world, 3.6, 6.0) == 0
