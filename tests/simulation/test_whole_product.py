"""The whole product in virtual time: both ends of the line, a lossy network, the session.

A ten-minute call takes seconds and is the same twice: PCM at both ends, decisions, ledgers.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from long_call import held

from visavis.line import native_available

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

MINUTES = 10


def test_ten_minutes_the_same_twice() -> None:
    # Each in a process of its own: at once, and with nothing in common that could make them alike.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        calls = [pool.submit(held, MINUTES * 60.0, 11) for _ in range(2)]
        first, second = (running.result() for running in calls)
    assert first.events == second.events
    assert first.ledgers == second.ledgers
    assert first.digest == second.digest
    assert first.frames > MINUTES * 60 * 50 * 0.98
    turns = {ledger["turn"] for ledger in first.ledgers}
    assert len(turns) > 60
    assert any(ledger["interrupted"] for ledger in first.ledgers)


def test_another_seed_is_another_call() -> None:
    assert held(20, 1).digest != held(20, 2).digest
