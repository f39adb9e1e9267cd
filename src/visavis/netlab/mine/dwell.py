"""How long states last and what follows which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from visavis.netlab.mine.session import Floats
from visavis.netlab.mine.states import Stay


def semi_markov(stays: Sequence[Stay], count: int) -> tuple[list[Floats], list[dict[int, float]]]:
    """Per state: its dwell times in s as measured, and how often each other state followed.

    Recordings end before states do, so measured dwell times are too short, and the more so the
    longer the state lasts. They are stretched such that the chain spends in each state the share
    of time that the recordings did.
    """
    dwell = [
        np.array([stay.end_s - stay.start_s for stay in stays if stay.state == state])
        for state in range(count)
    ]
    follows: list[dict[int, float]] = [{} for _ in range(count)]
    for before, after in pairwise(stays):
        if before.session == after.session and before.state != after.state:
            row = follows[before.state]
            row[after.state] = row.get(after.state, 0.0) + 1.0
    visits = _visits(follows, count)
    total = np.array([float(each.sum()) for each in dwell])
    wanted = total / np.maximum(visits, 1e-9)
    factor = wanted / np.array([float(each.mean()) for each in dwell])
    factor /= factor.min()
    return [each * scale for each, scale in zip(dwell, factor.tolist(), strict=True)], follows


def _visits(follows: list[dict[int, float]], count: int) -> Floats:
    """Shares of the visits in the long run: the chain's stationary distribution. A state after
    which nothing was seen is followed by all others alike, as in the scenario."""
    chain = np.full((count, count), 1e-6)
    for state, row in enumerate(follows):
        for other in range(count):
            if other != state:
                chain[state, other] += row.get(other, 0.0) if row else 1.0
    chain /= chain.sum(axis=1, keepdims=True)
    # Lazily, so that two states that take turns settle too.
    lazy = (chain + np.eye(count)) / 2
    visits: Floats = np.linalg.matrix_power(lazy, 1024)[0]
    return visits
