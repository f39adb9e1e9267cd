"""Measured distributions as quantile points, and one half of a round trip's."""

from __future__ import annotations

import numpy as np

from visavis.netlab.distribution import Quantiles
from visavis.netlab.mine.session import Floats

LEVELS = np.array(
    [0, 0.01, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1]
)


def durations(values: Floats, scale: float = 1.0) -> Quantiles:
    """As `quantiles`, but each value with its whole share (Hazen's plotting positions), and
    stretched such that the mean is the sample's: of durations it is the share of time that must be
    right, and most of it lies in the longest."""
    own = (np.arange(values.size) + 0.5) / values.size
    inner = own
    if own.size > LEVELS.size:
        between = np.logical_and(own[0] < LEVELS, own[-1] > LEVELS)
        inner = np.concatenate([own[[0, -1]], LEVELS[between]])
    levels = np.unique(np.round(np.concatenate([[0.0, 1.0], inner]), 4))
    heights = np.quantile(values, levels, method="hazen") * scale
    mean = float((np.diff(levels) * (heights[1:] + heights[:-1]) / 2).sum())
    stretch = float(values.mean()) * scale / mean if mean > 0 else 1.0
    return points(levels, heights * stretch)


def quantiles(values: Floats, scale: float = 1.0) -> Quantiles:
    """Points through the sample's quantiles times `scale`."""
    few = values.size <= LEVELS.size
    levels = np.linspace(0, 1, max(2, values.size)) if few else LEVELS
    return points(levels, np.quantile(values, levels) * scale)


def points(levels: Floats, values: Floats) -> Quantiles:
    """Round to what matters, so that a file stays readable."""
    rising = np.maximum.accumulate(np.maximum(values, 0.0))
    return Quantiles(
        points=[
            (float(f"{level:.4g}"), float(f"{value:.4g}"))
            for level, value in zip(levels, rising, strict=True)
        ]
    )


def half(values: Floats) -> Floats:
    """A sample such that the sum of two independent draws is distributed as `values`.

    A fixed point: each quantile of the half moves by half of what the sum's misses there. Not every
    distribution has such a half; then the nearest that was found is what there is.
    """
    ranks = (np.arange(250) + 0.5) / 250
    target = np.quantile(values, ranks)
    part = target / 2
    best, least = part, np.inf
    for _ in range(100):
        sums = np.quantile((part[:, None] + part[None, :]).ravel(), ranks)
        miss = target - sums
        error = float(np.abs(miss).mean())
        if error < least:
            best, least = part, error
        # In small steps: in large ones it falls into stairs.
        part = np.maximum.accumulate(np.maximum(part + miss * 0.15, 0.0))
    return best
