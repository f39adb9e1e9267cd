"""While nothing comes from the far end, that is the network's silence, not the person's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import ConversationSettings
from visavis.conversation.events import ReplyDone, SpeechStopped
from visavis.models.scripted import scripted_models
from visavis.seam import LinkReport, Mark

END = 2.5
"""When the person falls silent."""


def call(
    begin: float, end: float, *, says: Say, others: bool = False, frames: bool = True
) -> World:
    """A line that stalls from `begin` to `end`. `others`: other packets than speech come on.
    `frames`: the line hands up frames of nothing meanwhile."""

    def tell(world: World, at: float) -> Callable[[], None]:
        def report() -> None:
            out = begin <= at < end and not others
            quiet_ms = 1000 * (at - begin) if out else 0.0
            world.session.on_event(
                LinkReport(asyncio.get_running_loop().time(), 100.0, quiet_ms=quiet_ms)
            )

        return report

    async def main() -> World:
        world = World(
            scripted_models(["this is one sentence"], ["Yes it is."]),
            [says],
            mark=lambda at: Mark.MISSING if begin <= at < end else Mark.RECEIVED,
            delivers=lambda at: frames or not begin <= at < end,
        )
        await world.run(7.0, {n / 10: tell(world, n / 10) for n in range(70)})
        await world.end()
        return world

    return run_virtual(main())


def stops(world: World) -> list[float]:
    return [event.at for event in world.of(SpeechStopped)]  # type: ignore[attr-defined]


SURE_S = ConversationSettings().sure_s
frames = pytest.mark.parametrize("frames", [True, False])


@pytest.mark.parametrize("after_s", [-0.02, 0.0, 0.02, 0.06, 0.1])
def test_a_stall_at_the_end_of_the_words_is_not_their_end(after_s: float) -> None:
    """It begins so long after the last sound; the silence before it and after it make `sure_s`."""
    begin = END + after_s
    (at,) = stops(call(begin, begin + 0.7, says=Say(0.5, END - 0.5)))
    assert at == pytest.approx(begin + 0.7 + SURE_S - max(0.0, after_s), abs=0.05)


@frames
def test_who_spoke_on_through_a_stall_has_said_one_sentence(frames: bool) -> None:
    world = call(1.5, 2.3, says=Say(0.5, 3.0), frames=frames)
    assert len(stops(world)) == 1
    assert stops(world)[0] > 3.5
    assert len(world.of(ReplyDone)) == 1


@frames
def test_a_stall_without_an_end_is_not_waited_for(frames: bool) -> None:
    (at,) = stops(call(END + 0.02, 99.0, says=Say(0.5, END - 0.5), frames=frames))
    assert at == pytest.approx(END + 1.02, abs=0.15)


@frames
def test_a_microphone_that_sends_nothing_is_muted(frames: bool) -> None:
    world = call(END + 0.02, 99.0, says=Say(0.5, END - 0.5), others=True, frames=frames)
    assert stops(world)[0] == pytest.approx(END + 0.32, abs=0.15)
