"""What the round trip adds to the wait for the end of a turn. Pure.

The agent decides on what was said half a round trip ago and is heard half a round trip later. Who
goes on within that time collides with it: both talk, and both notice late. Who goes on after having
heard the agent begin is merely cut in on. If pauses end at an even rate, one in tau seconds, then
of those who go on after a wait the share 1 - exp(-rtt / tau) collides. With a collision dearer than
cutting in by the part w, the sum of waiting and of what going on costs is least at a wait that is
longer by tau ln(1 + w (1 - exp(-rtt / tau))).
"""

from __future__ import annotations

import math

TAU_S = 0.5
"""The usual length of pauses within a turn (`pace`)."""


def distance_s(round_trip_s: float, weight: float) -> float:
    """Seconds to wait longer: with a weight of 0.25, 0.05 s at 300 ms, 0.1 s at a second."""
    late = 1.0 - math.exp(-max(0.0, round_trip_s) / TAU_S)
    return TAU_S * math.log1p(weight * late)
