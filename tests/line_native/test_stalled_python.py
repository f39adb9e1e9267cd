"""The media thread needs nothing of Python: a second of held GIL is not heard."""

from __future__ import annotations

import time

import numpy as np
import pytest
from tests.line_native.two_engines import Pair, tone

pytestmark = pytest.mark.native


def hold_the_gil(seconds: float) -> None:
    """Big-integer multiplications: minutes of C code each that never lets the GIL go."""
    number = 7**60_000
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number * number


def test_ticks_and_audio_go_on_while_python_is_stalled(pair: Pair) -> None:
    ours, theirs = pair.connected()
    pair.client.engine.play(ours, 1, tone(2.0))
    pair.client.engine.finish(ours, 1)
    pair.until(lambda: len(pair.server.pcm(theirs)) > 10)
    hold_the_gil(1.0)
    pair.until(lambda: any(e[5] for e in pair.client.told(ours, "played")))
    pair.until(lambda: len(pair.server.pcm(theirs)) > 110)
    loud = np.abs(pair.server.pcm(theirs)).max(axis=1) > 4000
    assert loud.sum() >= 95
    for side in (pair.client, pair.server):
        stats = side.engine.stats()
        assert stats["tick_late_p99_ms"] < 10, stats
        assert stats["batches_dropped"] == 0
