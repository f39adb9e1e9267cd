"""What counts as a take-over, an answer, a false stop."""

from __future__ import annotations

import numpy as np

from turns.cases import Call, Over, Turn
from turns.score import score
from turns.virtual import Heard, Sound

SECOND = 16_000
SILENT = np.zeros(4 * SECOND, np.int16)


def turn(*spans: tuple[float, float]) -> Turn:
    where = tuple((round(a * SECOND), round(b * SECOND)) for a, b in spans)
    return Turn("one", "somebody", "inserted", SILENT, where, whole=True)


def talk(said: Turn, *sounds: Sound) -> Heard:
    return Heard("talk", [(said, 10.0)], sounds=list(sounds))


def test_sound_in_a_pause_is_a_take_over_and_no_answer() -> None:
    said = turn((0, 1), (2, 3))
    found = score([Call("talk", (said,))], [talk(said, Sound(1, 11.5, 12), Sound(2, 13.4, 14))])
    assert [pause.taken for pause in found.pauses] == [True]
    assert found.ends[0].cut


def test_sound_into_what_follows_the_pause_is_a_take_over_too() -> None:
    said = turn((0, 1), (2, 3))
    found = score([Call("talk", (said,))], [talk(said, Sound(1, 12.1, 12.5))])
    assert found.pauses[0].taken


def test_patience_and_an_answer() -> None:
    said = turn((0, 1), (2, 3))
    found = score([Call("talk", (said,))], [talk(said, Sound(1, 13.3, 14))])
    assert not found.pauses[0].taken
    assert found.ends[0].latency is not None
    assert abs(found.ends[0].latency - 0.3) < 1e-6


def test_an_answer_that_comes_too_late_is_none() -> None:
    said = turn((0, 3))
    found = score([Call("talk", (said,))], [talk(said, Sound(1, 18, 19))])
    assert found.ends[0].latency is None


def call(said: Turn) -> Call:
    return Call("over", (said,), Over("cough", "noise", SILENT))


def test_what_stops_the_story_is_counted_from_its_beginning() -> None:
    said = turn((0, 1))
    heard = talk(said, Sound(1, 15, 20.4), Sound(2, 21.3, 22))
    heard.over, heard.stopped = (20.0, 21.0), [(20.4, 1)]
    (found,) = score([call(said)], [heard]).overs
    assert found.stopped is not None
    assert abs(found.stopped - 0.4) < 1e-6
    assert found.latency is not None
    assert abs(found.latency - 0.3) < 1e-6


def test_a_story_that_goes_on_was_not_stopped() -> None:
    said = turn((0, 1))
    heard = talk(said, Sound(1, 15, 25))
    heard.over = (20.0, 21.0)
    (found,) = score([call(said)], [heard]).overs
    assert (found.stopped, found.latency) == (None, None)
