"""Sessions with known figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visavis.netlab.mine.session import DelayKind, Observable, Session, Windows, session

PACKET_S = 0.02


def stalling(seed: int, seconds: float = 60, every_s: float = 4, length_s: float = 0.3) -> Session:
    """20 to 24 ms, and at regular times everything is held for `length_s`."""
    rng = np.random.default_rng(seed)
    time = np.arange(0, seconds, PACKET_S)
    delay = rng.uniform(0.020, 0.024, time.size)
    since = time % every_s
    begin = every_s - length_s
    delay = np.where(since > begin, every_s - since + 0.022, delay)
    return session(f"stalling-{seed:02}", "made", time, observable=[Observable.DELAY],
                   delay_s=delay)  # fmt: skip


def lossy(seed: int, enter: float = 0.02, leave: float = 0.4, packets: int = 20_000) -> Session:
    """Gilbert: everything is lost in the bad state, nothing in the good one."""
    rng = np.random.default_rng(seed)
    lost = np.zeros(packets, dtype=np.bool_)
    bad = False
    for n, luck in enumerate(rng.random(packets)):
        bad = luck >= leave if bad else luck < enter
        lost[n] = bad
    delay = np.where(lost, np.nan, rng.gamma(2.0, 0.005, packets))
    return session(
        f"lossy-{seed:02}",
        "made",
        np.arange(packets) * PACKET_S,
        observable=[Observable.DELAY, Observable.LOSS, Observable.BURSTS],
        delay_kind=DelayKind.RELATIVE,
        delay_s=delay,
        lost=lost,
    )


def averages(
    seed: int,
    loss: float = 0.0,
    out_s: float = 0.0,
    sigma: float = 0.3,
    count: int = 200,
) -> Session:
    """Windows of 5 s with 250 packets each: 40 ms and a little more, whose mean differs from window
    to window by `sigma` (of its logarithm); every tenth window is out for `out_s`."""
    rng = np.random.default_rng(seed)
    out = np.where(np.arange(count) % 10 == 5, out_s / 5, 0.0)
    over = 0.01 * np.exp(sigma * rng.standard_normal(count))
    windows = Windows(
        start_s=np.arange(count) * 5.0,
        span_s=5.0,
        sent=np.full(count, 250.0),
        loss=np.minimum(rng.binomial(250, loss, count) / 250, 0.019) + out,
        delay_mean_s=0.04 + over,
        delay_min_s=np.full(count, 0.04),
        delay_max_s=0.04 + 4 * over,
        delay_std_s=0.5 * over,
    )
    made = session(
        f"averages-{seed:02}",
        "made",
        windows.start_s,
        observable=[Observable.DELAY, Observable.LOSS],
        delay_s=windows.delay_mean_s,
    )
    return replace(made, windows=windows)
