"""Rows of trials, taken together: a strategy over all networks, or on one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis.netlab.experiment.measures import quantile_of

Row = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class Summary:
    """Of some trials of one strategy."""

    strategy: str
    calls: int
    words_lost: float
    """Share of the caller's words."""
    unheard: float
    """Share of the agent's speech."""
    answered: float
    """Share of the turns."""
    kbps: float
    """Both directions, on the wire, mean of the calls."""
    turn_p50_ms: float | None
    turn_p95_ms: float | None
    """Median over the calls of each call's percentile; None if no turn was answered."""
    word_p50_ms: float | None
    word_p95_ms: float | None
    """Of all words that were heard."""
    ear_p95_ms: float | None
    """Of all of the agent's speech that was heard."""
    plans: float
    """Changes of plan a minute."""

    def to_dict(self) -> dict[str, Any]:
        """Shares to a hundredth of a per cent."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def summarise(rows: Iterable[Row]) -> list[Summary]:
    """One for each strategy, in the order in which they come."""
    by_strategy: dict[str, list[Row]] = {}
    for row in rows:
        by_strategy.setdefault(row["strategy"], []).append(row)
    return [_summary(name, some) for name, some in by_strategy.items()]


def counts(rows: Sequence[Row], column: str) -> NDArray[np.int64]:
    """A column of histograms, added up."""
    total: NDArray[np.int64] = np.array([row[column] for row in rows], np.int64).sum(axis=0)
    return total


def _summary(strategy: str, rows: list[Row]) -> Summary:
    def total(column: str) -> float:
        return float(sum(row[column] for row in rows))

    def share(part: str, whole: str) -> float:
        return total(part) / total(whole) if total(whole) else 0.0

    def median(column: str) -> float | None:
        known = [row[column] for row in rows if row[column] is not None]
        return float(np.median(known)) if known else None

    words, ear = counts(rows, "word_delays"), counts(rows, "ear_delays")
    return Summary(
        strategy=strategy,
        calls=len(rows),
        words_lost=share("words_lost", "words"),
        unheard=share("unheard", "spoken"),
        answered=share("answered", "asked"),
        kbps=(total("up_kbps") + total("down_kbps")) / len(rows),
        turn_p50_ms=median("turn_p50_ms"),
        turn_p95_ms=median("turn_p95_ms"),
        word_p50_ms=quantile_of(words, 0.5),
        word_p95_ms=quantile_of(words, 0.95),
        ear_p95_ms=quantile_of(ear, 0.95),
        plans=total("plans") * 60 / total("seconds"),
    )
