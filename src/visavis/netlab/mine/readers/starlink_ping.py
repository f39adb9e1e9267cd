"""Ping logs of Starlink (Zhao and Pan, MMSys 2024): epoch, sequence, round trip in ms, or -1.

The next probe leaves only when the last one was answered or given up after 5 s, so a loss is seen
but not what happened to the packets behind it: the loss rate is observable, bursts are not.
"""

from __future__ import annotations

import re

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.readers.text import decoded, first_lines, numbers
from visavis.netlab.mine.session import DelayKind, Observable, Session, session

NAME = "starlink_ping"
_ROW = re.compile(r"\d{9,11}(\.\d+)?[\t ]+\d+[\t ]+-?\d+(\.\d+)?")


def sniff(head: bytes) -> bool:
    lines = list(first_lines(head, 5))
    return bool(lines) and all(_ROW.fullmatch(line) for line in lines)


def read(data: bytes, name: str) -> list[Session]:
    """One session. TraceError."""
    rows = [line.split() for line in decoded(data, name).splitlines() if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 3:
            raise TraceError(
                f"{name}: line {number} has {len(row)} columns;"
                " expected epoch, sequence and round trip."
            )
    sent = numbers([row[0] for row in rows], name, "epoch")
    rtt = numbers([row[2] for row in rows], name, "round trip")
    lost = rtt < 0
    return [
        session(
            name,
            NAME,
            sent,
            observable=[Observable.DELAY, Observable.LOSS],
            delay_kind=DelayKind.ROUND_TRIP,
            delay_s=np.where(lost, np.nan, rtt / 1e3),
            lost=lost,
        )
    ]
