"""Loss is not silence; a muted microphone is."""

import pytest
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation.events import ReplyDone, SpeechStopped, TurnMeasured, UserInputTranscribed
from visavis.models.scripted import scripted_models
from visavis.seam import Mark


def call(mark: object = None, delivers: object = None) -> World:
    async def main() -> World:
        world = World(
            scripted_models(["this is one sentence"], ["Yes it is."]),
            [Say(0.5, 2.0)],
            mark=mark or (lambda at: Mark.RECEIVED),  # type: ignore[arg-type]
            delivers=delivers or (lambda at: True),  # type: ignore[arg-type]
        )
        await world.run(8.0)
        await world.end()
        return world

    return run_virtual(main())


@pytest.mark.parametrize("seconds", [0.1, 0.5, 0.9])
def test_a_concealed_gap_in_the_middle_ends_no_turn(seconds: float) -> None:
    lost = Mark.CONCEALED
    world = call(lambda at: lost if 1.0 <= at < 1.0 + seconds else Mark.RECEIVED)
    assert len(world.of(SpeechStopped)) == 1
    assert len(world.of(ReplyDone)) == 1
    assert world.of(SpeechStopped)[0].audio_end_ms == pytest.approx(2500, abs=30)


def test_a_short_missing_gap_ends_no_turn() -> None:
    world = call(lambda at: Mark.MISSING if 1.0 <= at < 1.25 else Mark.RECEIVED)
    assert len(world.of(SpeechStopped)) == 1


def test_a_gap_in_the_silence_stops_the_clock() -> None:
    plain = call()
    gap = call(lambda at: Mark.CONCEALED if 2.55 <= at < 2.8 else Mark.RECEIVED)
    assert gap.of(ReplyDone)[0].at - plain.of(ReplyDone)[0].at == pytest.approx(0.25, abs=0.05)


def test_muted_is_silence() -> None:
    world = call(lambda at: Mark.MISSING if at >= 1.5 else Mark.RECEIVED)
    assert [e.text for e in world.of(UserInputTranscribed) if e.final]
    assert world.of(SpeechStopped)[0].audio_end_ms == pytest.approx(1500, abs=30)


def test_no_frames_at_all_is_silence() -> None:
    world = call(delivers=lambda at: at < 1.5)
    assert world.of(SpeechStopped)[0].audio_end_ms == pytest.approx(1500, abs=30)
    assert world.of(ReplyDone)[0].status == "completed"
    assert world.of(TurnMeasured)
