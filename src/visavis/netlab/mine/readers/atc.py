"""Profiles of Facebook's Augmented Traffic Control: one rate, delay and loss per direction.

A profile is a recipe, not a measurement: it gives two rows a direction, ten seconds apart, and only
what it says is observable. Its rate is kbit/s, its delay one-way ms, its loss a percentage.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.readers.jsons import child, number, parsed
from visavis.netlab.mine.session import Observable, Session, Windows, session

NAME = "atc"
SPAN_S = 10.0


def sniff(head: bytes) -> bool:
    text = head.lstrip()
    return text.startswith(b"{") and b'"content"' in text and b'"iptables_options"' in text


def read(data: bytes, name: str) -> list[Session]:
    """A session per direction. TraceError."""
    content = child(parsed(data, name), "content", name)
    return [_direction(child(content, way, name), f"{name}:{way}", way) for way in ("down", "up")]


def _direction(profile: dict[str, object], name: str, way: str) -> Session:
    rate = number(profile.get("rate") or 0, name, "rate") * 1e3
    delay = number(child(profile, "delay", name).get("delay", 0), name, "delay") / 1e3
    jitter = number(child(profile, "delay", name).get("jitter", 0), name, "jitter") / 1e3
    loss = number(child(profile, "loss", name).get("percentage", 0), name, "loss") / 100
    if not 0 <= loss <= 1 or rate < 0 or jitter < 0:
        raise TraceError(f"{name}: loss is a percentage, and rate and jitter are at least 0.")
    both = np.full(2, 1.0)
    bare = session(
        name,
        NAME,
        [0.0, SPAN_S],
        observable=[
            Observable.LOSS,
            Observable.DELAY,
            *([Observable.CAPACITY] if rate else []),
        ],
        direction=way,
        delay_s=both * delay,
        capacity_bps=both * (rate or np.nan),
    )
    windows = Windows(
        start_s=bare.time_s,
        span_s=SPAN_S,
        sent=both * SPAN_S * 50,
        loss=both * loss,
        delay_mean_s=both * delay,
        delay_min_s=both * max(0.0, delay - jitter),
        delay_max_s=both * (delay + jitter),
        delay_std_s=both * jitter,
    )
    return replace(bare, windows=windows)
