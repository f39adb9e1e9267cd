"""How loud it is around a person who does not speak, and what that says of words."""

from __future__ import annotations

import math
from collections import deque

from visavis.conversation.settings import ConversationSettings

_KEPT = 250
"""Frames of 20 ms: the last 5 s without a voice."""
_SILENCE = 1e-12
"""-120 dB: less is no sound."""


def decibels(power: float) -> float:
    """Of a mean square of int16 samples, below full scale."""
    return 10 * math.log10(power / 32768**2 + _SILENCE)


class Surroundings:
    """Fed with what is heard while there is no voice. Pure."""

    def __init__(self) -> None:
        self._powers: deque[float] = deque(maxlen=_KEPT)
        self._sum = 0.0

    def note(self, power: float) -> None:
        """The mean square of one frame's samples."""
        if len(self._powers) == _KEPT:
            self._sum -= self._powers[0]
        self._powers.append(power)
        self._sum += power

    @property
    def level(self) -> float:
        """Mean power of the last seconds, dB below full scale; -120 before anything was heard."""
        return decibels(max(0.0, self._sum) / max(1, len(self._powers)))


def confidence_needed(above_db: float, settings: ConversationSettings) -> float:
    """How sure the recogniser must be of a voice so much louder than its surroundings. Of a crowd
    it makes words, too, but not with confidence, and a crowd does not stand out from itself."""
    span = max(1e-9, settings.clear_db - settings.masked_db)
    masked = min(1.0, max(0.0, (settings.clear_db - above_db) / span))
    return settings.min_confidence + masked * (settings.masked_confidence - settings.min_confidence)
