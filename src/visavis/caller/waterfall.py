"""A turn's ledger as bars on one scale: what the terminal and the report page draw."""

from __future__ import annotations

from typing import Any, NamedTuple

from visavis.caller.result import TurnResult


class Bar(NamedTuple):
    """One step of a turn, milliseconds from the end of speech; negative before it."""

    label: str
    start: float
    end: float
    kind: str
    """speech, model, wait, line or total."""


_STEPS = (
    ("end noticed", None, "silence_seen", "wait"),
    ("words known", "silence_seen", "transcript", "model"),
    ("first token", "llm_start", "llm_first_token", "model"),
    ("first clause", "llm_first_token", "first_clause", "model"),
    ("first speech", "first_clause", "tts_first_audio", "model"),
    ("released", None, "released", "wait"),
    ("sent", "released", "first_sent", "line"),
    ("played (server)", "first_sent", "first_played", "line"),
)
"""(label, stage it begins with or None for the end of speech, stage it ends with, kind)"""


def stages(ledger: dict[str, Any] | None) -> dict[str, float]:
    """The ledger's stages that are numbers; empty without a ledger."""
    raw = ledger.get("stages") if ledger is not None else None
    if not isinstance(raw, dict):
        return {}
    return {str(k): float(v) for k, v in raw.items() if isinstance(v, int | float)}


def bars(turn: TurnResult) -> list[Bar]:
    """The steps of a turn that are known, in order, and last what the caller heard itself."""
    known = stages(turn.ledger)
    out = []
    for label, first, last, kind in _STEPS:
        end = known.get(last)
        if end is None:
            continue
        start = min(0.0, end) if first is None else min(known.get(first, end), end)
        out.append(Bar(label, start, end, kind))
    if turn.voice_to_voice_ms is not None:
        heard = turn.voice_to_voice_ms
        out.append(Bar("voice to voice", min(0.0, heard), max(0.0, heard), "total"))
    return out


def span(all_bars: list[Bar]) -> tuple[float, float]:
    """A scale that holds all bars, widened to tens of milliseconds."""
    low = min((bar.start for bar in all_bars), default=0.0)
    high = max((bar.end for bar in all_bars), default=100.0)
    return (min(0.0, low // 10 * 10), max(high // 10 * 10 + 10, low + 50))
