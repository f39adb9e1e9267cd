"""What a whole call goes through: networks made by hand and joined, shipped scenarios, recordings.

A course decides what becomes of every packet of a call, both ways, and knows what it is: the truth
is read off an even stream of packets through the same draw of the same network.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path as File
from typing import Protocol

import numpy as np

from lineloss.networks import NETWORKS, Decide, Network, independent, outages
from lineloss.virtual import Ways, ways_of
from sense.sources import Source, held_out, shipped
from sense.truth import Truth
from visavis.netlab.probe import EVERY_S, SIZE

FOREVER = float("inf")
REAL = "real "
"""What the names of recordings begin with."""


class Course(Protocol):
    """Entered by seed; the same seed, the same fates."""

    @property
    def name(self) -> str: ...

    def ways(self, seed: int) -> Ways: ...


@dataclass(frozen=True)
class Stretch:
    """A network made by hand, for some seconds of a call."""

    seconds: float
    network: Network


@dataclass(frozen=True)
class Joined:
    """One stretch after the other; the last one stays."""

    name: str
    stretches: tuple[Stretch, ...]

    def ways(self, seed: int) -> Ways:
        return ways_of(joined(self.name, self.stretches), seed)


@dataclass(frozen=True)
class Ranged:
    """A scenario, or a recording."""

    source: Source

    @property
    def name(self) -> str:
        return self.source.name

    def ways(self, seed: int) -> Ways:
        network = self.source.network(seed)

        def up(now: float, size: int) -> float | None:
            fate = network.decide("up", now, size)
            return None if isinstance(fate, str) else fate

        def down(now: float, size: int) -> float | None:
            fate = network.decide("down", now, size)
            return None if isinstance(fate, str) else fate

        # The call is set up on the same way, at its best: a longer one would look like a queue.
        base = [np.nanmin(_delays(self.source, way, seed)) for way in ("up", "down")]
        return Ways((up, down), (float(base[0]), float(base[1])))


def _delays(source: Source, way: str, seed: int) -> np.ndarray:
    times, arrivals = source.stream(way, seed, 10.0)  # type: ignore[arg-type]
    delays: np.ndarray = np.append(arrivals - times, 0.0 if np.isnan(arrivals).all() else np.nan)
    return delays


def at(stretches: Sequence[Stretch], seconds: float) -> int:
    """Which stretch it is, so long after the network began."""
    for index, stretch in enumerate(stretches):
        if seconds < stretch.seconds:
            return index
        seconds -= stretch.seconds
    return len(stretches) - 1


def joined(name: str, stretches: Sequence[Stretch]) -> Network:
    """All stretches as one network."""

    def make(rng: random.Random) -> Decide:
        decides = [s.network.make(random.Random(rng.getrandbits(64))) for s in stretches]
        return lambda index, now: decides[at(stretches, now)](index, now)

    return Network(name, "", make, all(stretch.network.ordered for stretch in stretches))


def truths(course: Course, seed: int, seconds: float) -> tuple[Truth, Truth]:
    """What each way is, of a call of that length."""
    ways = course.ways(seed)
    times = np.arange(round(seconds / EVERY_S)) * EVERY_S
    found = []
    for deliver in ways.deliver:
        came = [deliver(now, SIZE) for now in times.tolist()]
        found.append(Truth(times, np.array([np.nan if at is None else at for at in came])))
    return found[0], found[1]


def _named(name: str) -> Network:
    return next(network for network in NETWORKS if network.name == name)


CLEAN = _named("clean")
RANDOM30 = Network("random30", "30 % independent loss", independent(0.30))
OUTAGES = Network("outages", "10 % of the time out, 2 s each", outages(0.10, 2.0))
BY_HAND = (
    *(
        Joined(network.name, (Stretch(FOREVER, network),))
        for network in (
            CLEAN, _named("random10"), RANDOM30, _named("gilbert20"), _named("bursts30"), OUTAGES,
            _named("jitter"), _named("bufferbloat"),
        )
    ),
    Joined(
        "a spell of bursts",
        (Stretch(15.0, CLEAN), Stretch(15.0, _named("bursts30")), Stretch(FOREVER, CLEAN)),
    ),
    Joined(
        "a spell of losses",
        (Stretch(12.0, CLEAN), Stretch(12.0, _named("gilbert20")),
         Stretch(12.0, _named("random10")), Stretch(FOREVER, CLEAN)),
    ),
)  # fmt: skip


@cache
def courses(traces: File | None) -> dict[str, Course]:
    """All, by name. Of the recordings that were held out the longest of each pattern."""
    found: dict[str, Course] = {course.name: course for course in BY_HAND}
    for source in shipped():
        found.setdefault(source.name, Ranged(source))
    if traces is not None:
        longest: dict[str, Source] = {}
        for source in held_out(traces):
            name = source.scenario.name
            if name not in longest or source.seconds > longest[name].seconds:
                longest[name] = source
        found |= {f"{REAL}{name}": Ranged(source) for name, source in longest.items()}
    return found
