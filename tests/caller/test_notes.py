"""The server's events become lines, responses and ledgers; nonsense is survived."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from visavis.caller.notes import _HANDLERS, Notes

TEXTS = st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("item_id", "delta", "transcript", "visavis_text", "response", "ledger", "error", "agent")


def told(*events: dict[str, Any]) -> Notes:
    notes = Notes()
    for n, event in enumerate(events):
        notes.take(event, float(n))
    return notes


@given(st.sampled_from(sorted(_HANDLERS)), st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_no_event_breaks_the_notes(kind: str, fields: dict[str, Any]) -> None:
    told({**fields, "type": kind}, {**fields, "type": kind}, fields)


def test_a_persons_words_grow_and_become_final() -> None:
    kind = "conversation.item.input_audio_transcription"
    notes = told(
        {"type": f"{kind}.delta", "item_id": "a", "delta": "what is"},
        {"type": f"{kind}.delta", "item_id": "a", "delta": "", "visavis_text": "what was it"},
        {"type": f"{kind}.completed", "item_id": "a", "transcript": " What was it? "},
        {"type": f"{kind}.delta", "item_id": "a", "delta": "late"},
    )
    assert [(line.text, line.final, line.at) for line in notes.lines] == [
        ("What was it?", True, 0.0)
    ]


def test_an_interrupted_reply_keeps_what_was_heard() -> None:
    kind = "response.output_audio_transcript"
    notes = told(
        {"type": "response.created", "response": {"id": "r"}},
        {"type": f"{kind}.delta", "item_id": "b", "response_id": "r", "delta": "Paris is "},
        {"type": f"{kind}.delta", "item_id": "b", "response_id": "r", "delta": "large."},
        {"type": "conversation.item.truncated", "item_id": "b", "visavis_text": "Paris"},
        {"type": "response.done", "response": {"id": "r", "status": "cancelled"}},
    )
    assert (notes.lines[0].text, notes.lines[0].heard) == ("Paris is large.", "Paris")
    assert notes.open_responses == []
    assert notes.responses[0].status == "cancelled"


def test_the_newest_ledger_of_a_turn_counts() -> None:
    notes = told(
        {"type": "visavis.ledger", "ledger": {"turn": 1, "stages": {}}},
        {"type": "visavis.ledger", "ledger": {"turn": 2, "stages": {}}},
        {"type": "visavis.ledger", "ledger": {"turn": 1, "stages": {"done": 9}}},
    )
    assert [ledger["stages"] for ledger in notes.ledgers] == [{"done": 9}, {}]
