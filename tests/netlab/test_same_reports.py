"""Reports made of packet times alone are those that the native line makes of the same packets."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import fields
from types import ModuleType

import pytest
from tests.line_native.two_engines import tone

from visavis.line.frames import event_of
from visavis.netlab.meter import Meter
from visavis.seam import LinkReport

pytestmark = pytest.mark.native
CLIENT, SERVER = "10.0.0.1:5000", "10.0.0.2:6000"
SECONDS = 16.0
UP_S = 1.2
"""By then the call is up; until then the network is good."""
Fate = Callable[[float], float | None]
"""Of a packet by when it is sent: seconds on its way, None if it is lost."""
SAME = ("quiet_ms", "jitter_ms", "received", "lost", "late", "reordered", "loss_runs",
        "longest_loss", "queue_ms", "gradient")  # fmt: skip


@pytest.fixture(scope="module")
def native() -> ModuleType:
    return pytest.importorskip("visavis_line", reason="the native module is not installed")


def both(native: ModuleType, fate: Fate) -> tuple[list[LinkReport], list[LinkReport]]:
    """What the server's line tells of the way up, and what the meter does."""
    client = native.Stepped(seed=1, address=CLIENT, playout=True)
    server = native.Stepped(seed=2, address=SERVER)
    call, offer = client.offer()
    _, answer = server.accept(offer)
    client.answer(call, answer)
    meter, coming, stream = Meter(), list[tuple[float, int, bytes]](), None
    told, metered = [], []
    for tick in range(1, int(SECONDS * 50)):
        now = tick * 0.02
        for number, (_, packet) in enumerate(client.packets()):
            # As a socket would: within the tick, one after the other.
            sent = now - 0.02 + number * 1e-5
            travel = 0.03 if sent < UP_S else fate(sent)
            arrival = None if travel is None else sent + travel
            rtp = packet[0] >> 6 == 2 and not 64 <= packet[1] & 0x7F < 96
            if rtp:
                stream = stream or packet[8:12]
            if rtp and packet[8:12] == stream:
                meter.speech(int.from_bytes(packet[4:8], "big") / 48_000, arrival)
            elif arrival is not None:
                meter.other(arrival)
            if arrival is not None:
                heapq.heappush(coming, (arrival, tick * 1000 + number, packet))
        while coming and coming[0][0] <= now:
            arrival, _, packet = heapq.heappop(coming)
            server.receive(arrival, CLIENT, packet)
        for _, packet in server.packets():
            client.receive(now, SERVER, packet)
        if tick == 60:
            client.play(call, 1, tone(SECONDS))
        client.step(now)
        for event in server.step(now).events:
            report = event_of(event, now)
            if isinstance(report, LinkReport):
                told.append(report)
                metered.append(meter.report(now))
    return told, metered


def good(sent: float) -> float | None:
    return 0.03


def shaken(sent: float) -> float | None:
    """Delays of all kinds, overtaking, losses alone and in bursts, a longer way after 8 s."""
    draw = random.Random(round(sent * 1e5))
    if draw.random() < 0.1 or 3.0 < sent < 3.3 or 5.0 < sent < 7.0:
        return None
    return 0.02 + draw.expovariate(30) + (0.08 if sent > 8 else 0.0)


def queue(sent: float) -> float | None:
    """Half a second builds up and drains."""
    return 0.02 + max(0.0, 0.5 - abs(sent - 8.0) / 4)


@pytest.mark.parametrize("fate", [good, shaken, queue])
def test_the_meter_tells_what_the_line_tells(native: ModuleType, fate: Fate) -> None:
    told, metered = both(native, fate)
    assert len(told) > 100
    assert sum(report.received for report in told) > 500
    for line, ours in zip(told[1:], metered[1:], strict=True):
        for name in SAME:
            expected = getattr(line, name)
            assert getattr(ours, name) == pytest.approx(expected, abs=1e-3), (name, line, ours)
    assert {field.name for field in fields(LinkReport)} >= set(SAME)
