"""When the agent makes a sound that is no reply. Neither rule changes whose turn it is."""

from __future__ import annotations

from visavis.conversation import orders as do
from visavis.conversation.floor import Floor
from visavis.conversation.phrase import phrase
from visavis.seam import RATE_IN


def fill_if_late(m: Floor) -> None:
    """The turn is over and its reply keeps the person waiting: once a turn, fill the silence."""
    heard, reply = m.heard, m.reply
    awaited_s = heard.silence_s - heard.over_s
    if (
        m.fills
        and not heard.filled
        and not m.flicker
        and reply is not None
        and reply.kind == "turn"
        and awaited_s >= m.settings.filler_after_s
    ):
        heard.filled = True
        m.emit(do.Fill(reply.number, heard.text))


def acknowledge_if_natural(m: Floor) -> None:
    """A long turn, a pause that is surely not its end, and nothing was said to it for a while."""
    heard, set_ = m.heard, m.settings
    if (
        m.acknowledges
        and not m.flicker
        and heard.voiced_s >= set_.acknowledge_after_s
        and heard.position - m.acknowledged_at >= set_.acknowledge_every_s * RATE_IN
        and heard.silence_s >= set_.acknowledge_pause_s
        and heard.fresh
        and m.wait_s() - heard.silence_s >= set_.acknowledge_margin_s
        and _between_clauses(heard.text)
    ):
        m.acknowledged_at = heard.position
        m.emit(do.Acknowledge(heard.text))


def _between_clauses(text: str) -> bool:
    """Whether an "mm-hm" disturbs nobody: not in search of a word, nor within a number."""
    said = phrase(text)
    return said.words > 0 and not (said.hanging or said.filler or said.dictated)
