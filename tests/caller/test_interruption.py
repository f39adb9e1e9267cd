"""How the agent gave way, from the received sound alone."""

import numpy as np
import pytest

from visavis.audio import Stereo
from visavis.caller.measure import AgentSound, Interruption
from visavis.caller.notes import Notes, Response
from visavis.caller.result import Placed, measure_turns
from visavis.caller.script import AtTime, utterance
from visavis.seam import RATE_IN, Pcm

RATE = 24000


def speech(seconds: float, gain: float = 1.0, seed: int = 1) -> Pcm:
    """Noise in syllables: loudness goes up and down by 10 dB four times a second."""
    t = np.arange(round(seconds * RATE)) / RATE
    shape = 10 ** (-(5 + 5 * np.cos(2 * np.pi * 4 * t)) / 20)
    noise = np.random.default_rng(seed).normal(0, 1, len(t))
    return (noise * shape * gain * 4000).astype(np.int16)


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * RATE), np.int16)


def measured(*parts: Pcm, at: float, until: float, answered: bool = False) -> Interruption | None:
    return AgentSound(np.concatenate(parts), RATE).interruption(at, until, answered=answered)


def test_a_stop() -> None:
    found = measured(
        speech(2.2), speech(0.3, 0.06), silence(1), speech(1), at=2, until=3.4, answered=True
    )
    assert found is not None
    assert found.ducked_ms == pytest.approx(200, abs=20)
    assert found.silent_ms == pytest.approx(500, abs=20)
    assert found.resumed_ms is None


def test_a_pause_between_words_is_not_taken_for_a_duck() -> None:
    found = measured(
        speech(1.95), silence(0.25), speech(0.2), silence(1.5), at=2, until=3.4, answered=True
    )
    assert found is not None
    assert found.ducked_ms == pytest.approx(400, abs=20)
    assert found.silent_ms == pytest.approx(400, abs=20)


def test_a_false_alarm() -> None:
    found = measured(speech(2.15), speech(0.4, 0.06), speech(3), at=2, until=4.5)
    assert found is not None
    assert found.ducked_ms == pytest.approx(150, abs=20)
    assert found.silent_ms is None
    assert found.resumed_ms == pytest.approx(550, abs=80)


def test_a_pause_to_silence_and_back_is_no_stop() -> None:
    found = measured(speech(2.1), silence(0.6), speech(3), at=2, until=4.5)
    assert found is not None
    assert found.silent_ms is None
    assert found.resumed_ms == pytest.approx(700, abs=80)


def test_an_agent_that_goes_on_regardless() -> None:
    assert measured(speech(5), at=2, until=4.5) == Interruption(None, None, None)


def test_no_interruption_if_nobody_was_speaking() -> None:
    assert measured(speech(1), silence(3), at=2, until=3) is None


def test_an_answer_in_a_pause_of_the_interruption_is_not_the_old_reply() -> None:
    notes = Notes(responses=[Response("story", 0.5), Response("answer", 3.3)])
    over = utterance("over", speech(1), AtTime(2.0))
    placed = [Placed(0, over, start=2.0, end=6.0, position_end=6 * RATE_IN)]
    agent = np.concatenate([speech(2.2), silence(1.2), speech(0.3), silence(3)])
    tracks = Stereo(silence(len(agent) / RATE), agent)
    (turn,) = measure_turns(placed, notes, tracks, began=0.0, unanswered=[])
    assert turn.interruption is not None
    assert turn.interruption.silent_ms == pytest.approx(200, abs=20)
