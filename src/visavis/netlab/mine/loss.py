"""Loss as the scenario's Gilbert-Elliott chain has it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visavis.netlab.generative import Loss
from visavis.netlab.mine.session import Observable, Session
from visavis.netlab.mine.stats import loss_after_loss, loss_rate

STEP_MS = 20.0


def fit_loss(sessions: Sequence[Session], burst_after_loss: float | None, both_ways: bool) -> Loss:
    """No loss where the source does not show any.

    Simple Gilbert: everything is lost in the bad state, nothing in the good one, so P(loss | loss)
    is the chance to stay. Of a round trip, each way has half of the loss.
    """
    shown = [each for each in sessions if each.shows(Observable.LOSS)]
    rate = loss_rate(shown)
    if rate == 0:
        return Loss()
    if both_ways:
        rate = 1 - (1 - rate) ** 0.5
    packets = [each for each in shown if each.shows(Observable.BURSTS)]
    stay = loss_after_loss(packets)
    if stay is None:
        stay = burst_after_loss
    if stay is None or stay <= rate:
        return Loss(loss_good=_rounded(rate))
    step_s = (
        float(np.median(np.concatenate([np.diff(each.time_s) for each in packets])))
        if packets
        else STEP_MS / 1e3
    )
    leave = 1 - stay
    return Loss(
        p_enter=_rounded(min(1.0, rate * leave / (1 - rate))),
        p_leave=_rounded(max(1e-4, leave)),
        step_ms=float(np.clip(round(step_s * 1e3, 1), 1.0, 10_000.0)),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
