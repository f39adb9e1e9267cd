"""One network, from a scenario and a seed: what becomes of each packet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visavis.errors import ScenarioError
from visavis.line import load_native
from visavis.line.native import LineError
from visavis.netlab.scenario import Scenario

Way: TypeAlias = Literal["up", "down"]
Reason: TypeAlias = Literal["loss", "outage", "handover", "queue", "recorded"]
Fate: TypeAlias = float | Reason
"""When a packet arrives, in seconds since the network began, or why it is lost."""

MAX_SEED = 2**64 - 1


@dataclass(slots=True, frozen=True)
class Fates:
    """What became of a row of packets."""

    arrivals: NDArray[np.float64]
    """Seconds since the network began; NaN where lost."""
    reasons: NDArray[np.uint8]
    """0 where delivered, else the place in `Network.REASONS`, counted from 1."""


class Network:
    """The native range (crates/range) over one scenario.

    Two of the same scenario and seed decide the same for the same packets, in virtual and in real
    time. ScenarioError if the scenario's recording cannot be read from `folder`,
    NativeMissingError without the native module.
    """

    REASONS: tuple[Reason, ...] = ("loss", "outage", "handover", "queue", "recorded")

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None = None) -> None:
        if not 0 <= seed <= MAX_SEED:
            raise ScenarioError(f"the seed is {seed}; it must be 0 to 2^64 - 1")
        native = load_native()
        try:
            self._range = native.Range(scenario.for_range(folder or Path()), seed)
        except LineError as error:
            raise ScenarioError(f"the scenario {scenario.name}: {error.args[-1]}") from error
        self._sent = {"up": 0, "down": 0}

    def decide(self, way: Way, now: float, size: int) -> Fate:
        """The next packet of a direction, sent at `now` seconds since the network began; `size`
        in bytes with IP and UDP headers. Times of a direction must not go back."""
        index = self._sent[way]
        self._sent[way] = index + 1
        fate: Fate = self._range.decide(way == "up", index, now, size)
        return fate

    def decide_many(self, way: Way, times: NDArray[np.float64], sizes: NDArray[np.uint32]) -> Fates:
        """The next packets of a direction, all at once."""
        index = self._sent[way]
        self._sent[way] = index + len(times)
        arrivals, reasons = self._range.decide_many(
            way == "up",
            index,
            np.ascontiguousarray(times, np.float64).tobytes(),
            np.ascontiguousarray(sizes, np.uint32).tobytes(),
        )
        return Fates(np.frombuffer(arrivals, np.float64), np.frombuffer(reasons, np.uint8))
