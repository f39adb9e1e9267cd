"""The voice of who spoke first is learnt, and a voice that insists takes its place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.conversation import ConversationSettings
from visavis.conversation.main_voice import MainVoice
from visavis.models.protocols import Embedding

SETTINGS = ConversationSettings()


def voice(degrees: float) -> Embedding:
    angle = math.radians(degrees)
    return np.array([math.cos(angle), math.sin(angle)], np.float32)


MAIN, SAME, OTHER, THIRD = voice(0), voice(20), voice(90), voice(180)


def known() -> MainVoice:
    main = MainVoice(SETTINGS)
    main.learn(MAIN, SETTINGS.enrol_s, clear=True)
    return main


def test_nobody_is_a_stranger_before_enough_was_heard() -> None:
    main = MainVoice(SETTINGS)
    main.learn(MAIN, SETTINGS.enrol_s / 2, clear=True)
    assert main.compare(OTHER, 2.0) is None
    main.learn(SAME, SETTINGS.enrol_s / 2, clear=True)
    likeness = main.compare(OTHER, 2.0)
    assert likeness is not None and likeness.strange


def test_of_a_short_sound_only_what_is_very_unlike_is_a_stranger() -> None:
    unlike = voice(80)
    sure, unsure = known().compare(unlike, 1.0), known().compare(unlike, 0.4)
    assert sure is not None and sure.strange
    assert unsure is not None and not unsure.strange


def test_unclear_turns_teach_nothing() -> None:
    main = MainVoice(SETTINGS)
    main.learn(OTHER, 10.0, clear=False)
    assert not main.known


def test_a_word_of_another_before_the_person_is_known_is_forgotten() -> None:
    main = MainVoice(SETTINGS)
    main.learn(OTHER, 1.0, clear=True)
    main.learn(MAIN, SETTINGS.enrol_s, clear=True)
    likeness = main.compare(MAIN, 2.0)
    assert likeness is not None and likeness.main == pytest.approx(1)


def test_a_voice_refused_once_is_known_again_and_its_turn_makes_it_the_main_one() -> None:
    main = known()
    main.refuse(OTHER)
    likeness = main.compare(OTHER, 2.0)
    assert likeness is not None and likeness.again
    main.learn(OTHER, 1.0, clear=False)
    likeness = main.compare(OTHER, 2.0)
    assert likeness is not None and likeness.main == pytest.approx(1)


def test_two_voices_refused_in_turn_are_two_strangers() -> None:
    main = known()
    main.refuse(OTHER)
    likeness = main.compare(THIRD, 2.0)
    assert likeness is not None and not likeness.again


def test_a_turn_of_the_main_speaker_between_makes_the_other_a_stranger_anew() -> None:
    main = known()
    main.refuse(OTHER)
    main.learn(SAME, 2.0, clear=True)
    likeness = main.compare(OTHER, 2.0)
    assert likeness is not None and not likeness.again


@given(st.lists(st.tuples(st.floats(0, 360), st.floats(0.1, 6), st.sampled_from("lcr"))))
def test_whatever_was_heard_nobody_is_refused_more_than_once_in_a_row(
    heard: list[tuple[float, float, str]],
) -> None:
    main = MainVoice(SETTINGS)
    for degrees, seconds, what in heard:
        if what == "r":
            main.refuse(voice(degrees))
        else:
            main.learn(voice(degrees), seconds, clear=what == "c")
    main.refuse(OTHER)
    likeness = main.compare(OTHER, 2.0)
    assert likeness is None or likeness.again
