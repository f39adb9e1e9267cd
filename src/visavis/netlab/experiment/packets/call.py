"""A trial at packet level, from the packets to the row."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from visavis.netlab.experiment.measures import (
    CYCLE_SLOTS,
    Floats,
    histogram,
    percentile,
    slots_of,
    words_of,
)
from visavis.netlab.experiment.packets.listen import handed_up, played
from visavis.netlab.experiment.packets.repair import ask_again, known_at, resend
from visavis.netlab.experiment.packets.send import Sent, send
from visavis.netlab.experiment.packets.traffic import AGENT_FROM, speaking
from visavis.netlab.experiment.timeline import Timeline
from visavis.netlab.experiment.trial import Result, Trial
from visavis.netlab.network import Network, Way
from visavis.netlab.simulate import BEGIN_S, CYCLE_S, SPEAK_S
from visavis.seam import FRAME_S

MACHINE_MS: Final = 425.0
"""From the end of the caller's speech to the first of the answer, as the scripted models take."""


class _Direction:
    """What came of one direction's packets."""

    def __init__(self, way: Way, sent: Sent, slots: int) -> None:
        self.way = way
        self.sent = sent
        self.packets, self.arrival, plan_of = sent.all()
        self.spoken = speaking(way, np.arange(slots))
        """[slots]"""
        speech = self.packets.slot >= 0
        arrival = self.arrival[speech]
        self.known, self.own = known_at(
            sent.plans,
            plan_of[speech],
            self.packets.slot[speech],
            self.packets.copies[speech],
            arrival,
            slots,
        )
        travel = self.arrival - self.packets.at
        self.base = 0.0 if np.isnan(travel).all() else float(np.nanmin(travel))
        """The soonest way there, seconds."""
        if way == "up":
            resend(self.known, self.packets.at[speech], arrival)
        elif any(plan.ahead_ms for plan in sent.plans):
            due = np.arange(1, slots + 1).astype(np.float64)
            until: Floats = BEGIN_S + FRAME_S * due + self.base
            known = self.known[self.spoken]
            ask_again(known, self.packets.at, self.arrival, until[self.spoken])
            self.known[self.spoken] = known

    def figures(self, seconds: float) -> dict[str, Any]:
        """Of the slots in which somebody speaks; rates with headers, before any loss."""
        unknown = np.isnan(self.known)
        spoken = max(1, int(self.spoken.sum()))
        return {
            f"{self.way}_kbps": round(8e-3 * float(self.packets.size.sum()) / seconds, 1),
            f"{self.way}_loss": round(float(np.isnan(self.arrival).mean()), 4),
            f"{self.way}_recovered": round(
                int((self.spoken & ~self.own & ~unknown).sum()) / spoken, 4
            ),
            f"{self.way}_concealed": round(int((self.spoken & unknown).sum()) / spoken, 4),
        }

    def note(self, timeline: Timeline, heard: Floats, buffer_s: Floats) -> None:
        """Into a timeline; [spoken slots] of when each was handed over and what held it up."""
        packets = self.packets
        timeline.packets(self.way, packets.at, packets.size, self.arrival)
        for plan, since in zip(self.sent.plans, self.sent.since, strict=True):
            timeline.planned(self.way, since, plan)
        at = BEGIN_S + FRAME_S * np.flatnonzero(self.spoken)
        for when, missed, wait in zip(
            at.tolist(), np.isnan(heard).tolist(), buffer_s.tolist(), strict=True
        ):
            timeline.frame(self.way, when, guessed=missed)
            timeline.buffer(self.way, when, wait * 1e3)


def run_packets(trial: Trial) -> Result:
    """ScenarioError, NativeMissingError."""
    strategy, slots = trial.strategy, slots_of(trial.seconds)
    steered = None if strategy.kind == "fixed" else strategy.controllers()
    network = Network(trial.scenario, trial.seed, trial.folder)
    sent = send(network, strategy.up, strategy.down, steered, slots)
    up, down = _Direction("up", sent["up"], slots), _Direction("down", sent["down"], slots)
    asked = int((trial.seconds - BEGIN_S + 1e-6) / CYCLE_S)
    handed = handed_up(up.known)
    words = words_of(handed, asked)
    sent_at: Floats = BEGIN_S + FRAME_S * np.flatnonzero(down.spoken).astype(np.float64)
    heard, wait = played(down.known[down.spoken], sent_at, down.base)
    ear_ms = (heard - sent_at) * 1e3
    turns = _turns(handed, down.spoken, ear_ms, asked)
    seconds = trial.seconds - BEGIN_S
    row = {
        "scenario": trial.scenario.name,
        "strategy": strategy.name,
        "seed": trial.seed,
        "depth": trial.depth.value,
        "seconds": trial.seconds,
        "connected_s": None,
        "asked": asked,
        "answered": len(turns),
        "turn_p50_ms": percentile(turns, 50),
        "turn_p95_ms": percentile(turns, 95),
        "words": words.said,
        "words_lost": words.lost,
        "word_p50_ms": percentile(words.delays_ms, 50),
        "word_p95_ms": percentile(words.delays_ms, 95),
        "spoken": heard.size,
        "unheard": int(np.isnan(heard).sum()),
        "ear_p50_ms": percentile(ear_ms[~np.isnan(ear_ms)], 50),
        "ear_p95_ms": percentile(ear_ms[~np.isnan(ear_ms)], 95),
        "plans": len(sent["up"].plans) + len(sent["down"].plans) - 2,
        "word_delays": histogram(words.delays_ms),
        "ear_delays": histogram(ear_ms),
        **up.figures(seconds),
        **down.figures(seconds),
    }
    if not trial.timeline:
        return Result(row)
    timeline = Timeline(trial.seconds)
    said_at = BEGIN_S + FRAME_S * np.flatnonzero(up.spoken)
    up.note(timeline, handed[up.spoken], handed[up.spoken] - said_at)
    down.note(timeline, heard, wait)
    return Result(row, timeline.to_dict())


def _turns(handed: Floats, spoken: NDArray[np.bool_], ear_ms: Floats, asked: int) -> Floats:
    """[answered] milliseconds from the end of what the caller said to the answer in its ear."""
    ear = np.full(handed.size, np.nan)
    ear[spoken] = ear_ms
    quiet = round(SPEAK_S / FRAME_S)
    turns = []
    for cycle in range(asked):
        begin = cycle * CYCLE_SLOTS
        said = handed[begin : begin + quiet]
        first = ear[begin + AGENT_FROM : begin + CYCLE_SLOTS]
        if np.isnan(said).all() or np.isnan(first).all():
            continue
        end = BEGIN_S + (begin + quiet - 1) * FRAME_S
        wait = max(0.0, float(np.nanmax(said)) - end) * 1e3
        turns.append(wait + MACHINE_MS + float(first[~np.isnan(first)][0]))
    return np.array(turns)
