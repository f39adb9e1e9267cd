"""How much a stranger may send: a token bucket."""

from __future__ import annotations


class RateLimit:
    """Lets `rate` units a second through, and up to `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._last: float | None = None

    def allow(self, now: float, units: float = 1.0) -> bool:
        """Take `units` if they are there. `now` in seconds, never going back."""
        if self._last is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
        self._last = now
        if units > self._tokens:
            return False
        self._tokens -= units
        return True
