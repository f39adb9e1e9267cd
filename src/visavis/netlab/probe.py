"""What a network does to an even stream of packets: its figures, without a call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visavis.netlab.losses import after_loss, bursts
from visavis.netlab.network import Network, Way

EVERY_S = 0.02
SIZE = 160
"""Bytes with headers: speech of about 50 kbit/s."""


@dataclass(slots=True, frozen=True)
class Figures:
    """Of one direction."""

    packets: int
    loss: float
    loss_after_loss: float | None
    """P(lost | the one before was lost)."""
    mean_burst: float | None
    """Packets lost in a row, on average."""
    delay_p50_ms: float | None
    delay_p95_ms: float | None
    delay_p99_ms: float | None


def probe(network: Network, way: Way, seconds: float) -> Figures:
    """A packet every 20 ms for so long; the network's time begins with the first."""
    times = np.arange(max(1, round(seconds / EVERY_S)), dtype=np.float64) * EVERY_S
    fates = network.decide_many(way, times, np.full(len(times), SIZE, np.uint32))
    lost = fates.reasons > 0
    runs = bursts(lost)
    delays = (fates.arrivals - times)[~lost] * 1e3
    p50, p95, p99 = np.percentile(delays, [50, 95, 99]) if len(delays) else [None] * 3
    return Figures(
        packets=len(times),
        loss=float(lost.mean()),
        loss_after_loss=after_loss([lost]),
        mean_burst=sum(runs) / len(runs) if runs else None,
        delay_p50_ms=_rounded(p50),
        delay_p95_ms=_rounded(p95),
        delay_p99_ms=_rounded(p99),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)
