"""Networks whose packets' fates are known: shipped scenarios, and real recordings as replays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavis.netlab.library import find, names
from visavis.netlab.mine.groups import SHIPPED, grouped, load_groups
from visavis.netlab.mine.mining import split
from visavis.netlab.mine.readers import read_all, trace_files
from visavis.netlab.mine.session import DelayKind, Session
from visavis.netlab.network import Network, Way
from visavis.netlab.probe import EVERY_S, SIZE
from visavis.netlab.rows import Replay
from visavis.netlab.scenario import Origin, Scenario

FLOOR_MS = 30.0
"""One way at its best, where a recording does not tell it."""
LONGEST_ROW_S = 0.12
"""Recordings whose packets lie further apart do not show what becomes of one every 20 ms."""


@dataclass(frozen=True)
class Source:
    """A network to be entered by seed."""

    name: str
    scenario: Scenario
    folder: Path | None
    seconds: float
    """Of a recording its length; a generated one has no end."""
    real: bool = False

    def network(self, seed: int) -> Network:
        return Network(self.scenario, seed, self.folder)

    def stream(self, way: Way, seed: int, seconds: float) -> tuple[NDArray, NDArray]:
        """A packet every 20 ms: when sent and when it came (NaN: lost), seconds."""
        times = np.arange(round(seconds / EVERY_S)) * EVERY_S
        sizes = np.full(len(times), SIZE, np.uint32)
        return times, self.network(seed).decide_many(way, times, sizes).arrivals


def shipped() -> list[Source]:
    """Every scenario that comes with visavis."""
    found = []
    for name in names():
        scenario, path = find(name)
        found.append(Source(name, scenario, path, float("inf")))
    return found


@cache
def held_out(traces: Path) -> tuple[Source, ...]:
    """The recordings that no shipped pattern was fitted from, by name."""
    found = []
    groups = grouped(read_all(trace_files([traces])), load_groups(SHIPPED))
    for group, members in groups:
        fitted, held = split(members)
        for session in held or fitted:
            source = replay(session, group.name)
            if source is not None:
                found.append(source)
    return tuple(found)


def replay(session: Session, group: str) -> Source | None:
    """A recording as a network; None if it holds no packets, or too few of them."""
    spacing = np.diff(session.time_s)
    if session.windows is not None or np.isnan(session.delay_s).all() or not len(spacing):
        return None
    if np.median(spacing) > LONGEST_ROW_S:
        return None
    delays = session.delay_s * 1e3
    least = float(np.nanmin(delays))
    if session.delay_kind is DelayKind.ROUND_TRIP:
        # A stall holds both ways at once and shows whole; only the floor is halved.
        delays = delays - least / 2
    elif session.delay_kind in (DelayKind.RELATIVE, DelayKind.WAIT):
        delays = delays + FLOOR_MS
    distinct = np.concatenate([[True], spacing > 0])
    rows = [
        (time, "lost" if lost or np.isnan(delay) else delay)
        for time, delay, lost in zip(
            session.time_s[distinct].tolist(), delays[distinct].tolist(),
            session.lost[distinct].tolist(), strict=True,
        )
    ]  # fmt: skip
    every_packet = float(np.median(spacing)) <= 1.5 * EVERY_S
    direction = Replay(
        rows=tuple(rows),
        ordered=not bool(session.reordered.any()),
        between="step" if every_packet else "line",
        enter="anywhere",
    )
    scenario = Scenario(
        name=group, what=session.name[:500], up=direction,
        origin=Origin(kind="mined", source=session.name),
    )  # fmt: skip
    return Source(f"{group}: {session.name}", scenario, None, session.duration_s, real=True)
