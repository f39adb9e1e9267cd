"""English or Chinese: what is believed after what was heard."""

import math

from hypothesis import given
from hypothesis import strategies as st

from visavis.models.embedded.spoken_language import SURE, Belief

probabilities = st.floats(0, 1)
turns = st.lists(
    st.tuples(probabilities, st.integers(0, 30), probabilities, st.floats(0, 30)), max_size=20
)


def after(calls_turns: list[tuple[float, int, float, float]], prior: float = 0.0) -> Belief:
    belief = Belief(prior)
    for confidence, words, chinese, seconds in calls_turns:
        belief = belief.recognised(confidence, words).listened(chinese, seconds).next_turn()
    return belief


def test_words_recognised_with_confidence_are_english_without_asking() -> None:
    belief = Belief().recognised(0.97, 6)
    assert belief.odds <= -SURE
    assert not belief.wants_whisper(3.0, final=True)


def test_doubtful_words_are_asked_about_once_there_is_enough_to_hear() -> None:
    belief = Belief().recognised(0.6, 4)
    assert not belief.wants_whisper(0.5, final=False)
    assert belief.wants_whisper(0.5, final=True)
    assert belief.wants_whisper(1.2, final=False)
    asked = belief.listened(0.4, 1.2)
    assert not asked.wants_whisper(1.4, final=True)
    assert asked.wants_whisper(2.3, final=False)


@given(turns)
def test_one_clear_sentence_in_the_other_language_is_enough(
    before: list[tuple[float, int, float, float]],
) -> None:
    belief = after(before)
    assert belief.recognised(0.6, 5).listened(0.999, 1.5).is_chinese
    assert not belief.listened(0.001, 1.5).is_chinese


@given(turns)
def test_short_sounds_are_taken_for_the_language_of_the_call(
    before: list[tuple[float, int, float, float]],
) -> None:
    belief = after([*before, *[(0.5, 5, 0.999, 3.0)] * 4])
    assert belief.listened(0.2, 0.4).is_chinese


@given(turns, st.sampled_from([math.inf, -math.inf]))
def test_a_given_language_stays(
    before: list[tuple[float, int, float, float]], prior: float
) -> None:
    belief = after(before, prior)
    assert belief.is_chinese == (prior > 0)
    assert not belief.wants_whisper(10.0, final=True)


@given(turns, probabilities, probabilities, st.integers(1, 9), st.floats(0.1, 9))
def test_more_evidence_never_speaks_for_the_other_side(
    before: list[tuple[float, int, float, float]],
    a: float,
    b: float,
    words: int,
    seconds: float,
) -> None:
    low, high = sorted((a, b))
    belief = after(before)
    assert belief.listened(low, seconds).odds <= belief.listened(high, seconds).odds
    assert belief.recognised(high, words).odds <= belief.recognised(low, words).odds
