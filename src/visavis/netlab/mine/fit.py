"""From the sessions of one kind of network to a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.distribution import Distribution, Exponential, Fixed
from visavis.netlab.generative import (
    Capacity,
    Generative,
    Handovers,
    Memory,
    Outages,
    Process,
    Queue,
    State,
    Stay,
)
from visavis.netlab.mine.dwell import semi_markov
from visavis.netlab.mine.features import features
from visavis.netlab.mine.loss import fit_loss
from visavis.netlab.mine.marginal import durations, half, quantiles
from visavis.netlab.mine.memory import fit_memory
from visavis.netlab.mine.session import DelayKind, Floats, Observable, Session
from visavis.netlab.mine.stalls import Stalls, find_stalls
from visavis.netlab.mine.states import Stay as Stretch
from visavis.netlab.mine.states import find_states

MIN_CAPACITY_BPS = 150e3
"""Where a trace had less for a second, that was a stall, and counts as one: taken as capacity too,
it would make a call wait twice."""


@dataclass(slots=True, frozen=True)
class Known:
    """What the one who mines knows of a source beyond its rows."""

    delay_ms: float = 30.0
    """Base one-way delay, where the source cannot tell it (relative delays, capacity traces)."""
    grid_s: float | None = None
    """The network rearranges itself every so often (Starlink: 15 s)."""
    burst_after_loss: float | None = None
    """P(lost | the one before was lost) from elsewhere, where the source shows only how much."""


@dataclass(slots=True, eq=False)
class _Material:
    """What one direction is fitted from."""

    sessions: list[Session]
    stalls: list[Stalls]
    stretches: list[Stretch]
    count: int
    levels: Floats
    """Of each grid interval over the base, s; empty without a grid."""
    floors: list[Floats]
    """Per session: delay over the base (and over its interval's level), NaN where held or lost."""
    base_s: float


def fit_direction(sessions: Sequence[Session], known: Known) -> Generative:
    """A generative direction, with a chain of its own if there is more than one state. TraceError
    if the sessions show neither delay nor loss packet by packet."""
    packets = [each for each in sessions if each.windows is None and _has_delay(each)]
    if not packets:
        raise TraceError(
            f"{sessions[0].name}: shows no delay packet by packet; nothing can be fitted."
        )
    material = _material(packets, known)
    both_ways = packets[0].delay_kind is DelayKind.ROUND_TRIP
    longest = max((float(s.length_s.max()) for s in material.stalls if s.length_s.size), default=0)
    capacity = _capacity(material.sessions, material.stalls)
    states = {
        name: State(
            delay_ms=_base_ms(material, packets[0].delay_kind, known),
            queueing_ms=_queueing(material, number, both_ways),
            loss=fit_loss(material.sessions, known.burst_after_loss, both_ways),
            outages=_outages(material, number),
            capacity=capacity,
        )
        for number, name in enumerate(_names(material.count))
    }
    return Generative(
        ordered=not any(each.reordered.any() for each in packets),
        chain=_chain(material) if material.count > 1 else None,
        states=states,
        handovers=_handovers(material, known, both_ways),
        queue=Queue(limit_ms=min(60_000.0, max(300.0, round(1500 * longest)))),
    )


def _has_delay(each: Session) -> bool:
    return each.shows(Observable.DELAY) and bool((~np.isnan(each.delay_s)).sum() >= 30)


def _material(sessions: list[Session], known: Known) -> _Material:
    stalls = [find_stalls(each) for each in sessions]
    table = [features(each, found) for each, found in zip(sessions, stalls, strict=True)]
    usable = [n for n, each in enumerate(table) if each.start_s.size]
    sessions, stalls = [sessions[n] for n in usable], [stalls[n] for n in usable]
    free = [
        np.where(found.held, np.nan, each.delay_s)
        for each, found in zip(sessions, stalls, strict=True)
    ]
    base = float(np.nanquantile(np.concatenate(free), 0.001))
    floors = [np.maximum(each - base, 0.0) for each in free]
    levels = np.empty(0)
    stretches: list[Stretch] = []
    if known.grid_s is not None:
        levels, floors = _on_grid(sessions, floors, known.grid_s)
        count = 1
    else:
        stretches, count = find_states([table[n] for n in usable])
    return _Material(sessions, stalls, stretches, count, levels, floors, base)


def _on_grid(
    sessions: list[Session], floors: list[Floats], grid_s: float
) -> tuple[Floats, list[Floats]]:
    """Each interval's level, and what is above it. Level is the mean, less what most intervals
    spread below theirs."""
    means: list[float] = []
    below: list[float] = []
    apart = []
    for each, floor in zip(sessions, floors, strict=True):
        number = ((each.time_s - _grid_offset(each, floor, grid_s)) // grid_s).astype(np.int64)
        rest = floor.copy()
        for interval in np.unique(number):
            rows = number == interval
            if (~np.isnan(floor[rows])).sum() < 20:
                rest[rows] = np.nan
                continue
            means.append(float(np.nanmean(floor[rows])))
            below.append(means[-1] - float(np.nanquantile(floor[rows], 0.02)))
            rest[rows] -= means[-1]
        apart.append(rest)
    spread = float(np.median(below)) if below else 0.0
    levels = np.maximum(np.array(means) - spread, 0.0)
    return levels, [np.maximum(each + spread, 0.0) for each in apart]


def _grid_offset(session: Session, floor: Floats, grid_s: float) -> float:
    """Where the grid lies: where the intervals' own spread is least."""

    def spread(offset: float) -> float:
        number = ((session.time_s - offset) // grid_s).astype(np.int64)
        number -= number.min()
        known = ~np.isnan(floor)
        count = np.bincount(number[known])
        mean = np.bincount(number[known], floor[known]) / np.maximum(count, 1)
        return float(np.square(floor[known] - mean[number[known]]).sum())

    return float(min(np.arange(0.0, grid_s, 0.5), key=spread))


def _base_ms(material: _Material, kind: DelayKind, known: Known) -> float:
    if kind is DelayKind.ROUND_TRIP:
        return round(material.base_s * 500, 2)
    return round(material.base_s * 1e3, 2) if kind is DelayKind.ONE_WAY else known.delay_ms


def _names(count: int) -> list[str]:
    return [["steady"], ["calm", "rough"], ["calm", "uneven", "rough"]][count - 1]


def _within(material: _Material, number: int, session: int) -> np.ndarray[Any, Any]:
    """Which rows of a session are in a state."""
    time = material.sessions[session].time_s
    if material.count == 1:
        return np.ones(time.size, dtype=np.bool_)
    inside = np.zeros(time.size, dtype=np.bool_)
    for stretch in material.stretches:
        if (stretch.session, stretch.state) == (session, number):
            inside |= (time >= stretch.start_s) & (time < stretch.end_s)
    return inside


def _queueing(material: _Material, number: int, both_ways: bool) -> Process | None:
    values = np.concatenate(
        [floor[_within(material, number, n)] for n, floor in enumerate(material.floors)]
    )
    values = values[~np.isnan(values)]
    if values.size < 2 or values.max() <= 0:
        return None
    part = half(values) if both_ways else values
    return Process(marginal=quantiles(part, 1e3), memory=_memory(material, number))


def _memory(material: _Material, number: int) -> list[Memory]:
    """On an even grid of the usual distance between packets."""
    steps = np.concatenate([np.diff(each.time_s) for each in material.sessions])
    step = max(0.005, float(np.median(steps)))
    series = []
    for n, (each, floor) in enumerate(zip(material.sessions, material.floors, strict=True)):
        place = np.round(each.time_s / step).astype(np.int64)
        even = np.full(int(place[-1]) + 1, np.nan)
        even[place] = np.where(_within(material, number, n), floor, np.nan)
        series.append(even)
    return fit_memory(series, step, longest_s=30.0)


def _outages(material: _Material, number: int) -> Outages | None:
    """How often per second of the state without a stall, and how long."""
    exposed, lengths = 0.0, []
    for n, (each, found) in enumerate(zip(material.sessions, material.stalls, strict=True)):
        spans = (
            [(0.0, each.duration_s)]
            if material.count == 1
            else [
                (s.start_s, s.end_s)
                for s in material.stretches
                if (s.session, s.state) == (n, number)
            ]
        )
        for start, end in spans:
            begun = (found.begin_s >= start) & (found.begin_s < end)
            lengths += found.length_s[begun].tolist()
            exposed += (end - start) - _covered(found, start, end)
    if not lengths or exposed <= 0:
        return None
    every: Distribution = Exponential(mean=float(f"{max(0.001, exposed / len(lengths)):.4g}"))
    found_lengths = np.array(lengths)
    length: Distribution = (
        durations(found_lengths, 1e3)
        if found_lengths.size > 2
        else Fixed(value=round(float(found_lengths.mean()) * 1e3, 1))
    )
    return Outages(every_s=every, length_ms=length, mode="hold")


def _covered(found: Stalls, start: float, end: float) -> float:
    begin = np.clip(found.begin_s, start, end)
    return float((np.clip(found.begin_s + found.length_s, start, end) - begin).sum())


def _chain(material: _Material) -> list[Stay]:
    names = _names(material.count)
    dwell, follows = semi_markov(material.stretches, material.count)
    return [
        Stay(
            name=name,
            dwell_s=durations(dwell[number]),
            next={names[to]: weight for to, weight in follows[number].items()},
        )
        for number, name in enumerate(names)
    ]


def _handovers(material: _Material, known: Known, both_ways: bool) -> Handovers | None:
    if known.grid_s is None or material.levels.size < 10:
        return None
    # Both ways shift together, so each has half.
    levels = material.levels / 2 if both_ways else material.levels
    return Handovers(every_s=known.grid_s, gap_ms=Fixed(value=0), shift_ms=quantiles(levels, 1e3))


def _capacity(sessions: Sequence[Session], stalls: Sequence[Stalls]) -> Capacity | None:
    """Means over a second, for what lasts less is a stall; of what no stall held."""
    means, step = [], 1.0
    for each, found in zip(sessions, stalls, strict=True):
        if each.shows(Observable.CAPACITY):
            number = (each.time_s / step).astype(np.int64)
            number -= number.min()
            free = ~found.held & ~np.isnan(each.capacity_bps)
            count = np.bincount(number[free], minlength=number[-1] + 1)
            whole = np.bincount(number[free], each.capacity_bps[free], minlength=number[-1] + 1)
            mean = whole / np.maximum(count, 1)
            means.append(np.where((count > 0) & (mean > MIN_CAPACITY_BPS), mean, np.nan))
    if not means:
        return None
    values = np.concatenate(means)
    values = values[~np.isnan(values)]
    if values.size < 10:
        return None
    return Capacity(bps=quantiles(values), memory=fit_memory(means, step, longest_s=30.0))
