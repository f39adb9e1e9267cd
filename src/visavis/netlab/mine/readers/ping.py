"""What iputils' `ping` prints, with or without `-D`.

Sequence numbers tell what was lost. Without `-D` the times are those of an even pace, a second
unless told by `interval_s`.
"""

from __future__ import annotations

import re

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.readers.text import MAX_LINE, decoded, first_lines
from visavis.netlab.mine.session import MAX_ROWS, DelayKind, Observable, Session, session

NAME = "ping"
_REPLY = re.compile(
    r"(?:\[(?P<at>\d{1,11}(?:\.\d{1,9})?)\] )?\d{1,6} bytes from .{1,300}?"
    r"icmp_seq[= ](?P<seq>\d{1,9}) .{0,40}?time[=<](?P<ms>\d{1,9}(?:\.\d{1,9})?) ms"
)
_SUMMARY = re.compile(r"(?P<sent>\d{1,9}) packets transmitted, \d{1,9} received")
INTERVAL_S = 1.0


def sniff(head: bytes) -> bool:
    return any(line.startswith("PING ") or _REPLY.match(line) for line in first_lines(head, 5))


def read(data: bytes, name: str) -> list[Session]:
    """One session. TraceError."""
    replies: dict[int, tuple[float, float]] = {}
    stamped, laps, last, sent = True, 0, 0, 0
    for line in decoded(data, name).splitlines():
        if len(line) > MAX_LINE:
            raise TraceError(f"{name}: a line is longer than {MAX_LINE} characters.")
        summary = _SUMMARY.match(line)
        if summary is not None:
            sent = int(summary["sent"])
        reply = _REPLY.match(line)
        if reply is None:
            continue
        sequence = int(reply["seq"])
        # The number on the wire has 16 bits.
        if sequence + 32_768 < last:
            laps += 1
        last = sequence
        stamped &= reply["at"] is not None
        rtt = float(reply["ms"]) / 1e3
        replies.setdefault(sequence + laps * 65_536, (float(reply["at"] or 0) - rtt, rtt))
    if len(replies) < 2:
        raise TraceError(f"{name}: has {len(replies)} answers; a ping of at least two is needed.")
    seen = np.array(sorted(replies), dtype=np.int64)
    first, slots = int(seen[0]), max(int(seen[-1]), sent) - int(seen[0]) + 1
    if slots > MAX_ROWS:
        raise TraceError(f"{name}: sequence numbers span {slots}; at most {MAX_ROWS} can be read.")
    rtts = np.full(slots, np.nan)
    rtts[seen - first] = [replies[number][1] for number in seen.tolist()]
    lost = np.isnan(rtts)
    if stamped:
        starts = np.array([replies[number][0] for number in seen.tolist()])
        if (np.diff(starts) < -60).any():
            raise TraceError(f"{name}: the clock goes back by more than a minute.")
        step = float(np.median(np.diff(starts) / np.diff(seen)))
        known = np.maximum.accumulate(starts)
        times = np.interp(np.arange(slots), seen - first, known).astype(np.float64)
        times[seen[-1] - first :] = times[seen[-1] - first] + step * np.arange(
            slots - int(seen[-1] - first)
        )
    else:
        times = np.arange(slots, dtype=np.float64) * INTERVAL_S
    return [
        session(
            name,
            NAME,
            times,
            observable=[Observable.LOSS, Observable.BURSTS, Observable.DELAY],
            delay_kind=DelayKind.ROUND_TRIP,
            delay_s=rtts,
            lost=lost,
        )
    ]
