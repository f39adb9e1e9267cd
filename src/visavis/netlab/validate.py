"""How like a real network a pattern is: the same measurement of both, statistic by statistic.

The scenario is measured as the recording was: packets at the recording's own times, round trips as
round trips, averages as averages, rounded as the recording is rounded. Only statistics that the
source shows are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from visavis.netlab.generative import Generative
from visavis.netlab.mine.classifier import auc
from visavis.netlab.mine.session import DelayKind, Floats, Observable, Session, Windows
from visavis.netlab.mine.stats import (
    LAGS_S,
    burst_lengths,
    delay_autocorrelation,
    kolmogorov_smirnov,
    loss_after_loss,
    loss_rate,
    pooled_delays,
)
from visavis.netlab.network import Network, Way
from visavis.netlab.scenario import Scenario

PACKET_BYTES = 128
"""A voice packet with IP and UDP headers."""
PROBE_BYTES = 1
"""Where only the wait for the link was measured, nothing filled it."""
DELAY_TOLERANCE = {50: 0.10, 95: 0.15, 99: 0.25}
MAX_AUC = 0.65


@dataclass(slots=True, frozen=True)
class Row:
    """One statistic of one pattern."""

    pattern: str
    statistic: str
    real: float
    """Of the recordings held out; if there are none, of those that were fitted."""
    synthetic: float
    fitted: float
    """Of the recordings that were fitted: how far real ones lie apart among themselves."""
    tolerance: str
    ok: bool | None
    """None: nothing was held out, so it proves nothing."""


def compare(
    scenario: Scenario,
    fitted: Sequence[Session],
    held_out: Sequence[Session],
    seeds: Sequence[int],
) -> list[Row]:
    """All rows that the source can show; as many draws of each recording as there are seeds.
    ScenarioError or NativeMissingError as `Network`."""
    real = list(held_out or fitted)
    # A network of its own for each, or all would be one draw, seen again and again.
    drawn = [
        synthetic(scenario, each, seed * len(real) + number)
        for seed in seeds
        for number, each in enumerate(real)
    ]
    rows: list[Row] = []

    def row(statistic: str, of: Triple, tolerance: str, good: bool) -> None:
        if any(np.isnan(of)):
            return
        a, b, c = (float(f"{value:.4g}") for value in of)
        ok = bool(good) if held_out else None
        rows.append(Row(scenario.name, statistic, a, b, c, tolerance, ok))

    if all(each.shows(Observable.LOSS) for each in real):
        a, b, c = loss_rate(real), loss_rate(drawn), loss_rate(fitted)
        row("loss", (a, b, c), "±20 % or ±0.003", abs(b - a) <= max(0.2 * a, 0.003))
    if all(each.shows(Observable.BURSTS) for each in real):
        after = [loss_after_loss(each) for each in (real, drawn, fitted)]
        known = [float("nan") if each is None else each for each in after]
        row("loss after loss", (known[0], known[1], known[2]), "±0.05",
            abs(known[1] - known[0]) <= 0.05)  # fmt: skip
        bursts = [burst_lengths(each) for each in (real, drawn, fitted)]
        if all(each.size >= 10 for each in bursts):
            distance = kolmogorov_smirnov(bursts[0], bursts[1])
            apart = kolmogorov_smirnov(bursts[0], bursts[2])
            row("burst length KS", (0.0, distance, apart), "≤ 0.10", distance <= 0.10)
    delays = [pooled_delays(each) for each in (real, drawn, fitted)]
    if all(each.size >= 100 for each in delays):
        for level, share in DELAY_TOLERANCE.items():
            a, b, c = (float(np.percentile(each, level)) * 1e3 for each in delays)
            row(f"delay p{level} ms", (a, b, c), f"±{share:.0%}", abs(b - a) <= share * a)
        correlations = [delay_autocorrelation(each) for each in (real, drawn, fitted)]
        for lag, a, b, c in zip(LAGS_S, *correlations, strict=True):
            row(f"autocorrelation {lag:g} s", (a, b, c), "±0.1", abs(b - a) <= 0.1)
    if all(each.windows is not None for each in real):
        rows += _of_windows(scenario.name, real, drawn, fitted, bool(held_out))
    told = auc(real, drawn[: len(real)])
    if told is not None:
        among = auc(real, list(fitted)) if held_out else None
        row("classifier AUC", (0.5 if among is None else among, told, 0.5), f"≤ {MAX_AUC}",
            told <= MAX_AUC)  # fmt: skip
    return rows


Triple = tuple[float, float, float]


def synthetic(scenario: Scenario, like: Session, seed: int) -> Session:
    """The scenario, measured as `like` was."""
    network = Network(scenario, seed)
    if like.windows is not None:
        return replace(like, windows=_windows(network, like.windows, like.delay_kind))
    way: Way = "down" if like.direction == "down" else "up"
    arrivals = _through(network, like.time_s, like.delay_kind, way)
    delay = arrivals - like.time_s
    if like.delay_kind is DelayKind.WAIT:
        delay = np.maximum(delay - _base_s(scenario, way), 0.0)
    elif like.delay_kind is DelayKind.RELATIVE:
        delay = delay - np.nanmin(delay)
    delay = _rounded(delay, like.delay_s)
    return replace(like, delay_s=delay, lost=np.isnan(delay))


def _through(network: Network, times: Floats, kind: DelayKind, way: Way) -> Floats:
    """When each packet arrives, or its answer; NaN where lost."""
    size = PROBE_BYTES if kind is DelayKind.WAIT else PACKET_BYTES
    sizes = np.full(times.size, size, dtype=np.uint32)
    arrivals = network.decide_many(way, times, sizes).arrivals
    if kind is not DelayKind.ROUND_TRIP:
        return arrivals
    answered = np.flatnonzero(~np.isnan(arrivals))
    answered = answered[np.argsort(arrivals[answered], kind="stable")]
    out = np.full(times.size, np.nan)
    out[answered] = network.decide_many("down", arrivals[answered], sizes[answered]).arrivals
    return out


def _base_s(scenario: Scenario, way: Way) -> float:
    direction = scenario.up if way == "up" or scenario.down is None else scenario.down
    if not isinstance(direction, Generative):
        return 0.0
    return min(state.delay_ms for state in direction.states.values()) / 1e3


def _rounded(delay: Floats, like: Floats) -> Floats:
    """To whole ms or tenths, if the recording is."""
    known = like[~np.isnan(like)] * 1e3
    for digits in (0, 1):
        if known.size and np.abs(known - known.round(digits)).max() < 1e-3:
            return np.round(delay, 3 + digits)
    return delay


def _windows(network: Network, like: Windows, kind: DelayKind) -> Windows:
    """Windows side by side: how far they lay apart has no part in it."""
    loss, columns = [], []
    for number, sent in enumerate(like.sent.astype(np.int64).tolist()):
        count = max(1, sent)
        times = (number + np.arange(count) / count) * like.span_s
        delay = _through(network, times, kind, "up") - times
        known = delay[~np.isnan(delay)]
        loss.append(1 - known.size / count)
        columns.append(
            [known.mean(), known.min(), known.max(), known.std()] if known.size else [np.nan] * 4
        )
    mean, least, most, spread = np.array(columns).T
    return replace(
        like,
        loss=np.array(loss),
        delay_mean_s=mean,
        delay_min_s=least,
        delay_max_s=most,
        delay_std_s=spread,
    )


def _of_windows(
    pattern: str,
    real: Sequence[Session],
    drawn: Sequence[Session],
    fitted: Sequence[Session],
    counts: bool,
) -> list[Row]:
    """Of averages: the mean's percentiles, and how the loss is spread over the windows."""

    def column(sessions: Sequence[Session], name: str) -> Floats:
        tables = [each.windows for each in sessions if each.windows is not None]
        values: Floats = np.concatenate([getattr(each, name) for each in tables])
        return values[~np.isnan(values)]

    rows = []
    means = [column(each, "delay_mean_s") for each in (real, drawn, fitted)]
    if all(each.size >= 20 for each in means):
        for level, share in DELAY_TOLERANCE.items():
            a, b, c = (round(float(np.percentile(each, level)) * 1e3, 2) for each in means)
            rows.append(Row(pattern, f"window mean delay p{level} ms", a, b, c, f"±{share:.0%}",
                            abs(b - a) <= share * a if counts else None))  # fmt: skip
    losses = [column(each, "loss") for each in (real, drawn, fitted)]
    if all(each.size >= 20 for each in losses):
        # In windows of 250 packets one packet more or less is no difference.
        coarse = [np.round(each * 50) for each in losses]
        distance = round(kolmogorov_smirnov(coarse[0], coarse[1]), 4)
        apart = round(kolmogorov_smirnov(coarse[0], coarse[2]), 4)
        rows.append(Row(pattern, "window loss KS", 0.0, distance, apart, "≤ 0.10",
                        distance <= 0.10 if counts else None))  # fmt: skip
    return rows
