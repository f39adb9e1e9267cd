"""`iperf3 --json`: throughput per interval; over UDP at the receiver also loss and jitter.

Intervals tell how much was lost, not in which bursts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.readers.jsons import child, number, parsed
from visavis.netlab.mine.session import MAX_ROWS, Observable, Session, Windows, session

NAME = "iperf3"


def sniff(head: bytes) -> bool:
    text = head.lstrip()
    return text.startswith(b"{") and b'"start"' in text and b'"connect' in text


def read(data: bytes, name: str) -> list[Session]:
    """One session. TraceError."""
    report = parsed(data, name)
    intervals = report.get("intervals")
    if not isinstance(intervals, list) or not 2 <= len(intervals) <= MAX_ROWS:
        raise TraceError(f"{name}: iperf3's report needs a list `intervals` of at least two.")
    sums = [child(interval, "sum", name) for interval in intervals]
    start = np.array([number(each.get("start"), name, "start") for each in sums])
    spans = np.array([number(each.get("seconds"), name, "seconds") for each in sums])
    rate = [number(each.get("bits_per_second"), name, "bits_per_second") for each in sums]
    sent = np.array([number(each.get("packets", 0), name, "packets") for each in sums])
    lost = np.array([number(each.get("lost_packets", 0), name, "lost_packets") for each in sums])
    counted = all("lost_packets" in each and "packets" in each for each in sums)
    if (spans <= 0).any() or (lost < 0).any() or (counted and (lost > sent).any()):
        raise TraceError(f"{name}: an interval has no length, or lost more packets than it had.")
    made = session(
        name,
        NAME,
        start,
        observable=[Observable.CAPACITY, *([Observable.LOSS] if counted else [])],
        direction="down" if _reversed(report) else "up",
        capacity_bps=rate,
    )
    if not counted:
        return [made]
    unknown = np.full(start.size, np.nan)
    windows = Windows(
        start_s=made.time_s,
        span_s=float(np.median(spans)),
        sent=sent,
        loss=lost / np.maximum(sent, 1),
        delay_mean_s=unknown,
        delay_min_s=unknown,
        delay_max_s=unknown,
        delay_std_s=unknown,
    )
    return [replace(made, windows=windows)]


def _reversed(report: dict[str, object]) -> bool:
    start = report.get("start")
    test = start.get("test_start") if isinstance(start, dict) else None
    return isinstance(test, dict) and test.get("reverse") == 1
