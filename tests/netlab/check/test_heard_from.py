"""Where an agent's messages say what it understood."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.errors import CheckError
from visavis.netlab.check.heard_from import parse_heard_from, understood

RULE = "type=user-transcription data.final=true data.text"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner),
)


def message(**data: Any) -> dict[str, Any]:
    return {"type": "user-transcription", "data": data}


def test_the_text_of_messages_that_meet_the_conditions() -> None:
    rule = parse_heard_from(RULE)
    assert rule.find(message(text="hello", final=True)) == "hello"
    assert rule.find(message(text="hell", final=False)) is None
    assert rule.find(message(text=7, final=True)) is None
    assert rule.find(message(final=True)) is None
    assert rule.find({"type": "bot-transcription", "data": {"text": "x", "final": True}}) is None


def test_places_in_lists_are_numbers() -> None:
    rule = parse_heard_from("alternatives.0.text")
    assert rule.find({"alternatives": [{"text": "yes"}, {"text": "no"}]}) == "yes"
    assert rule.find({"alternatives": []}) is None


@pytest.mark.parametrize(
    "rule", ["", "  ", "type=x", "type text", "=x text", "type= text", "a" * 501]
)
def test_a_rule_that_names_no_place(rule: str) -> None:
    with pytest.raises(CheckError, match=r"heard_from is .* such as 'type=user"):
        parse_heard_from(rule)


@given(st.dictionaries(st.sampled_from(["a", "b"]), json_values))
@settings(max_examples=50)
def test_whatever_the_message_it_is_a_text_or_nothing(found: dict[str, Any]) -> None:
    said = parse_heard_from("a.0=1 a.b.0").find(found)
    assert said is None or isinstance(said, str)
    parse_heard_from("a.b").find(found)


def test_who_speaks_the_realtime_protocol_needs_no_rule() -> None:
    kind = "conversation.item.input_audio_transcription."
    told = [
        {"type": kind + "delta", "item_id": "a", "delta": "plea"},
        {"type": kind + "completed", "item_id": "a", "transcript": "please find"},
        {"type": kind + "completed", "item_id": "b", "transcript": "a table"},
    ]
    assert understood(told, None) == "please find a table"
    assert understood([{"type": "visavis.hello"}], None) == ""
    assert understood([{"type": "user-transcription"}, {}], None) is None


def test_with_a_rule_only_the_rule_counts() -> None:
    told = [message(text="one", final=True), {"type": "visavis.hello"}, message(text="two")]
    assert understood(told, RULE) == "one"
    assert understood([], RULE) == ""
