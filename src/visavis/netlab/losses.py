"""Of a row of packets, which were lost: in what runs, and how often one after another."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def bursts(lost: NDArray[np.bool_]) -> list[int]:
    """Lengths of the runs of lost packets; `lost` of shape [packets] in the order of sending."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.astype(np.int8), [0]])))
    runs: list[int] = (edges[1::2] - edges[::2]).tolist()
    return runs


def after_loss(rows: Iterable[NDArray[np.bool_]], least: int = 1) -> float | None:
    """P(lost | the one before was lost) over all rows, each of shape [packets] in the order of
    sending. None if fewer than `least` packets were lost before another."""
    before = both = 0
    for lost in rows:
        before += int(np.count_nonzero(lost[:-1]))
        both += int(np.count_nonzero(lost[1:] & lost[:-1]))
    return both / before if before >= least else None
