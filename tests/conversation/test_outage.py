"""While the link is out nothing is decided; what was said comes after, and belongs to the turn."""

from __future__ import annotations

import numpy as np
from tests.conversation.world import Say, World

from visavis.clock import run_virtual
from visavis.conversation import ConversationSettings
from visavis.conversation import signals as s
from visavis.conversation.ears import Ears
from visavis.conversation.events import ReplyDone, SpeechStopped, UserInputTranscribed
from visavis.models.scripted import (
    EnergyVoiceActivity,
    ScriptedUtterance,
    scripted_models,
)
from visavis.seam import FRAME_IN, FRAME_S, RATE_IN, AudioIn, Mark

VOICE = np.full(FRAME_IN, 8000, np.int16)
NOTHING = np.zeros(FRAME_IN, np.int16)


def test_awaited_frames_stop_every_clock() -> None:
    ears = Ears(EnergyVoiceActivity().stream(), ConversationSettings())
    now, position, signals = 0.0, 0, []
    for frame in range(600):
        out = 50 <= frame < 450
        now += FRAME_S
        pcm, mark = (NOTHING, Mark.AWAITED) if out else (VOICE, Mark.RECEIVED)
        heard = ears.push(AudioIn(position, pcm, mark, now), agent_audible=False)
        assert not (out and (heard or ears.idle(now + 0.1)))
        signals += heard
        position += 0 if out else FRAME_IN
    assert [type(signal) for signal in signals].count(s.VoiceStarted) == 1
    assert not any(isinstance(signal, s.Silence) for signal in signals)
    last = signals[-1]
    assert isinstance(last, s.VoiceWent)
    assert last.position == position


class Outage(World):
    """From `lost` on for `seconds` nothing comes; then all that was said, ten times as fast."""

    def __init__(self, lost: float, seconds: float, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.lost, self.seconds = lost, seconds
        self.handed = 0

    def _frame(self, frame: int, at: float, now: float) -> AudioIn:
        if self.lost <= at < self.lost + self.seconds:
            return AudioIn(self.handed * FRAME_IN, NOTHING, Mark.AWAITED, now)
        for _ in range(min(9, frame - self.handed)):
            self.session.on_event(super()._frame(self.handed, self.handed * FRAME_S, now))
            self.handed += 1
        self.handed += 1
        return super()._frame(self.handed - 1, at, now)


def held(lost: float, seconds: float, says: list[Say]) -> Outage:
    # Each word is recognised only once the sound up to its end was heard.
    words = ScriptedUtterance("one two three four", (0.5, 1.0, 1.5, 2.0))

    async def main() -> Outage:
        world = Outage(lost, seconds, scripted_models([words], ["Yes."]), says)
        await world.run(12.0)
        await world.end()
        return world

    return run_virtual(main())


def check(world: Outage, *, end_ms: int) -> None:
    finals = [e.text for e in world.of(UserInputTranscribed) if e.final]  # type: ignore[attr-defined]
    assert finals == ["one two three four"]
    assert len(world.of(ReplyDone)) == 1
    (stopped,) = world.of(SpeechStopped)
    assert abs(stopped.audio_end_ms - end_ms) <= 40  # type: ignore[attr-defined]


def test_a_sentence_with_an_outage_in_its_middle_is_one_turn() -> None:
    check(held(1.2, 4.0, [Say(0.5, 2.2)]), end_ms=2700)


def test_a_sentence_that_ended_in_the_outage_is_answered_after_it() -> None:
    world = held(1.2, 6.0, [Say(0.5, 2.2)])
    check(world, end_ms=2700)
    stopped = world.of(SpeechStopped)[0].at  # type: ignore[attr-defined]
    assert 7.2 < stopped < 8.3


def test_an_outage_right_after_the_last_word_ends_no_turn_early() -> None:
    world = held(2.72, 3.0, [Say(0.5, 2.2)])
    check(world, end_ms=2700)
    assert world.of(SpeechStopped)[0].at > 5.72  # type: ignore[attr-defined]


def test_samples_are_counted_once() -> None:
    world = held(1.2, 4.0, [Say(0.5, 2.2)])
    assert abs(world.session._hearing.ears.position - 12.0 * RATE_IN) <= 2 * FRAME_IN
