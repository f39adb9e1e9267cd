"""What to do when tools have news. Nobody is talked over: results wait until nobody speaks, or go
with the next reply. Each rule returns the state that follows."""

from __future__ import annotations

from visavis.conversation import signals as s
from visavis.conversation.floor import Floor
from visavis.conversation.state import State


def tell_now(m: Floor, e: s.ToolsDone) -> State:
    m.results += 1
    return m.rest()


def tell_later(m: Floor, e: s.ToolsDone) -> State:
    m.results += 1
    return m.state


def tell_in_answer(m: Floor, e: s.ToolsDone) -> State:
    """The person still speaks, so there is time for a reply that knows the results."""
    m.results += 1
    if m.reply is not None:
        m.drop()
        m.answer()
    return m.state


def ask_for_patience(m: Floor, e: s.ToolsSlow) -> State:
    return m.hold()
