"""Probabilities as log odds, in which cues are added up."""

from __future__ import annotations

import math

_LEAST = 0.002
"""Probabilities are held away from 0 and 1 by so much."""


def log_odds(probability: float) -> float:
    """Held away from infinity."""
    inside = min(1.0 - _LEAST, max(_LEAST, probability))
    return math.log(inside / (1.0 - inside))


def probability(odds: float) -> float:
    """What log odds stand for."""
    return 1.0 / (1.0 + math.exp(-odds))
