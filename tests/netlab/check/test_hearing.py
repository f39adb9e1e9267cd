"""A word is heard if its sound came."""

from __future__ import annotations

import numpy as np

from visavis.audio import Region
from visavis.caller import AfterReply, Utterance
from visavis.line import FrameIn
from visavis.netlab.check.hearing import Hearing, place_words
from visavis.seam import FRAME_IN, Mark

PCM = np.zeros(16_000, np.int16)
SAID = Utterance("x", PCM, Region(1600, 14_400), AfterReply(), "aaaa bbbb cccc dddd")


def heard(marks: list[Mark], start: int = 0) -> list[str]:
    """The person begins to speak with the first frame; the way takes 50 ms, and the server got
    nothing of the first 0.1 s."""
    hearing = Hearing()
    hearing.said(SAID, 0)
    for n in range(50):
        hearing.sent((n + 1) * FRAME_IN, 10.0 + (n + 1) * 0.02)
    for n, mark in enumerate(marks):
        said = 10.1 + n * 0.02
        hearing.frame(FrameIn(n * FRAME_IN, n, said, mark, PCM[:FRAME_IN], said + 0.07))
    return hearing.understood(start, hearing.position)


def test_words_are_spread_over_the_speech_by_their_letters() -> None:
    words = place_words(SAID, 1000)
    assert [(word.start, word.end) for word in words] == [
        (2600, 5800), (5800, 9000), (9000, 12_200), (12_200, 15_400),
    ]  # fmt: skip


def test_received_and_recovered_sound_is_heard() -> None:
    marks = [Mark.RECEIVED, Mark.RECOVERED] * 22
    assert heard(marks) == ["aaaa", "bbbb", "cccc", "dddd"]


def test_concealed_and_missing_sound_is_not() -> None:
    marks = [Mark.RECEIVED] * 44
    marks[10:14] = [Mark.CONCEALED] * 4
    marks[25:] = [Mark.MISSING] * 19
    assert heard(marks) == ["aaaa"]


def test_a_frame_or_two_do_not_matter() -> None:
    marks = [Mark.RECEIVED] * 44
    marks[12] = Mark.CONCEALED
    assert heard(marks) == ["aaaa", "bbbb", "cccc", "dddd"]


def test_only_what_was_listened_to_and_is_nearly_complete() -> None:
    assert heard([Mark.RECEIVED] * 25, start=9 * FRAME_IN) == ["bbbb"]
    # The end of a word that has yet to come need not be waited for.
    assert heard([Mark.RECEIVED] * 29, start=9 * FRAME_IN) == ["bbbb", "cccc"]


def test_awaited_frames_are_no_time() -> None:
    marks = [Mark.RECEIVED] * 44
    assert heard([*marks, Mark.AWAITED]) == heard(marks)
