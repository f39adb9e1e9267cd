"""The committed diagram is the table's."""

from pathlib import Path

from visavis.conversation.diagram import diagram


def test_the_documented_states_are_those_of_the_table() -> None:
    committed = Path(__file__).parents[2] / "docs" / "conversation-states.md"
    assert committed.read_text("utf-8") == diagram(), (
        "run: python -m visavis.conversation.diagram > docs/conversation-states.md"
    )
