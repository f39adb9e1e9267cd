"""How this person takes turns, learnt while the call goes on: how long they pause before they go
on, how clearly they end, and how often the agent was too hasty for them. Pure."""

from __future__ import annotations

import math

_USUAL_S = 0.5
"""The middle of people's pauses within a turn, before anything is known of this one."""
_USUAL_WEIGHT = 4.0
"""As many pauses as that is worth."""
_LEAST_S = 0.15
"""Shorter silences are the gaps of speech itself."""
_FORGET = 0.9
"""What a pause is worth after the next one."""
_HASTE = 0.3
"""How much longer to wait after each time the agent cut in, for a while."""
_USUAL_END = 1.8
"""Log odds (`turn_end.finished`) at the end of people's turns, in the middle."""
_USUAL_ENDS = 2.0
"""As many ends as that is worth."""
_LEAST_CLEAR, _MOST_CLEAR = -1.5, 0.3
"""Bounds: more patience than that would cost every tenth answer a second and more."""
_SLOWEST = 2.0


class Pace:
    """Of one person in one call."""

    def __init__(self) -> None:
        self._sum = _USUAL_WEIGHT * math.log(_USUAL_S)
        self._weight = _USUAL_WEIGHT
        self._haste = 0.0
        self._clear = _USUAL_ENDS * _USUAL_END
        self._ends = _USUAL_ENDS

    def went_on(self, silence_s: float) -> None:
        """The person paused for so long within a turn."""
        if silence_s >= _LEAST_S:
            self._sum = self._sum * _FORGET + math.log(silence_s)
            self._weight = self._weight * _FORGET + 1.0

    def cut_in(self) -> None:
        """The agent had taken the turn for over, and it was not."""
        self._haste += 1.0

    def answered(self, odds: float) -> None:
        """A turn was over when the agent thought so, with these odds."""
        self._haste *= 0.8
        self._clear = self._clear * _FORGET + odds
        self._ends = self._ends * _FORGET + 1.0

    @property
    def clarity(self) -> float:
        """By how much the ends of this person are clearer than others', in log odds: what falls
        short of it is more likely a pause."""
        return min(_MOST_CLEAR, max(_LEAST_CLEAR, self._clear / self._ends - _USUAL_END))

    @property
    def patience(self) -> float:
        """By what to multiply the waits for an end that is not clear: at least 1."""
        usual = math.exp(self._sum / self._weight) / _USUAL_S
        return min(_SLOWEST, max(1.0, usual) * self.hurry)

    @property
    def hurry(self) -> float:
        """The same for an end that seems clear: at least 1."""
        return min(_SLOWEST, 1.0 + _HASTE * self._haste)
