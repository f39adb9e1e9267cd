"""What a call went through, half a second at a time: the network, the plan, the buffer."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from visavis.netlab.experiment.measures import Floats, plan_text
from visavis.netlab.network import Fate, Way
from visavis.netlab.simulate import BEGIN_S
from visavis.seam import SendPlan

STEP_S: Final = 0.5


class Timeline:
    """Of one call, from `BEGIN_S` on: before, the handshake is of other lengths in every run."""

    def __init__(self, seconds: float) -> None:
        self._steps = math.ceil((seconds - BEGIN_S) / STEP_S)
        shape = (2, self._steps)
        self._packets = np.zeros(shape)
        self._lost = np.zeros(shape)
        self._bytes = np.zeros(shape)
        self._delays = np.zeros(shape)
        self._frames = np.zeros(shape)
        self._guessed = np.zeros(shape)
        self._buffer = np.full(shape, np.nan)
        self._plans: tuple[list[tuple[float, str]], list[tuple[float, str]]] = ([], [])

    def _place(self, way: Way, at: float) -> tuple[int, int] | None:
        if at < BEGIN_S:
            return None
        return (0 if way == "up" else 1), min(self._steps - 1, int((at - BEGIN_S) / STEP_S))

    def packet(self, way: Way, at: float, size: int, fate: Fate) -> None:
        """A `carrier.Witness`."""
        place = self._place(way, at)
        if place is None:
            return
        self._packets[place] += 1
        self._bytes[place] += size
        if isinstance(fate, str):
            self._lost[place] += 1
        else:
            self._delays[place] += fate - at

    def packets(self, way: Way, at: Floats, sizes: Floats, arrivals: Floats) -> None:
        """Many at once, none before `BEGIN_S`; `arrivals` NaN where lost."""
        row = 0 if way == "up" else 1
        places = ((at - BEGIN_S) / STEP_S).astype(np.int64).clip(0, self._steps - 1)
        lost = np.isnan(arrivals)

        def sums(weights: Floats | None = None) -> Floats:
            return np.bincount(places, weights, self._steps).astype(np.float64)

        self._packets[row] += sums()
        self._bytes[row] += sums(sizes)
        self._lost[row] += sums(lost.astype(np.float64))
        self._delays[row] += sums(np.where(lost, 0.0, arrivals - at))

    def frame(self, way: Way, at: float, *, guessed: bool, count: int = 1) -> None:
        """So many 20 ms frames were handed to who listens."""
        place = self._place(way, at)
        if place is not None:
            self._frames[place] += count
            self._guessed[place] += count if guessed else 0

    def buffer(self, way: Way, at: float, ms: float) -> None:
        """The delay of the receive buffer; the greatest of a step stays."""
        place = self._place(way, at)
        if place is not None:
            self._buffer[place] = np.fmax(self._buffer[place], ms)

    def planned(self, way: Way, at: float, plan: SendPlan) -> None:
        """How this direction is sent from now on; telling the same again changes nothing."""
        known, text = self._plans[0 if way == "up" else 1], plan_text(way, plan)
        if not known or known[-1][1] != text:
            known.append((round(at, 1), text))

    @property
    def plans(self) -> tuple[int, int]:
        """Plans of each direction, the first among them."""
        return len(self._plans[0]), len(self._plans[1])

    def to_dict(self) -> dict[str, Any]:
        """By direction: columns of one value for each `STEP_S` from `BEGIN_S` on (None: nothing is
        known), and the plans with the second each began at."""
        with np.errstate(invalid="ignore", divide="ignore"):
            columns = {
                "loss": self._lost / self._packets,
                "delay_ms": 1e3 * self._delays / (self._packets - self._lost),
                "kbps": 8e-3 * self._bytes / STEP_S,
                "guessed": self._guessed / self._frames,
                "buffer_ms": self._buffer,
            }
        ways: tuple[Way, ...] = ("up", "down")
        return {
            way: {
                **{name: _plain(table[row]) for name, table in columns.items()},
                "plans": self._plans[row],
            }
            for row, way in enumerate(ways)
        }


def _plain(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 3) for value in values.tolist()]
