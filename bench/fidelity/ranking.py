"""Do real networks and the patterns fitted to them put ways to send in the same order?

Fixed plans of equal bits go, at packet level (netlab/experiment/packets), through replays of the
recordings, and of the pattern measured as they were measured: a round trip does not tell its two
ways apart, so each has the whole of what is above half of the floor, on both sides. What a plan
costs is told by the simplified E-model (Cole and Rosenbluth, "Voice over IP performance
monitoring", 2001): the impairment by what was not heard plus that by the delay that 95 % stay
below, upwards (a recogniser) and downwards (an ear) together, in tenths of a point. How good the
codec is at a bitrate is left out: it is the same in both, and would only help. Plans that cost the
same on both sides count as one: where nothing is lost, all redundancy is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np

from sense.sources import replay
from visavis.netlab.experiment import Depth, Trial, run_trial
from visavis.netlab.experiment.measures import DELAY_EDGES_MS, quantile_of, slots_of
from visavis.netlab.experiment.packets.traffic import packets
from visavis.netlab.experiment.strategies import SendStrategy
from visavis.netlab.mine.extra import needs
from visavis.netlab.mine.session import Session
from visavis.netlab.network import Way
from visavis.netlab.scenario import Scenario
from visavis.netlab.simulate import BEGIN_S
from visavis.netlab.validate import Row, synthetic
from visavis.seam import FRAME_S, SendPlan

LEAST_TAU = 0.8
KBPS: dict[Way, float] = {"up": 64.0, "down": 48.0}
"""On the wire, over a whole call: the microphone always sends, the agent not quite half of it."""
LEAST_S = 20.0
"""A shorter recording holds too few words."""
_PLAIN = SendPlan(fec=False, expected_loss=0.2, dtx=False, ahead_ms=0)
_KINDS: dict[str, SendPlan] = {
    "plain": _PLAIN,
    "fec": replace(_PLAIN, fec=True),
    "red 1": replace(_PLAIN, red=(1,)),
    "red 2": replace(_PLAIN, red=(2,)),
    "red 1,2": replace(_PLAIN, red=(1, 2)),
    "red 4,8": replace(_PLAIN, red=(4, 8)),
    "dred 500": replace(_PLAIN, dred_ms=500),
    "repair 1 in 4": replace(_PLAIN, repair_every=4, repair_window=16),
    "40 ms": replace(_PLAIN, frame_ms=40),
    "60 ms, red 1": replace(_PLAIN, frame_ms=60, red=(1,)),
    **{f"ahead {ms}": replace(_PLAIN, ahead_ms=ms) for ms in (100, 200, 400, 800, 1200)},
    "ahead 800, pace 0.5": replace(_PLAIN, ahead_ms=800, pace=0.5),
    "ahead 2000, pace 4": replace(_PLAIN, ahead_ms=2000, pace=4.0),
    "ahead 400, red 1, 40 ms": replace(_PLAIN, ahead_ms=400, red=(1,), frame_ms=40),
    "ahead 800, 60 ms": replace(_PLAIN, ahead_ms=800, frame_ms=60),
}


def strategies() -> list[SendStrategy]:
    """Each kind with as much bitrate as makes its bits those of the others, both ways."""
    return [
        SendStrategy(name, name, "fixed", _of_bits("up", plan), _of_bits("down", plan))
        for name, plan in _KINDS.items()
    ]


def _of_bits(way: Way, plan: SendPlan) -> SendPlan:
    low, high = (_kbps(way, replace(plan, bitrate=bps)) for bps in (10_000, 110_000))
    bps = 10_000 + (KBPS[way] - low) / (high - low) * 100_000
    return replace(plan, bitrate=round(bps))


def _kbps(way: Way, plan: SendPlan) -> float:
    seconds = 60.0
    sent = packets(way, plan, 0, 0, round(seconds / FRAME_S))
    return 8e-3 * float(sent.size.sum()) / seconds


def ranking_row(
    scenario: Scenario,
    fitted: Sequence[Session],
    held_out: Sequence[Session],
    seeds: Sequence[int],
) -> Row | None:
    """Kendall's tau-b of the plans' costs on what was held out and on the pattern; `fitted` says
    how well other real recordings agree. None if nothing was held out, or it cannot be replayed."""
    like = list(held_out)
    measured = [
        synthetic(scenario, each, seed * len(like) + number)
        for seed in seeds
        for number, each in enumerate(like)
    ]
    real, drawn, others = (_replays(scenario.name, each) for each in (like, measured, fitted))
    if not real or not others:
        return None
    costs = _costs(real, seeds)
    # Of the pattern there are as many draws as seeds.
    drawn_tau, fitted_tau = _tau(costs, _costs(drawn, [1])), _tau(costs, _costs(others, seeds))
    return Row(scenario.name, "ranking τ", 1.0, drawn_tau, fitted_tau, f"≥ {LEAST_TAU}",
               drawn_tau >= LEAST_TAU)  # fmt: skip


def _replays(name: str, sessions: Sequence[Session]) -> list[tuple[Scenario, float]]:
    found = [replay(each, name) for each in sessions if each.duration_s >= LEAST_S]
    return [(each.scenario, each.seconds) for each in found if each is not None]


def _costs(networks: Sequence[tuple[Scenario, float]], seeds: Sequence[int]) -> list[float]:
    """[strategies] over all networks and seeds together."""
    return [_cost(strategy, networks, seeds) for strategy in strategies()]


def _cost(
    strategy: SendStrategy, networks: Sequence[tuple[Scenario, float]], seeds: Sequence[int]
) -> float:
    spoken = unheard = slots = unknown = 0.0
    word = np.zeros(DELAY_EDGES_MS.size, np.int64)
    ear = word.copy()
    for scenario, seconds, seed in _each(networks, seeds):
        trial = Trial(scenario, Path(), strategy, seed, BEGIN_S + seconds, Depth.PACKETS)
        row = run_trial(trial).row
        spoken += row["spoken"]
        unheard += row["unheard"]
        said = slots_of(trial.seconds)
        slots += said
        unknown += row["up_concealed"] * said
        word += row["word_delays"]
        ear += row["ear_delays"]
    up = _impairment(unknown / slots, quantile_of(word, 0.95))
    down = _impairment(unheard / max(spoken, 1.0), quantile_of(ear, 0.95))
    return round(up + down, 1)


def _each(
    networks: Sequence[tuple[Scenario, float]], seeds: Sequence[int]
) -> Iterator[tuple[Scenario, float, int]]:
    for seed in seeds:
        for number, (scenario, seconds) in enumerate(networks):
            yield scenario, seconds, seed * len(networks) + number


def _impairment(lost: float, delay_ms: float | None) -> float:
    """Points of R: what is not heard (0…1), and the delay (after Cole and Rosenbluth)."""
    if delay_ms is None:
        return 100.0
    return 30 * log(1 + 15 * lost) + 0.024 * delay_ms + 0.11 * max(0.0, delay_ms - 177.3)


def _tau(one: Sequence[float], other: Sequence[float]) -> float:
    apart = list(zip(*sorted(set(zip(one, other, strict=True))), strict=True))
    return round(float(needs("scipy.stats").kendalltau(*apart).statistic), 3)
