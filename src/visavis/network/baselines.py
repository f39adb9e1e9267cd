"""What the policy is measured against, in the same form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from visavis.network.policy import Adaptive, View
from visavis.network.recognise import Level, Pattern
from visavis.seam import DEFAULT_PLAN, SendPlan

PLAIN = replace(DEFAULT_PLAN, fec=False, expected_loss=0.0, red=(), ahead_ms=0)
"""Opus with nothing against losses."""


class Fixed:
    """One plan whatever happens."""

    def __init__(self, plan: SendPlan) -> None:
        self.plan = plan

    def __call__(self, view: View) -> SendPlan:
        return self.plan


def fec_only() -> Fixed:
    """In-band FEC, as browsers send by default."""
    return Fixed(replace(PLAIN, fec=True, expected_loss=0.1))


def red_1() -> Fixed:
    """In-band FEC and one RED copy."""
    return Fixed(replace(PLAIN, fec=True, expected_loss=0.1, red=(1,)))


class AnaLike:
    """After libwebrtc's audio network adaptor: smoothed loss turns FEC on and off and tells the
    encoder how much to expect; less bandwidth means less bitrate, then longer packets. It knows
    neither runs of losses nor redundancy outside Opus."""

    FEC_ON, FEC_OFF = 0.05, 0.02

    def __init__(self, base: SendPlan = PLAIN) -> None:
        self._base = base
        self._fec = False

    def __call__(self, view: View) -> SendPlan:
        loss = view.verdict.features.loss
        self._fec = loss >= (self.FEC_OFF if self._fec else self.FEC_ON)
        # In steps, so that not every report is another plan.
        told = round(min(loss, 0.3) * 20) / 20 if self._fec else 0.0
        plan = replace(self._base, fec=self._fec, expected_loss=told)
        budget = view.budget_bps
        if budget is None or view.verdict.pattern is not Pattern.CONGESTED:
            return plan
        speech = max(12_000, min(plan.bitrate, round((budget - 36_000) / 4000) * 4000))
        return replace(plan, bitrate=speech, frame_ms=60 if speech <= 16_000 else 20)


class Oracle:
    """The policy, told the pattern and level of each moment instead of finding them out."""

    def __init__(
        self, truth: Callable[[float], tuple[Pattern, Level]], base: SendPlan = DEFAULT_PLAN
    ) -> None:
        """`truth`: from seconds to what the network then is."""
        self._truth = truth
        self._policy = Adaptive(base)

    def __call__(self, view: View) -> SendPlan:
        pattern, level = self._truth(view.verdict.features.at)
        verdict = replace(view.verdict, pattern=pattern, level=level, confidence=1.0)
        return self._policy(replace(view, verdict=verdict))
