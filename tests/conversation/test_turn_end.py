"""The surer the end, the shorter the wait; the slower the speaker, the longer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.conversation.pace import Pace
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.turn_end import finished, log_odds, wait_s

SET = ConversationSettings()
scores = st.floats(0, 1)
texts = st.sampled_from(["", "What is the time?", "and then I", "one two", "um", "Yes."])


@given(texts, scores, scores)
def test_a_surer_detector_never_waits_longer(text: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    pace = Pace()
    assert wait_s(finished(high, text), SET, pace) <= wait_s(finished(low, text), SET, pace)


@given(texts, scores, st.lists(st.floats(0, 5), max_size=30), st.integers(0, 5))
def test_every_wait_is_within_the_settings(
    text: str, score: float, pauses: list[float], cut_ins: int
) -> None:
    pace = Pace()
    for pause in pauses:
        pace.went_on(pause)
    for _ in range(cut_ins):
        pace.cut_in()
    wait = wait_s(finished(score, text), SET, pace)
    assert SET.sure_s <= wait <= SET.very_unsure_s


@pytest.mark.parametrize(
    ("ended", "open_"),
    [
        ("I want tea.", "I want to"),
        ("I want tea.", "I want, um"),
        ("Call me back.", "My number is five five"),
        ("It was late.", "It was late,"),
    ],
)
def test_words_that_want_more_make_it_less_likely(ended: str, open_: str) -> None:
    assert finished(0.7, ended) > finished(0.7, open_)


def test_a_clear_end_is_answered_at_once_and_an_open_one_waited_for() -> None:
    assert wait_s(finished(0.97, "What is the time?"), SET, Pace()) == SET.sure_s
    assert wait_s(finished(0.03, "What is the"), SET, Pace()) == SET.very_unsure_s


def test_a_slow_speaker_is_given_more_time_and_a_quick_one_no_less() -> None:
    slow, quick = Pace(), Pace()
    for _ in range(8):
        slow.went_on(1.2)
        quick.went_on(0.25)
    unsure = log_odds((SET.sure_score + SET.unsure_score) / 2)
    assert wait_s(unsure, SET, slow) > wait_s(unsure, SET, Pace()) == wait_s(unsure, SET, quick)


def test_who_was_cut_in_on_is_given_more_time_for_a_while() -> None:
    pace = Pace()
    pace.cut_in()
    sure = log_odds(0.999)
    hasty = wait_s(sure, SET, pace)
    for _ in range(20):
        pace.answered(sure)
    assert SET.sure_s < hasty
    assert wait_s(sure, SET, pace) == pytest.approx(SET.sure_s, rel=0.02)


@given(scores, st.lists(st.floats(-6, 6), max_size=30))
def test_whoever_ends_clearly_is_waited_for_when_it_is_not_clear(
    score: float, ends: list[float]
) -> None:
    clear, unclear = Pace(), Pace()
    for odds in ends:
        clear.answered(max(1.5, odds))
        unclear.answered(min(1.5, odds))
    odds = log_odds(score)
    assert wait_s(odds, SET, clear) >= wait_s(odds, SET, unclear)
