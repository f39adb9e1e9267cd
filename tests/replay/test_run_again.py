"""A recorded call runs again in virtual time, and gives the same twice."""

import json
import time

import numpy as np
import pytest

from visavis.errors import RecordingError
from visavis.replay.file import Command, Recording
from visavis.replay.outcome import differences, outcome
from visavis.replay.port import DEFAULT_DELAY_S, playing_delay
from visavis.replay.run import replay, scripted_from
from visavis.seam import AudioIn, Closed, Connected, Mark, Played, Text, UpEvent

STARTED = 100.0


def call_of(*utterances: tuple[float, float], length: float) -> Recording:
    """A call in which the person makes noise from start to end of each utterance."""
    random = np.random.default_rng(5)
    events: list[UpEvent] = [Connected(STARTED)]
    for n in range(round(length / 0.02)):
        loud = any(start <= n * 0.02 < end for start, end in utterances)
        pcm = random.normal(0, 3000 if loud else 3, 320).astype(np.int16)
        events.append(AudioIn(n * 320, pcm, Mark.RECEIVED, STARTED + (n + 1) * 0.02))
    events.append(Text('{"type": "visavis.playback", "rtp_timestamp": 1}', STARTED + length))
    events.append(Closed("hangup", STARTED + length + 0.1))
    kind = "conversation.item.input_audio_transcription.completed"
    said = "response.output_audio_transcript.delta"
    sends: list[dict[str, str]] = []
    for n, _ in enumerate(utterances):
        sends.append({"type": kind, "item_id": f"u{n}", "transcript": f"question number {n}"})
        sends.append({"type": said, "item_id": f"a{n}", "delta": f"The answer is {n}."})
    commands = [Command(STARTED, "send", {"data": json.dumps(event)}) for event in sends]
    return Recording("call_x", STARTED, {"instructions": "be brief"}, events, commands)


def test_the_same_call_gives_the_same_twice() -> None:
    recording = call_of((1, 2.5), (6, 7), length=11)
    first = replay(recording, lambda: scripted_from(recording))
    second = replay(recording, lambda: scripted_from(recording))
    assert first == second
    assert differences(first, second) == []
    words = [(line.role, line.text.strip()) for line in first.lines]
    assert words == [
        ("user", "question number 0"),
        ("assistant", "The answer is 0."),
        ("user", "question number 1"),
        ("assistant", "The answer is 1."),
    ]
    assert [d.what for d in first.decisions if d.what.startswith("speak")] == [
        "speak reply 1",
        "speak reply 2",
    ]
    assert len(first.ledgers) == 2


def test_ten_minutes_run_in_seconds() -> None:
    turns = tuple((10.0 * n + 1, 10.0 * n + 2) for n in range(60))
    recording = call_of(*turns, length=600)
    before = time.process_time()
    result = replay(recording, lambda: scripted_from(recording))
    assert time.process_time() - before < 60
    assert len(result.ledgers) == 60


def test_a_recording_that_ends_without_closing() -> None:
    recording = call_of((1, 2), length=5)
    recording.events.pop()
    assert len(replay(recording, lambda: scripted_from(recording)).ledgers) == 1


def test_an_empty_recording() -> None:
    with pytest.raises(RecordingError, match="no events"):
        replay(Recording("x", 0.0, {}), lambda: scripted_from(Recording("x", 0.0, {})))


def test_what_differs_is_told() -> None:
    recording = call_of((1, 2), length=5)
    result = replay(recording, lambda: scripted_from(recording))
    told = differences(outcome(recording.commands, STARTED), result)
    assert any("decisions" in sentence for sentence in told)
    other = outcome([], STARTED)
    assert "the person has 1 lines, now 0" in differences(result, other)


def test_the_playing_delay_comes_from_the_recording() -> None:
    recording = call_of((1, 2), length=3)
    assert playing_delay(recording) == DEFAULT_DELAY_S
    recording.commands.append(Command(103.0, "play", {"reply": 2}, np.zeros(4800, np.int16)))
    recording.events.append(Played(2, 2400, 103.18, True, False))
    assert playing_delay(recording) == pytest.approx(0.08)
