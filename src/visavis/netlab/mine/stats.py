"""The statistics by which networks are compared, of recorded and of drawn sessions alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visavis.netlab.losses import after_loss, bursts
from visavis.netlab.mine.memory import autocorrelation
from visavis.netlab.mine.session import DelayKind, Floats, Observable, Session

LAGS_S = (0.2, 1.0, 5.0)
"""Where autocorrelations are compared."""


def figures(sessions: Sequence[Session]) -> dict[str, float]:
    """What the sessions show, by name; what they do not show is not there."""
    out: dict[str, float] = {}
    shown = [each for each in sessions if each.shows(Observable.LOSS)]
    if shown:
        out["loss"] = loss_rate(shown)
    packets = [each for each in shown if each.shows(Observable.BURSTS)]
    after = loss_after_loss(packets)
    if after is not None:
        out["loss_after_loss"] = after
    delays = pooled_delays(sessions)
    if delays.size:
        for level in (50, 95, 99):
            out[f"delay_p{level}_ms"] = float(np.percentile(delays, level)) * 1e3
    even = [each for each in sessions if each.windows is None and each.shows(Observable.DELAY)]
    for lag, value in zip(LAGS_S, delay_autocorrelation(even), strict=True):
        if not np.isnan(value):
            out[f"acf_{lag:g}s"] = float(value)
    return {name: float(f"{value:.4g}") for name, value in out.items()}


def loss_rate(sessions: Sequence[Session]) -> float:
    """Of all packets, windows by how much was sent in them."""
    lost = sent = 0.0
    for each in sessions:
        if each.windows is not None:
            lost += float((each.windows.loss * each.windows.sent).sum())
            sent += float(each.windows.sent.sum())
        else:
            lost += float(each.lost.sum())
            sent += each.lost.size
    return lost / max(1.0, sent)


def loss_after_loss(sessions: Sequence[Session]) -> float | None:
    """None if fewer than 10 packets were lost before another."""
    return after_loss((each.lost for each in sessions), least=10)


def burst_lengths(sessions: Sequence[Session]) -> Floats:
    """Packets, of all runs of lost ones."""
    runs = [bursts(each.lost) for each in sessions if each.shows(Observable.BURSTS)]
    return np.array([length for each in runs for length in each], dtype=np.float64)


def pooled_delays(sessions: Sequence[Session]) -> Floats:
    """Of every packet that arrived, in s; relative ones over each session's least."""
    found = []
    for each in sessions:
        if each.shows(Observable.DELAY) and each.windows is None:
            delay = each.delay_s[~np.isnan(each.delay_s)]
            found.append(delay - delay.min() if each.delay_kind is DelayKind.RELATIVE else delay)
    return np.concatenate(found) if found else np.empty(0)


def delay_autocorrelation(sessions: Sequence[Session]) -> Floats:
    """At `LAGS_S`, of log-delays, so that one stall of 10 s is not all there is to see. Shape
    [lags]; NaN where packets are too far apart or too few."""
    out = np.full(len(LAGS_S), np.nan)
    if not sessions:
        return out
    steps = np.concatenate([np.diff(each.time_s) for each in sessions])
    step = float(np.median(steps))
    if step <= 0 or step > LAGS_S[-1]:
        return out
    series = [on_even_grid(each, step) for each in sessions]
    series = [np.log(np.maximum(each, 1e-3)) for each in series]
    for place, lag in enumerate(LAGS_S):
        samples = round(lag / step)
        if samples >= 1:
            out[place] = autocorrelation(series, [samples])[0]
    return out


def on_even_grid(session: Session, step_s: float, column: Floats | None = None) -> Floats:
    """The session's delays (or another column) `step_s` apart; NaN where nothing is known."""
    place = np.round(session.time_s / step_s).astype(np.int64)
    even = np.full(int(place[-1]) + 1, np.nan)
    even[place] = session.delay_s if column is None else column
    return even


def kolmogorov_smirnov(one: Floats, other: Floats) -> float:
    """The largest distance between two samples' distribution functions."""
    places = np.concatenate([one, other])
    below = [
        np.searchsorted(np.sort(each), places, side="right") / each.size for each in (one, other)
    ]
    return float(np.abs(below[0] - below[1]).max())
