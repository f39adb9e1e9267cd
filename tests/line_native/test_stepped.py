"""The same calls in virtual time: the same seed gives the same PCM, positions and events."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from tests.line_native.two_engines import tone

pytestmark = pytest.mark.native

CLIENT, SERVER = "10.0.0.1:5000", "10.0.0.2:6000"


def simulate(native: ModuleType, seed: int, lose_every: int) -> list[Any]:
    """Four seconds of a call; every n-th packet up is lost once it is connected."""
    client = native.Stepped(seed=seed, address=CLIENT, playout=True)
    server = native.Stepped(seed=seed + 1, address=SERVER)
    ours, offer = client.offer()
    theirs, answer = server.accept(offer)
    client.answer(ours, answer)
    seen: list[Any] = []
    sent = 0
    for tick in range(1, 300):
        now = tick * 0.02
        for _, packet in client.packets():
            sent += 1
            if tick < 60 or sent % lose_every:
                server.receive(now, CLIENT, packet)
        for _, packet in server.packets():
            client.receive(now, SERVER, packet)
        if tick == 60:
            client.play(ours, 1, tone(3.0))
            client.finish(ours, 1)
            client.send(ours, "hello")
            server.play(theirs, 1, tone(1.0))
            server.finish(theirs, 1)
        for batch in (client.step(now), server.step(now)):
            seen.append(
                (batch.now, batch.calls, batch.positions, batch.rtp, batch.marks, batch.pcm)
            )
            seen.append([e for e in batch.events if e[1] != "report"])
    assert any(e for e in seen if e == [(theirs, "text", "hello")])
    return seen


def test_same_seed_same_call(native: ModuleType) -> None:
    assert simulate(native, 3, 7) == simulate(native, 3, 7)


def test_a_step_off_the_grid_is_refused(native: ModuleType) -> None:
    stepped = native.Stepped(seed=1)
    stepped.step(0.02)
    with pytest.raises(native.LineError, match="multiple of 20 ms"):
        stepped.step(0.03)
