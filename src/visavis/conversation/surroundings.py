"""How loud it is around a person, and what that says of words.

Measured where nobody speaks, as far as voice activity can tell. Of a crowd or a television it
cannot: there the quietest moments of what is taken for a voice tell how loud the rest is (minimum
statistics: Martin, "Noise power spectral density estimation", 2001). A person leaves gaps between
words that are as quiet as the room; a crowd does not.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from visavis.conversation.settings import ConversationSettings

_KEPT = 250
"""Frames of 20 ms: the last 5 s without a voice."""
_RECENT = 200
"""Frames of the last 4 s, of anything, …"""
_KNOWN = 50
"""… at least 1 s, …"""
_QUIETEST = 0.1
"""… so many of which a person leaves for the room to be heard."""
_SILENCE = 1e-12
"""-120 dB: less is no sound."""


def decibels(power: float) -> float:
    """Of a mean square of int16 samples, below full scale."""
    return 10 * math.log10(power / 32768**2 + _SILENCE)


class Surroundings:
    """Fed with all that is heard. Pure."""

    def __init__(self) -> None:
        self._powers: deque[float] = deque(maxlen=_KEPT)
        self._sum = 0.0
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def note(self, power: float, *, voice: bool) -> None:
        """The mean square of one frame's samples, and whether it is taken for a voice."""
        self._recent.append(power)
        if voice:
            return
        if len(self._powers) == _KEPT:
            self._sum -= self._powers[0]
        self._powers.append(power)
        self._sum += power

    @property
    def level(self) -> float:
        """dB below full scale: the mean power of the last seconds without a voice, or the quietest
        tenth of the last seconds of all, if that is louder; -120 before anything was heard."""
        apart = max(0.0, self._sum) / max(1, len(self._powers))
        return decibels(max(apart, self._floor()))

    def _floor(self) -> float:
        if len(self._recent) < _KNOWN:
            return 0.0
        at = int(_QUIETEST * len(self._recent))
        return float(np.partition(np.array(self._recent), at)[at])


def confidence_needed(above_db: float, settings: ConversationSettings) -> float:
    """How sure the recogniser must be of a voice so much louder than its surroundings. Of a crowd
    it makes words, too, but not with confidence, and a crowd does not stand out from itself."""
    span = max(1e-9, settings.clear_db - settings.masked_db)
    masked = min(1.0, max(0.0, (settings.clear_db - above_db) / span))
    return settings.min_confidence + masked * (settings.masked_confidence - settings.min_confidence)
