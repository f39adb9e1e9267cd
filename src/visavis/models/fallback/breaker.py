"""A circuit breaker: who failed is left alone for a while, then tried again.

Pure: time is passed in. The pause doubles with every failure in a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    GOOD = "good"
    """It answered when it was asked last, or was never asked."""
    BROKEN = "broken"
    """It failed and is left alone."""
    TRIAL = "trial"
    """It failed; the pause is over, or somebody tries it just now."""


@dataclass(slots=True, frozen=True)
class Pauses:
    """Seconds that a provider is left alone after its first failure in a row, and at most."""

    first_s: float = 5.0
    longest_s: float = 60.0


class Breaker:
    """One provider's standing, for all calls of a server. Times in seconds, never going back."""

    def __init__(self, pauses: Pauses | None = None) -> None:
        self._pauses = pauses or Pauses()
        self._in_a_row = 0
        self._again_at = 0.0
        self.failures = 0
        """In all."""
        self.answers = 0

    def health(self, now: float) -> Health:
        if not self._in_a_row:
            return Health.GOOD
        return Health.BROKEN if now < self._again_at else Health.TRIAL

    def begin(self, now: float) -> bool:
        """It is asked. True if this is a trial: while that lasts nobody else tries it."""
        if not self._in_a_row:
            return False
        self._again_at = now + self._pause()
        return True

    def answered(self) -> None:
        self._in_a_row = 0
        self.answers += 1

    def failed(self, now: float) -> None:
        self._in_a_row += 1
        self.failures += 1
        self._again_at = now + self._pause()

    def left(self, now: float) -> None:
        """Whoever asked did not wait for the answer: nothing was learnt."""
        self._again_at = min(self._again_at, now)

    def _pause(self) -> float:
        # Beyond so many doublings the longest pause is reached in any case.
        doublings = min(max(0, self._in_a_row - 1), 30)
        return min(self._pauses.longest_s, self._pauses.first_s * 2.0**doublings)
