"""Whole calls in virtual time: quick, and the same twice."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import numpy as np
import pytest
from tests.line.fakes import Sink

from visavis.clock import run_virtual
from visavis.line import FrameIn, LinkNetwork, SteppedLink, native_available
from visavis.seam import AudioIn, CallLimits, Closed, Connected, Mark, Text

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]


def of(sink: Sink, kind: type) -> list[Any]:
    return [e for e in sink.events if isinstance(e, kind)]


def speech(seconds: float, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 3000, int(seconds * 24_000)).astype(np.int16)


class Outcome:
    """Kept out of the loop's sight: asyncio may print a task's result, and this is long."""

    here: Sink
    there: Sink
    frames: list[FrameIn]


def held(seconds: float, *, seed: int, net: LinkNetwork) -> tuple[Sink, Sink, list[FrameIn]]:
    outcome = Outcome()

    async def run() -> None:
        outcome.here, outcome.there, outcome.frames = await call(seconds, seed=seed, net=net)

    run_virtual(run())
    return outcome.here, outcome.there, outcome.frames


async def call(seconds: float, *, seed: int, net: LinkNetwork) -> tuple[Sink, Sink, list[FrameIn]]:
    link = SteppedLink(seed=seed, up=net, down=net)
    here, there, frames = Sink(), Sink(), list[FrameIn]()
    port, offer = link.client.offer(lambda _: here)
    port.on_frame = frames.append
    answered, answer = link.server.accept(offer, lambda _: there)
    port.set_answer(answer)
    rng = np.random.default_rng(seed)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    port.send("from the client")
    while loop.time() < end:
        port.play(1, speech(1.0, rng))
        answered.play(1, speech(1.0, rng))
        await asyncio.sleep(1.0)
    port.close()
    await asyncio.sleep(1.0)
    await link.aclose()
    return here, there, frames


def digest(sink: Sink, frames: list[FrameIn]) -> str:
    made = hashlib.sha256()
    for event in sink.events:
        if isinstance(event, AudioIn):
            made.update(f"{event.position} {event.mark} {event.at:.6f}".encode())
            made.update(event.pcm.tobytes())
        else:
            made.update(repr(event).encode())
    for frame in frames:
        made.update(f"{frame.position} {frame.mark} {frame.rtp}".encode() + frame.pcm.tobytes())
    return made.hexdigest()


def test_a_call_in_virtual_time() -> None:
    here, there, frames = held(10.0, seed=1, net=LinkNetwork())
    assert of(here, Connected)
    assert of(there, Connected)
    assert of(there, Text)[0].data == "from the client"
    marks = [e.mark for e in of(there, AudioIn)]
    assert marks.count(Mark.RECEIVED) > 400
    assert Mark.CONCEALED not in marks[50:400]
    assert len([f for f in frames if f.mark is Mark.RECEIVED]) > 400
    assert of(there, Closed)[0].reason == "hangup"
    assert of(here, Closed)[0].reason == "local"


def test_the_same_seed_gives_the_same_call() -> None:
    net = LinkNetwork(delay_s=0.04, jitter_s=0.03, loss=0.05)
    first, second, other = (
        digest(there, frames)
        for _, there, frames in (held(8.0, seed=seed, net=net) for seed in (7, 7, 8))
    )
    assert first == second
    assert first != other


def test_loss_is_marked() -> None:
    _, there, _ = held(10.0, seed=3, net=LinkNetwork(loss=0.1))
    marks = [e.mark for e in of(there, AudioIn)]
    assert marks.count(Mark.RECOVERED) + marks.count(Mark.CONCEALED) > 10


def test_a_client_that_vanishes_is_a_timeout() -> None:
    async def run() -> None:
        link = SteppedLink(limits=CallLimits(silence_timeout_s=5.0))
        there = Sink()
        port, offer = link.client.offer(lambda _: Sink())
        _, answer = link.server.accept(offer, lambda _: there)
        port.set_answer(answer)
        await asyncio.sleep(3.0)
        assert of(there, Connected)
        link.change(up=LinkNetwork(loss=1.0))
        began = asyncio.get_running_loop().time()
        while not of(there, Closed):  # noqa: ASYNC110  # virtual time
            await asyncio.sleep(0.1)
        assert of(there, Closed)[0].reason == "timeout"
        assert asyncio.get_running_loop().time() - began < 8.0
        assert len(link.server) == 0
        await link.aclose()

    run_virtual(run())


@pytest.mark.slow
def test_ten_minutes_take_seconds() -> None:
    before = time.perf_counter()
    _, there, _ = held(600.0, seed=5, net=LinkNetwork(jitter_s=0.01, loss=0.01))
    assert len(of(there, AudioIn)) > 29_000
    assert time.perf_counter() - before < 120
