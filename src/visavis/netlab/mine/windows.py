"""Fitting from averages alone: a source that tells loss and delay per window of many seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visavis.netlab.distribution import Exponential
from visavis.netlab.generative import Generative, Loss, Memory, Outages, Process, State
from visavis.netlab.mine.marginal import durations, half, quantiles
from visavis.netlab.mine.session import DelayKind, Floats, Session, Windows

ISOLATED = 0.02
"""Windows that lost less lost packets here and there; the others met an outage."""
FAST_S = 0.05
"""Memory of what moves within a window."""


def fit_windows(sessions: Sequence[Session]) -> Generative:
    """One state. Outages come at random: as often as lets so many windows meet none as met none,
    and as long as makes up what the others lost. Bursts do not show."""
    tables = [each.windows for each in sessions if each.windows is not None]
    span = tables[0].span_s
    loss = np.concatenate([each.loss for each in tables])
    calm = loss < ISOLATED
    isolated = float(loss[calm].mean()) if calm.any() else 0.0
    out_s = (loss[~calm] - isolated) * span
    both_ways = sessions[0].delay_kind is DelayKind.ROUND_TRIP
    base, over, between = _delays(tables)
    outages = None
    if out_s.size >= 3:
        # Some windows meet two, and some outages lie in two windows.
        each = -float(np.log(max(1 - out_s.size / loss.size, 0.5 / loss.size)))
        every = max(0.1, (span - float(out_s.sum()) / loss.size) / each)
        lengths = durations(out_s * (out_s.size / loss.size / each), 1e3)
        outages = Outages(every_s=Exponential(mean=float(f"{every:.4g}")), length_ms=lengths)
    one_way = 1 - (1 - isolated) ** 0.5 if both_ways else isolated
    queueing = None
    if over.size:
        memory = [Memory(time_s=FAST_S)]
        if 0.01 < between < 0.99:
            slow = round(between, 3)
            memory = [Memory(share=round(1 - slow, 3), time_s=FAST_S),
                      Memory(share=slow, time_s=2 * span)]  # fmt: skip
        queueing = Process(
            marginal=quantiles(half(over) if both_ways else over, 1e3), memory=memory
        )
    state = State(
        delay_ms=round(base * (500 if both_ways else 1000), 2),
        queueing_ms=queueing,
        loss=Loss(loss_good=float(f"{one_way:.4g}")),
        outages=outages,
    )
    return Generative(states={"steady": state})


def _delays(tables: list[Windows]) -> tuple[float, Floats, float]:
    """The base; a sample of delays over it that has each window's mean, spread and greatest; and
    the share of the variance between windows."""
    mean, least, most, spread = (
        np.concatenate([getattr(each, f"delay_{name}_s") for each in tables])
        for name in ("mean", "min", "max", "std")
    )
    known = ~np.isnan(mean + least + most + spread) & (mean > least)
    if not known.any():
        return 0.03, np.empty(0), 0.0
    mean, least, most, spread = (each[known] for each in (mean, least, most, spread))
    base = float(np.quantile(least, 0.01))
    # A log-normal over the window's least, of its mean and spread, and never beyond its greatest.
    over = np.maximum(mean - least, 1e-4)
    sigma = np.sqrt(np.log1p(np.square(spread / over)))
    scores = np.array([-2.05, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 2.05])
    drawn = np.exp(np.log(over) - sigma**2 / 2 + scores[:, None] * sigma)
    sample = np.minimum(least + drawn, most)
    whole = float(sample.var())
    between = float(sample.mean(axis=0).var()) / whole if whole > 0 else 0.0
    return base, np.maximum(sample - base, 0.0).ravel(), between
