"""Mahimahi link traces (also Pantheon's and Indigo's): a line per chance to deliver 1500 bytes.

A trace is turned into what a voice call on the link would have met: a packet every 20 ms waits for
the next chance; what it waits is the link's own delay, without propagation and without anyone
else's queue. Chances come in bins of 100 ms for the capacity. Loss is not observable.
"""

from __future__ import annotations

from pathlib import PurePath

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.readers.text import decoded, first_lines
from visavis.netlab.mine.session import MAX_ROWS, DelayKind, Observable, Session, session

NAME = "mahimahi"
MTU_BITS = 1500 * 8
PACKET_S = 0.02
BIN_S = 0.1


def sniff(head: bytes) -> bool:
    lines = list(first_lines(head, 20))
    return len(lines) >= 2 and all(line.isascii() and line.isdigit() for line in lines)


def read(data: bytes, name: str) -> list[Session]:
    """One session. TraceError."""
    lines = decoded(data, name).split()
    if len(lines) > MAX_ROWS:
        raise TraceError(f"{name}: {len(lines)} lines; at most {MAX_ROWS} can be read.")
    for number, line in enumerate(lines, start=1):
        if not (line.isascii() and line.isdigit() and len(line) <= 12):
            raise TraceError(f"{name}: line {number} is {line[:40]!r}, not whole milliseconds.")
    chances = np.array(lines, dtype=np.float64) / 1e3
    if chances.size < 2 or (np.diff(chances) < 0).any():
        raise TraceError(f"{name}: times of delivery must rise, and there must be at least two.")
    chances -= chances[0]
    span = float(chances[-1])
    if span < 2 * PACKET_S or span / PACKET_S > MAX_ROWS:
        raise TraceError(f"{name}: spans {span:.3g} s; 0.04 to {MAX_ROWS * PACKET_S:.0f} s can be.")
    sent = np.arange(0.0, span, PACKET_S)
    waits = chances[np.searchsorted(chances, sent)] - sent
    per_bin = np.bincount((chances / BIN_S).astype(np.int64)).astype(np.float64)
    return [
        session(
            name,
            NAME,
            sent,
            observable=[Observable.DELAY, Observable.CAPACITY],
            direction={".up": "up", ".down": "down"}.get(PurePath(name).suffix, "both"),
            delay_kind=DelayKind.WAIT,
            delay_s=waits,
            capacity_bps=per_bin[(sent / BIN_S).astype(np.int64)] * (MTU_BITS / BIN_S),
        )
    ]
