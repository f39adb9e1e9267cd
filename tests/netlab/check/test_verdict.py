"""From figures to a verdict: what was not measured is said, never made up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.errors import CheckError
from visavis.netlab.check import CallFigures, NetworkResult, Outcome, Turn
from visavis.netlab.check.measure import percentile
from visavis.netlab.check.verdict import Limits


def call(*answers: float | None, words: int | None = 10, heard: int | None = 10) -> CallFigures:
    return CallFigures(tuple(Turn("hello", answer) for answer in answers), words, heard)


DOWN = CallFigures((Turn("hello", None),), 10, 0, connected=False, problem="no media")


def test_all_within_what_is_asked() -> None:
    result = NetworkResult("clean", (call(0.4, 0.5), call(0.6)))
    assert (result.outcome, result.why()) == (Outcome.PASSED, "")
    assert (result.answer_p50_s, result.answer_p95_s, result.words_heard) == (0.5, 0.6, 1.0)


def test_a_late_answer() -> None:
    result = NetworkResult("x", (call(0.4, 1.7),))
    assert result.outcome is Outcome.FAILED
    assert result.why() == "answer p95: 1.70 s, asked 1.5 s"


def test_no_answer_is_later_than_any() -> None:
    result = NetworkResult("x", (call(0.4, None),))
    assert math.isinf(result.answer_p95_s)
    assert result.why() == "answer p95: no answer, asked 1.5 s"
    assert result.to_dict()["answer_p95_s"] is None


def test_few_words() -> None:
    result = NetworkResult("x", (call(0.4), call(0.4, heard=8)))
    assert result.words_heard == 0.9
    assert result.why() == "words heard: 90.0%, asked 95.0%"


def test_an_agent_that_does_not_tell() -> None:
    silent = (call(0.4, heard=None),)
    assert NetworkResult("x", silent).outcome is Outcome.PASSED
    asked = NetworkResult("x", silent, Limits(must_measure_words=True))
    assert asked.outcome is Outcome.NOT_MEASURED
    assert "does not tell" in asked.why()
    with pytest.raises(CheckError, match="were not measured"):
        _ = asked.words_heard


def test_a_recording_without_text() -> None:
    result = NetworkResult("x", (call(0.4, words=None, heard=None),), Limits(hear=0.9))
    with pytest.raises(CheckError, match="has no text"):
        _ = result.words_heard


def test_calls_that_never_came_up_heard_nothing() -> None:
    result = NetworkResult("x", (call(0.4), DOWN))
    assert result.words_heard == 0.5
    assert result.failures()[0] == "1 of 2 calls never came up"
    # With none up nobody knows whether the agent would tell; there are no words to judge by.
    assert NetworkResult("x", (DOWN,)).words_heard_if_known is None
    assert NetworkResult("x", (DOWN,)).outcome is Outcome.FAILED


def test_calls_that_could_not_be_placed() -> None:
    result = NetworkResult("x", (), error="cannot reach it")
    assert (result.outcome, result.why()) == (Outcome.NOT_RUN, "cannot reach it")
    with pytest.raises(CheckError, match="no call was placed on x"):
        _ = result.answer_p95_s


@given(st.lists(st.floats(0, 9), min_size=1, max_size=40), st.floats(0.01, 1))
@settings(max_examples=50)
def test_a_percentile_is_one_of_the_values(values: list[float], p: float) -> None:
    found = percentile(values, p)
    assert found in values
    assert sum(value <= found for value in values) >= p * len(values) - 1e-6  # type: ignore[operator]
