"""What both drivers, virtual and real, ask about each packet, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from visavis.netlab.network import Fate, Network, Reason, Way

Witness: TypeAlias = Callable[[Way, float, int, Fate], None]
"""Told of each decision: direction, time since the network began, bytes, and what was decided."""

_DELAY_BIN_S = 0.001
_DELAY_BINS = 60_000


@dataclass(slots=True)
class Traffic:
    """One direction's packets so far."""

    packets: int = 0
    bytes: int = 0
    """With IP and UDP headers, as sent: before any loss."""
    lost: Counter[Reason] = field(default_factory=Counter)
    _delays: Counter[int] = field(default_factory=Counter)
    """Packets by delay, in bins of a millisecond."""

    def add(self, now: float, size: int, fate: Fate) -> None:
        self.packets += 1
        self.bytes += size
        if isinstance(fate, str):
            self.lost[fate] += 1
        else:
            self._delays[min(_DELAY_BINS, round((fate - now) / _DELAY_BIN_S))] += 1

    def delay_ms(self, p: float) -> float | None:
        """The delay that a share `p` of the packets that came stayed below, to a millisecond."""
        bins = sorted(self._delays)
        if not bins:
            return None
        upto = np.cumsum([self._delays[n] for n in bins])
        place = int(np.searchsorted(upto, p * upto[-1]))
        return bins[min(place, len(bins) - 1)] * _DELAY_BIN_S * 1e3

    def to_dict(self, seconds: float) -> dict[str, Any]:
        return {
            "packets": self.packets,
            "kbps": round(8e-3 * self.bytes / seconds, 1) if seconds > 0 else 0.0,
            "loss": round(sum(self.lost.values()) / self.packets, 4) if self.packets else 0.0,
            "lost": dict(sorted(self.lost.items())),
            "delay_p50_ms": self.delay_ms(0.5),
            "delay_p95_ms": self.delay_ms(0.95),
        }


class Carrier:
    """One network from a moment on, for one call."""

    def __init__(self, network: Network, start: float, witness: Witness | None = None) -> None:
        """`start`: when the network began, on the clock that `carry` is asked by."""
        self._network = network
        self._witness = witness
        self.start = start
        self.traffic: dict[Way, Traffic] = {"up": Traffic(), "down": Traffic()}

    def carry(self, way: Way, now: float, size: int) -> float | None:
        """When the packet sent at `now` arrives, on the same clock; None if never. `size` in
        bytes with IP and UDP headers."""
        at = now - self.start
        fate = self._network.decide(way, at, size)
        self.traffic[way].add(at, size, fate)
        if self._witness is not None:
            self._witness(way, at, size, fate)
        return None if isinstance(fate, str) else self.start + fate
