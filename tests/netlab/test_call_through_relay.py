"""A WebRTC call on real sockets whose every packet passes the relay."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from visavis.line import LineEngine, LinePort, native_available
from visavis.netlab.library import find
from visavis.netlab.relay import Relay
from visavis.netlab.signalling import hide_client, lead_to
from visavis.seam import (
    RATE_IN,
    RATE_OUT,
    AudioIn,
    CallLimits,
    CallSink,
    Connected,
    Mark,
    NetworkSettings,
    UpEvent,
)

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]


class Sink(CallSink):
    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.frames = 0

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, Connected):
            self.connected.set()
        if isinstance(event, AudioIn) and event.mark == Mark.RECEIVED:
            self.frames += 1


async def call(relay_of: list[Relay]) -> tuple[Sink, Sink]:
    server = LineEngine(NetworkSettings(host="127.0.0.1"), CallLimits(), receive_rate=RATE_IN)
    client = LineEngine(
        NetworkSettings(host="127.0.0.1"), CallLimits(), receive_rate=RATE_OUT, playout=True
    )
    caller, callee = Sink(), Sink()
    port, offer = client.offer(lambda _: caller)

    def answer_it(_: LinePort) -> Sink:
        return callee

    _, answer = server.accept(hide_client(offer), answer_it)
    place = next(line.split() for line in answer.splitlines() if line.startswith("a=candidate:"))
    scenario, folder = find("clean")
    relay = Relay(
        scenario, listen=("127.0.0.1", 0), to=(place[4], int(place[5])), seed=1, folder=folder
    )
    relay_of.append(relay)
    thread = threading.Thread(target=relay.run)
    thread.start()
    try:
        port.set_answer(lead_to(relay.address, answer))
        async with asyncio.timeout(5):
            await caller.connected.wait()
            await callee.connected.wait()
        t = np.arange(RATE_OUT) / RATE_OUT
        port.play(1, (8000 * np.sin(2 * np.pi * 300 * t)).astype(np.int16))
        await asyncio.sleep(1.2)
    finally:
        relay.stop()
        await asyncio.to_thread(thread.join)
        relay.close()
        await client.aclose()
        await server.aclose()
    return caller, callee


def test_all_of_it_passes_the_relay() -> None:
    relays: list[Relay] = []
    _, callee = asyncio.run(call(relays))
    report = relays[0].report()
    assert callee.frames >= 45
    assert report["clients"][0]["up"]["packets"] >= 50
    assert report["clients"][0]["down"]["packets"] >= 5
    assert report["clients"][0]["up"]["delay_p50_ms"] == 20
