"""What states a network is in by turns: change points, then clusters of what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from visavis.netlab.mine.extra import needs
from visavis.netlab.mine.features import WINDOW_S, Features
from visavis.netlab.mine.session import Floats

MIN_WINDOWS = 3
"""A stretch between two change points is at least so long."""
MAX_STATES = 3
MIN_SILHOUETTE = 0.3
"""Clusters less apart than this are one state."""
MIN_SHARE = 0.04
"""Of the time. A rarer state cannot be fitted."""


@dataclass(slots=True, frozen=True)
class Stay:
    """A stretch of one session in one state."""

    session: int
    state: int
    start_s: float
    end_s: float


def find_states(sessions: Sequence[Features], most: int = MAX_STATES) -> tuple[list[Stay], int]:
    """All stays of all sessions, in order, and the number of states. State 0 is the calmest."""
    described = [_described(each) for each in sessions]
    everything = np.vstack(described)
    spread = everything.std(axis=0)
    mean = everything.mean(axis=0)
    scaled = [(each - mean) / np.where(spread > 1e-9, spread, 1.0) for each in described]
    parts: list[tuple[int, int, int]] = []
    for number, rows in enumerate(scaled):
        cuts = [0, *_change_points(rows)]
        parts += [(number, a, b) for a, b in pairwise(cuts) if b > a]
    middles = np.array([scaled[number][a:b].mean(axis=0) for number, a, b in parts])
    weights = np.array([b - a for _, a, b in parts], dtype=np.float64)
    labels = _clusters(middles, weights, most)
    # By how much they stall, lose and wait, so that 0 is the calmest.
    order = sorted(
        set(labels.tolist()),
        key=lambda label: float(np.average(middles[labels == label].sum(axis=1),
                                           weights=weights[labels == label])),
    )  # fmt: skip
    stays: list[Stay] = []
    for (number, a, b), label in zip(parts, labels.tolist(), strict=True):
        starts = sessions[number].start_s
        state = order.index(label)
        start, end = float(starts[a]), float(starts[b - 1]) + WINDOW_S
        last = stays[-1] if stays else None
        if last is not None and (last.session, last.state) == (number, state):
            stays[-1] = Stay(number, state, last.start_s, end)
        else:
            stays.append(Stay(number, state, start, end))
    return stays, len(order)


def _described(each: Features) -> Floats:
    """[windows, 5]: stalls, the level, spread and jitter of delay, loss; logarithms, so that a
    second of 9 s and one of 5 s are alike."""

    def known(column: Floats, default: float) -> Floats:
        return np.where(np.isnan(column), default, column)

    level = known(each.delay_p50_s, 0.02)
    return np.column_stack(
        [
            np.log1p(20 * each.stalled),
            np.log(np.maximum(level, 0.005)),
            np.log(np.maximum(known(each.delay_p95_s, 0.02) - level, 0.002)),
            np.log(np.maximum(known(each.jitter_s, 0.001), 0.0005)),
            np.log1p(20 * known(each.loss, 0.0)),
        ]
    )


def _change_points(rows: Floats) -> list[int]:
    """Ends of the stretches; the last is the number of rows."""
    if rows.shape[0] < 2 * MIN_WINDOWS:
        return [rows.shape[0]]
    penalty = 2.0 * rows.shape[1] * np.log(rows.shape[0])
    ruptures = needs("ruptures")
    found: list[int] = (
        ruptures.KernelCPD(kernel="linear", min_size=MIN_WINDOWS).fit(rows).predict(pen=penalty)
    )
    return found


def _clusters(middles: Floats, weights: Floats, most: int) -> np.ndarray:
    """A label per row: the number of clusters with the best silhouette, or one if none is good."""
    cluster, metrics = needs("sklearn.cluster"), needs("sklearn.metrics")
    best, chosen = MIN_SILHOUETTE, np.zeros(middles.shape[0], dtype=np.int64)
    for count in range(2, min(most, middles.shape[0] - 1) + 1):
        fitted = cluster.KMeans(n_clusters=count, n_init=10, random_state=0)
        labels = fitted.fit_predict(middles, sample_weight=weights)
        shares = np.bincount(labels, weights, count) / weights.sum()
        if len(set(labels.tolist())) < count or shares.min() < MIN_SHARE:
            continue
        score = float(metrics.silhouette_score(middles, labels))
        if score > best:
            best, chosen = score, labels
    return chosen
