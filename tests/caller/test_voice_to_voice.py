"""The delay a person feels, from the two tracks."""

import numpy as np
import pytest

from visavis.caller.measure import AgentSound, voice_to_voice
from visavis.seam import Pcm

RATE = 24000


def track(*stretches: tuple[float, float], length: float = 6.0) -> AgentSound:
    pcm: Pcm = np.zeros(round(length * RATE), np.int16)
    for start, end in stretches:
        pcm[round(start * RATE) : round(end * RATE)] = 3000
    return AgentSound(pcm, RATE)


def test_exact_to_a_millisecond() -> None:
    sound = track((2.3456, 4.0))
    assert voice_to_voice(sound, 2.0, 2.2, 6.0) == pytest.approx(345.6, abs=1.5)


def test_the_tail_of_an_earlier_reply_does_not_count() -> None:
    sound = track((0.5, 2.6), (3.0, 4.0))
    assert voice_to_voice(sound, 2.0, 2.95, 6.0) == pytest.approx(1000, abs=2)


def test_without_announcement_the_first_new_sound_counts() -> None:
    assert voice_to_voice(track((0.5, 2.6), (3.0, 4.0)), 2.0, None, 6.0) == pytest.approx(
        1000, abs=2
    )


def test_sound_after_the_next_utterance_is_not_its_reply() -> None:
    assert voice_to_voice(track((3.0, 4.0)), 1.0, None, 2.5) is None


def test_a_pause_between_words_is_no_new_reply() -> None:
    sound = track((2.2, 2.5), (2.55, 3.0))
    assert voice_to_voice(sound, 2.0, 2.4, 6.0) is None


def test_a_reply_before_the_end_is_negative() -> None:
    assert voice_to_voice(track((1.9, 3.0)), 2.0, 1.8, 6.0) == pytest.approx(-100, abs=2)
