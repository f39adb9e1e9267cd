"""How to send speech over the network that was recognised: a `SendPlan` for each direction.

Pure: the same `View`, the same plan. The two listeners differ (bench/redundancy.py,
docs/decisions/0004): a recogniser can wait for what is repaired, an ear cannot.

- **up, to a recogniser**: it hears as much at 14 kb/s as at 32, and what is lost of our own line it
  asks for, so no words need redundancy. Redundancy buys time: while much is lost singly packets
  carry copies, which are there sooner than an answer.
- **up, from a browser**: it negotiates its copies once; only its bitrate can be changed.
- **down, to an ear**: in-band FEC while nothing is lost, one RED copy against single losses and
  short bursts. Only while bursts of hundreds of milliseconds come again and again DRED, with the
  delay that it takes to use it, and only to a far end that can decode it.
- **a queue**: fewer bits. Longer packets save most: headers are half of what speech costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from visavis.network.recognise import LOSSY, Level, Pattern, Verdict
from visavis.seam import DEFAULT_PLAN, SendPlan


class Direction(StrEnum):
    UP = "up"
    """To a recogniser."""
    DOWN = "down"
    """To an ear."""


class Far(StrEnum):
    """What sits at the other end."""

    LINE = "line"
    """Our own line: decodes everything."""
    BROWSER = "browser"
    """Decodes in-band FEC and RED, not DRED."""


class Talk(StrEnum):
    """What is going on."""

    NOBODY = "nobody"
    USER = "user"
    AGENT = "agent"


@dataclass(slots=True, frozen=True)
class View:
    """All that a strategy may look at."""

    verdict: Verdict
    direction: Direction
    far: Far = Far.LINE
    budget_bps: float | None = None
    """Bits a second that the way is believed to carry, with IP and UDP headers; None: unknown."""
    talk: Talk = Talk.NOBODY


class Strategy(Protocol):
    """A policy, or what it is measured against."""

    def __call__(self, view: View) -> SendPlan: ...


HEADERS_BITS: Final = 720
"""IP, UDP, SRTP, its extensions and tag, of one packet."""
LEAST_BITRATE: Final = 12_000
CONGESTED_BPS: Final = 45_000.0
"""On the wire, while a queue stands and nothing is known of what the way carries."""
TOLD: Final = {Level.LIGHT: 0.1, Level.MIDDLING: 0.2, Level.HEAVY: 0.3}
"""What the encoder is told to expect."""
HEARD_BITRATE: Final = 14_000
"""Of speech to a recogniser."""
DRED_TOLD: Final = 0.2
"""For less libopus gives DRED too few bits to be of use."""


class Adaptive:
    """The policy. `base`: what it does not decide (complexity, bitrate, discontinuity)."""

    def __init__(self, base: SendPlan = DEFAULT_PLAN) -> None:
        self._base = replace(
            base, fec=False, expected_loss=0.1, dred_ms=0, red=(), frame_ms=20, repair_every=0
        )

    def __call__(self, view: View) -> SendPlan:
        protect = _up if view.direction is Direction.UP else _down
        plan = protect(self._base, view)
        budget = view.budget_bps
        if view.verdict.pattern is Pattern.CONGESTED:
            if view.direction is Direction.UP and view.far is Far.BROWSER:
                return replace(plan, bitrate=LEAST_BITRATE)
            return fit(plan, CONGESTED_BPS if budget is None else min(budget, CONGESTED_BPS))
        return plan


def _up(base: SendPlan, view: View) -> SendPlan:
    pattern, level = view.verdict.pattern, view.verdict.level
    if view.far is Far.BROWSER:
        return replace(base, fec=True)
    plan = replace(base, expected_loss=0.0, bitrate=min(base.bitrate, HEARD_BITRATE))
    # While the agent talks nobody waits for words, only for how somebody begins to speak.
    if pattern in LOSSY and level is Level.HEAVY and view.talk is not Talk.AGENT:
        return replace(plan, red=(2,))
    return plan


def _down(base: SendPlan, view: View) -> SendPlan:
    pattern, level = view.verdict.pattern, view.verdict.level
    if pattern in (Pattern.GOOD, Pattern.JITTER, Pattern.CONGESTED):
        return replace(base, fec=True)
    if pattern is Pattern.LONG_BURSTS and view.far is Far.LINE:
        return replace(base, dred_ms=500, expected_loss=max(DRED_TOLD, TOLD[level]))
    return replace(base, fec=True, expected_loss=TOLD[level], red=(1,))


def wire_bps(plan: SendPlan) -> float:
    """Bits a second of a plan on the wire, roughly: copies cost as much as what they copy."""
    return plan.bitrate * (1 + len(plan.red)) + HEADERS_BITS * 1e3 / plan.frame_ms


def fit(plan: SendPlan, bps: float) -> SendPlan:
    """The plan within so many bits a second on the wire, or the smallest there is: without
    copies, then with two frames in a packet, then with fewer bits for speech."""
    if wire_bps(plan) <= bps:
        return plan
    for smaller in (replace(plan, red=()), replace(plan, red=(), frame_ms=40)):
        if wire_bps(smaller) <= bps:
            return smaller
    left = bps - HEADERS_BITS * 1e3 / 40
    bitrate = max(min(LEAST_BITRATE, plan.bitrate), min(plan.bitrate, round(left / 1000) * 1000))
    return replace(plan, red=(), frame_ms=40, bitrate=bitrate)
