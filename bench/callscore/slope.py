"""What one call more costs: a line through what different numbers of calls cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def slope(calls: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """What a call adds, and the standard error of that, by least squares.

    The line goes through the least cost of each number of calls, because other programs can only
    make a point dearer; the error is of all points about that line, the dearer ones too. With one
    number of calls it is the share of a call, and the error is not known (NaN). ValueError if
    there are no points, or not as many costs as calls.
    """
    if not calls or len(calls) != len(costs):
        raise ValueError(f"{len(calls)} numbers of calls and {len(costs)} costs")
    x, y = np.asarray(calls, float), np.asarray(costs, float)
    sizes = np.unique(x)
    least = np.array([y[x == size].min() for size in sizes])
    if len(sizes) == 1:
        return float(least[0] / sizes[0]), float("nan")
    gradient, start = np.polyfit(sizes, least, 1)
    if len(x) < 3:
        return float(gradient), float("nan")
    residuals = y - (start + gradient * x)
    variance = float(residuals @ residuals) / (len(x) - 2)
    return float(gradient), float(np.sqrt(variance / np.sum((x - x.mean()) ** 2)))
