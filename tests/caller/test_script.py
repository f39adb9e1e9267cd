"""Scripts of turns: what is read, and which turn is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from visavis.audio import write_mono
from visavis.caller import AfterReply, AtTime, DuringReply, from_files, load_script, utterance
from visavis.errors import AudioError
from visavis.seam import Pcm


def sound(seconds: float = 0.5) -> Pcm:
    noise = np.random.default_rng(1).normal(0, 3000, round(seconds * 16000)).astype(np.int16)
    return np.concatenate([np.zeros(1600, np.int16), noise, np.zeros(3200, np.int16)])


def test_a_script_of_every_kind_of_turn(tmp_path: Path) -> None:
    write_mono(tmp_path / "q.wav", sound(), 16000)
    turns = [
        {"wav": "q.wav"},
        {"wav": "q.wav", "during": 1.5, "text": "stop"},
        {"say": "hello", "after": 2},
        {"wav": "q.wav", "at": 30},
    ]
    (tmp_path / "s.json").write_text(json.dumps(turns))
    script = load_script(tmp_path / "s.json", lambda text: sound())
    assert [turn.when for turn in script] == [
        AfterReply(),
        DuringReply(1.5),
        AfterReply(2.0),
        AtTime(30.0),
    ]
    assert [turn.text for turn in script] == [None, "stop", "hello", None]
    assert script[0].speech.end == pytest.approx(1600 + 8000, abs=32)


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ("x", "must be an object"),
        ({}, "either wav or say"),
        ({"wav": 3}, "wav must be a text"),
        ({"say": " "}, "say must be a text"),
        ({"say": "a", "after": 1, "at": 2}, "after and at"),
        ({"say": "a", "during": True}, "during is True"),
        ({"say": "a", "at": float("nan")}, "at is nan"),
        ({"say": "a", "at": 1e9}, "expected 0 to 3600"),
    ],
)
def test_a_wrong_turn_is_named(tmp_path: Path, turn: object, words: str) -> None:
    (tmp_path / "s.json").write_text(json.dumps([{"say": "fine"}, turn]))
    with pytest.raises(AudioError, match=f"turn 2 of .*{words}"):
        load_script(tmp_path / "s.json", lambda text: sound())


def test_recordings_are_repeated_to_the_turns_asked_for(tmp_path: Path) -> None:
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path in paths:
        write_mono(path, sound(), 16000)
    assert [turn.name for turn in from_files(paths, 3)] == ["a.wav", "b.wav", "a.wav"]
    assert len(from_files(paths)) == 2
    with pytest.raises(AudioError, match="0 turns"):
        from_files(paths, 0)


def test_silence_is_not_an_utterance() -> None:
    with pytest.raises(AudioError, match="holds no speech"):
        utterance("x", np.zeros(16000, np.int16), AfterReply())
