"""How long delay remembers: a mix of exponentials fitted to the autocorrelation.

The range draws a Gaussian process and maps it onto the marginal, so what is fitted is the
autocorrelation of the data's normal scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visavis.netlab.generative import Memory
from visavis.netlab.mine.extra import needs
from visavis.netlab.mine.session import Floats

TIMES_S = np.array([0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
"""What may be mixed. 0 is fresh for every packet."""
MAX_PARTS = 4
MAX_LAGS = 200


def normal_scores(values: Floats) -> Floats:
    """Each value's rank as a quantile of the standard normal distribution; NaN stays."""
    ndtri = needs("scipy.special").ndtri
    known = np.flatnonzero(~np.isnan(values))
    rank = needs("scipy.stats").rankdata(values[known])
    scores = np.full(values.size, np.nan)
    scores[known] = ndtri((rank - 0.5) / max(1, known.size))
    return scores


def autocorrelation(series: Sequence[Floats], lags: Sequence[int]) -> Floats:
    """At lags in samples, over all series about their common mean; pairs with NaN are left out.
    Shape [lags]; NaN where there are fewer than 30 pairs."""
    everything = np.concatenate(series)
    mean, variance = float(np.nanmean(everything)), float(np.nanvar(everything))
    out = np.full(len(lags), np.nan)
    if variance <= 0:
        return out
    for place, lag in enumerate(lags):
        products = np.concatenate(
            [(one[:-lag] - mean) * (one[lag:] - mean) for one in series if one.size > lag]
            or [np.empty(0)]
        )
        products = products[~np.isnan(products)]
        if products.size >= 30:
            out[place] = float(products.mean()) / variance
    return out


def fit_memory(series: Sequence[Floats], step_s: float, longest_s: float) -> list[Memory]:
    """Of values `step_s` apart (NaN where unknown), for lags up to `longest_s`."""
    most = max(1, min(int(longest_s / step_s), max(one.size for one in series) // 3))
    lags = np.unique(np.geomspace(1, most, num=min(most, MAX_LAGS)).astype(int))
    ends = np.cumsum([one.size for one in series])[:-1]
    scores = np.split(normal_scores(np.concatenate(series)), ends)
    measured = autocorrelation(scores, lags.tolist())
    known = ~np.isnan(measured)
    if not known.any():
        return [Memory(time_s=0.0)]
    with np.errstate(divide="ignore"):
        basis = np.exp(-np.outer(lags[known] * step_s, 1 / np.maximum(TIMES_S, 1e-9)))
    # The last row, heavy, holds the sum of the shares at 1.
    rows = np.vstack([basis, np.full(TIMES_S.size, 100.0)])
    shares, _ = needs("scipy.optimize").nnls(rows, np.append(measured[known], 100.0))
    kept = np.sort(np.argsort(shares)[-MAX_PARTS:])
    kept = kept[shares[kept] > 0.01]
    whole = float(shares[kept].sum())
    parts = np.round(shares[kept] / whole, 3)
    parts[-1] = round(1 - float(parts[:-1].sum()), 3)
    return [
        Memory(share=float(share), time_s=float(TIMES_S[at]))
        for share, at in zip(parts, kept, strict=True)
    ]
