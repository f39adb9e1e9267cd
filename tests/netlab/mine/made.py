"""Sessions with known figures."""

from __future__ import annotations

import numpy as np

from visavis.netlab.mine.session import DelayKind, Observable, Session, session

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
