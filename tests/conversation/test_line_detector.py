"""Where the line's own detector has listened, the conversation asks no other."""

from __future__ import annotations

import numpy as np

from visavis.conversation import signals as s
from visavis.conversation.ears import Ears
from visavis.conversation.settings import ConversationSettings
from visavis.seam import AudioIn, Mark, Pcm


class Deaf:
    """A detector that must not be asked."""

    frame_s = 0.016

    def push(self, pcm: Pcm) -> list[float]:
        raise AssertionError("the line has listened already")

    def reset(self) -> None:
        raise AssertionError("nothing to forget")


def frames(probability: float, first: int, count: int) -> list[AudioIn]:
    """Frames as the line gives them: four frames of 20 ms hold five of 16 ms."""
    return [
        AudioIn(
            position=n * 320,
            pcm=np.full(320, 2000 if probability > 0.5 else 0, np.int16),
            mark=Mark.RECEIVED,
            at=n * 0.02 + 0.04,
            voices=(probability,) * (2 if n % 4 == 3 else 1),
        )
        for n in range(first, first + count)
    ]


def test_voice_begins_and_ends_by_the_lines_probabilities() -> None:
    ears = Ears(Deaf(), ConversationSettings())
    heard: list[s.Signal] = []
    for frame in [*frames(0.0, 0, 20), *frames(0.95, 20, 20), *frames(0.05, 40, 20)]:
        heard += ears.push(frame, agent_audible=False)
    started = [signal for signal in heard if isinstance(signal, s.VoiceStarted)]
    assert [signal.start for signal in started] == [20 * 320]
    silences = [signal for signal in heard if isinstance(signal, s.Silence)]
    assert silences[-1].end == 40 * 320
    assert abs(silences[-1].silence_s - 20 * 0.02) < 1e-6
