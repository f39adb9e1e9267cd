"""docs/conversation-states.md, made from the transition table."""

from __future__ import annotations

from visavis.conversation.machine import TABLE
from visavis.conversation.state import State


def diagram() -> str:
    """The transition table as Markdown: a Mermaid state diagram and a list."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, signal), row in TABLE.items():
        for after in row.to:
            if after is not state and after is not State.CLOSED:
                arrows.setdefault((state, after), []).append(signal.__name__)
    lines = [
        "# States of a conversation",
        "",
        "Generated from the table in `visavis.conversation.machine`; do not edit "
        "(`python -m visavis.conversation.diagram > docs/conversation-states.md`). Every state "
        "goes to `closed` on `Ended`. A signal that has no row in a state changes nothing there.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> idle",
    ]
    lines += [f"    {a} --> {b}: {', '.join(names)}" for (a, b), names in arrows.items()]
    lines += ["```", "", "| state | signal | rule | may lead to |", "|---|---|---|---|"]
    lines += [
        f"| {state} | {signal.__name__} | `{row.rule.__name__}` | {', '.join(row.to)} |"
        for (state, signal), row in TABLE.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(diagram(), end="")
