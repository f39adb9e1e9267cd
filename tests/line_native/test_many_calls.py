"""Calls leave nothing behind."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest
from tests.line_native.two_engines import Pair

pytestmark = pytest.mark.native


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if "VmRSS" in line))


def left() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    counts = [len(list(Path("/proc/self", of).iterdir())) for of in ("fd", "task")]
    return counts[0], counts[1]


def test_200_short_calls_leave_no_memory_thread_or_descriptor(pair: Pair) -> None:
    def one() -> None:
        ours, theirs = pair.connected()
        pair.client.engine.send(ours, "hello")
        pair.until(lambda: bool(pair.server.told(theirs, "text")))
        pair.client.engine.close(ours)
        pair.until(lambda: bool(pair.server.told(theirs, "closed")))
        for side in (pair.client, pair.server):
            side.events.clear()
            side.batches.clear()

    for _ in range(50):
        one()
    gc.collect()
    before, memory, threads = left(), resident_kb(), threading.active_count()
    for _ in range(150):
        one()
    gc.collect()
    assert left() == before
    assert (resident_kb() - memory) / 150 < 10
    assert pair.server.engine.stats()["calls"] == 0
    assert threading.active_count() <= threads
