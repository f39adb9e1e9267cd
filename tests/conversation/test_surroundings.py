"""Words of a voice that does not stand out from its surroundings need more confidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.conversation import ConversationSettings
from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.machine import Machine
from visavis.conversation.surroundings import Surroundings, confidence_needed, decibels
from visavis.errors import SettingsError
from visavis.seam import RATE_IN

SETTINGS = ConversationSettings()


def heard(confidence: float, above: float) -> str:
    """The words of which an utterance consists, after one transcript."""
    machine = Machine(SETTINGS)
    machine.handle(s.VoiceStarted(0, RATE_IN // 10))
    machine.handle(s.VoiceWent(0.5, RATE_IN // 2, 0.0, -40.0, above))
    (ask,) = (a for a in machine.handle(s.Silence(0.1, RATE_IN // 2, RATE_IN)) if _decodes(a))
    machine.handle(s.Transcribed(ask.decode, "buy two", 0.05, eager=False, confidence=confidence))
    return "" if machine.utterance is None else machine.utterance.text


def _decodes(action: do.Action) -> bool:
    return isinstance(action, do.Decode)


def test_a_clear_voice_is_believed_as_before() -> None:
    assert heard(0.35, 20.0) == "buy two"
    assert heard(0.25, 20.0) == ""


def test_a_voice_no_louder_than_the_crowd_must_be_understood_well() -> None:
    assert heard(0.5, 1.0) == ""
    assert heard(0.8, 1.0) == "buy two"


@given(st.floats(-20, 140), st.floats(-20, 140))
def test_the_clearer_the_voice_the_less_is_asked_for(one: float, other: float) -> None:
    low, high = sorted((one, other))
    asked = [confidence_needed(above, SETTINGS) for above in (low, high)]
    assert asked[0] >= asked[1]
    for each in asked:
        assert SETTINGS.min_confidence <= each <= SETTINGS.masked_confidence


def test_the_level_is_that_of_the_last_seconds() -> None:
    around = Surroundings()
    assert around.level == pytest.approx(-120)
    for power in [*[1e6] * 400, *[1e4] * 250]:
        around.note(power, voice=False)
    assert around.level == pytest.approx(decibels(1e4))


def test_what_is_never_quiet_does_not_stand_out_from_itself() -> None:
    """A crowd is taken for a voice all the time, and sways by a few decibels."""
    around = Surroundings()
    for at in range(400):
        around.note(1e6 * (1 + 0.5 * (at % 7) / 6), voice=True)
    assert around.level > decibels(1e6) - 1


def test_the_gaps_between_words_show_the_room() -> None:
    around = Surroundings()
    for at in range(400):
        around.note(1e6 if at % 25 < 21 else 1e2, voice=True)
    assert around.level == pytest.approx(decibels(1e2))


def test_the_first_word_of_a_call_is_not_taken_for_the_room() -> None:
    around = Surroundings()
    for _ in range(30):
        around.note(1e6, voice=True)
    assert around.level == pytest.approx(-120)


@given(st.lists(st.floats(0, 32768.0**2), max_size=600))
def test_the_level_is_never_out_of_range(powers: list[float]) -> None:
    around = Surroundings()
    for at, power in enumerate(powers):
        around.note(power, voice=at % 3 > 0)
    assert -120.1 <= around.level <= 0.1
    assert np.isfinite(around.level)


def test_settings_must_make_sense() -> None:
    with pytest.raises(SettingsError, match="masked_db"):
        ConversationSettings(masked_db=12.0)
