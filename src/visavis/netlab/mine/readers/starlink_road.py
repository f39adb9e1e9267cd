"""Starlink on the Road (sys-uos): 25 s windows of ping, and throughput second by second.

Each day of driving or standing is a session of its own. Windows tell how much was lost, not in
which bursts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.readers.text import decoded, first_lines, numbers, table
from visavis.netlab.mine.session import DelayKind, Floats, Observable, Session, Windows, session

NAME = "starlink_road"
_PING = ("packet_loss", "packets_send", "ping_avg", "ping_worst", "ping_best", "ping_stddev")
_IPERF = ("download", "upload")
MOVING_KMH = 1.0
"""Above it a window counts as on the move."""


def sniff(head: bytes) -> bool:
    heading = next(first_lines(head, 1), "")
    return heading.startswith("timestamp_start,timestamp_end,") and (
        "packet_loss" in heading or "download" in heading
    )


def read(data: bytes, name: str) -> list[Session]:
    """A session per day, and per moving or standing; of throughput, per direction. TraceError."""
    text = decoded(data, name)
    windows = "packet_loss" in text.split("\n", 1)[0]
    wanted = ("timestamp_start", "average_speed", *(_PING if windows else _IPERF))
    columns = table(text, name, wanted)
    start = np.array([_epoch(cell, name) for cell in columns["timestamp_start"]])
    speed = numbers(columns["average_speed"], name, "average_speed", gaps=True)
    figures = {column: numbers(columns[column], name, column, gaps=True) for column in wanted[2:]}
    days = start // 86400
    found: list[Session] = []
    for day in np.unique(days):
        for moving in (False, True):
            chosen = (days == day) & ((speed > MOVING_KMH) == moving)
            if chosen.sum() < 2:
                continue
            date = datetime.fromtimestamp(float(day) * 86400, UTC).date().isoformat()
            label = f"{name}:{date}:{'moving' if moving else 'standing'}"
            part = {column: values[chosen] for column, values in figures.items()}
            if windows:
                found.append(_windows(label, start[chosen], part))
            else:
                found += _throughput(label, start[chosen], part)
    if not found:
        raise TraceError(f"{name}: no day has two windows.")
    return found


def _windows(name: str, start: Floats, part: dict[str, Floats]) -> Session:
    loss = part["packet_loss"] / 100
    if np.isnan(loss).any() or (loss < 0).any() or (loss > 1).any():
        raise TraceError(f"{name}: packet_loss is a percentage, 0 to 100, in every row.")
    bare = session(
        name,
        NAME,
        start,
        observable=[Observable.LOSS, Observable.DELAY],
        delay_kind=DelayKind.ROUND_TRIP,
        delay_s=part["ping_avg"] / 1e3,
    )
    windows = Windows(
        start_s=bare.time_s,
        span_s=25.0,
        sent=part["packets_send"],
        loss=loss,
        delay_mean_s=part["ping_avg"] / 1e3,
        delay_min_s=part["ping_best"] / 1e3,
        delay_max_s=part["ping_worst"] / 1e3,
        delay_std_s=part["ping_stddev"] / 1e3,
    )
    return replace(bare, windows=windows)


def _throughput(name: str, start: Floats, part: dict[str, Floats]) -> list[Session]:
    found = []
    for column, direction in (("download", "down"), ("upload", "up")):
        known = ~np.isnan(part[column])
        if known.sum() >= 2:
            found.append(
                session(
                    f"{name}:{direction}",
                    NAME,
                    start[known],
                    observable=[Observable.CAPACITY],
                    direction=direction,
                    capacity_bps=part[column][known],
                )
            )
    return found


def _epoch(cell: str, name: str) -> float:
    try:
        return datetime.fromisoformat(cell.strip()).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise TraceError(
            f"{name}: {cell[:40]!r} is no time; expected one like 2024-01-11 09:43:20."
        ) from error
