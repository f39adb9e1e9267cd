"""How somebody sounds is told against how they speak, and neutral without evidence."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.audio.prosody import Prosody
from visavis.conversation.feeling import NEUTRAL, Feeling, Speaker
from visavis.conversation.mood import syllables, valence

USUAL = Prosody(pitch=10, spread=6, level=-25, tilt=-15, seconds=2, paused=0.1)
UP = replace(USUAL, pitch=13.5, spread=10, level=-18, tilt=-11)
DOWN = replace(USUAL, pitch=7, spread=2.5, level=-33, tilt=-19, seconds=2.6)


def known(count: int = 8, seed: int = 1) -> Speaker:
    """Someone heard `count` times, speaking as people do."""
    rng, speaker = random.Random(seed), Speaker()
    for _ in range(count):
        said = replace(USUAL, pitch=rng.gauss(10, 0.8), level=rng.gauss(-25, 1.5))
        speaker.learn(said, 9, NEUTRAL)
    return speaker


@pytest.mark.parametrize(
    ("said", "words", "label"),
    [
        (USUAL, 0.0, "neutral"),
        (UP, 0.0, "excited"),
        (UP, 0.8, "excited"),
        (UP, -0.8, "upset"),
        (DOWN, -0.5, "sad"),
        (DOWN, 0.0, "sad"),
        (DOWN, 0.5, "calm"),
        (USUAL, 1.0, "pleased"),
        (None, 0.0, "neutral"),
    ],
)
def test_voice_and_words(said: Prosody | None, words: float, label: str) -> None:
    assert known().judge(said, 9, words).label == label


def test_the_voice_of_someone_unknown_tells_nothing() -> None:
    assert Speaker().judge(UP, 9, 0) == Feeling("neutral", 1.0, 0, 0)
    assert known(2).judge(UP, 9, 0).label == "neutral"


def test_who_comes_nearer_to_the_microphone_is_not_aroused() -> None:
    assert known().judge(replace(USUAL, level=-5), 9, 0).label == "neutral"


def test_a_high_voice_is_no_feeling() -> None:
    speaker = Speaker()
    for _ in range(5):
        speaker.learn(UP, 9, NEUTRAL)
    assert speaker.judge(UP, 9, 0).label == "neutral"
    assert speaker.judge(USUAL, 9, 0).arousal < 0


def test_who_stays_loud_becomes_usual() -> None:
    speaker = known()
    for _ in range(40):
        speaker.learn(UP, 9, speaker.judge(UP, 9, 0))
    assert speaker.judge(UP, 9, 0).label == "neutral"


def test_judging_changes_nothing() -> None:
    speaker = known()
    assert speaker.judge(UP, 9, 0) == speaker.judge(UP, 9, 0)


PROSODY = st.builds(
    Prosody,
    pitch=st.floats(-10, 30),
    spread=st.floats(0, 20),
    level=st.floats(-90, 0),
    tilt=st.floats(-60, 40),
    seconds=st.floats(0, 120),
    paused=st.floats(0, 0.99),
)


@given(said=st.lists(st.tuples(PROSODY, st.integers(0, 200), st.floats(-1, 1)), max_size=12))
def test_every_estimate_lies_within_its_bounds(said: list[tuple[Prosody, int, float]]) -> None:
    speaker = Speaker()
    for prosody, count, words in said:
        feeling = speaker.judge(prosody, count, words)
        speaker.learn(prosody, count, feeling)
        assert 0 <= feeling.confidence <= 1
        assert -1 <= feeling.arousal <= 1 and -1 <= feeling.valence <= 1
        if feeling.label == "neutral":
            assert abs(feeling.arousal) < 0.5


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("What time is it?", 0),
        ("Sorry, thank you very much.", 0),
        ("I am so happy!", 1),
        ("I'm not happy with this.", -1),
        ("That doesn't sound wonderful.", -1),
        ("This is terrible, I hate it.", -1),
        ("我今天很开心", 1),
        ("我不开心", -1),
        ("我很难过", -1),
    ],
)
def test_what_words_tell(text: str, sign: int) -> None:
    value = valence(text)
    assert (value > 0) - (value < 0) == sign


@given(text=st.text(max_size=80))
def test_any_words(text: str) -> None:
    assert -1 <= valence(text) <= 1 and syllables(text) >= 0


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("Hello there, you.", 4), ("please", 1), ("今天很好", 4)]
)
def test_syllables(text: str, count: int) -> None:
    assert syllables(text) == count
