"""Two engines of one process call each other over 127.0.0.1."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.line.fakes import Sink

from visavis.errors import SettingsError, SignallingError
from visavis.line import FrameIn, LineEngine, native_available
from visavis.seam import AudioIn, CallLimits, Closed, Connected, Mark, NetworkSettings, Played, Text

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]


async def eventually(check: Callable[[], bool], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not check():  # noqa: ASYNC110  # the native line has no event to wait for
            await asyncio.sleep(0.01)


def of(sink: Sink, kind: type) -> list:
    return [e for e in sink.events if isinstance(e, kind)]


def held() -> list[int]:
    """Threads and descriptors of this process."""
    return [len(list(Path(p).iterdir())) for p in ("/proc/self/task", "/proc/self/fd")]


def tone(seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * 24_000)) / 24_000
    return (8000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)


def test_a_call_both_ways() -> None:
    async def run() -> None:
        server = LineEngine(NetworkSettings(), CallLimits())
        client = LineEngine(NetworkSettings(), CallLimits(), receive_rate=24_000, playout=True)
        here, there, frames = Sink(), Sink(), list[FrameIn]()
        port, offer = client.offer(lambda _: here)
        port.on_frame = frames.append
        answered, answer = server.accept(offer, lambda _: there)
        port.set_answer(answer)
        await eventually(lambda: bool(of(here, Connected) and of(there, Connected)))
        port.send('{"type": "hello"}')
        answered.send('{"type": "welcome"}')
        await eventually(lambda: bool(of(here, Text) and of(there, Text)))
        assert of(there, Text)[0].data == '{"type": "hello"}'

        answered.play(1, tone(0.6))
        answered.finish(1)
        port.play(1, tone(0.6))
        port.finish(1)
        await eventually(lambda: any(p.done for p in of(there, Played)))
        await eventually(lambda: len([f for f in frames if f.mark is Mark.RECEIVED]) >= 25)
        heard = np.concatenate([f.pcm for f in frames if f.mark is Mark.RECEIVED])
        assert np.abs(heard).max() > 4000
        assert {f.pcm.shape for f in frames} == {(480,)}
        spoken = [f for f in of(there, AudioIn) if f.mark is Mark.RECEIVED]
        assert len(spoken) >= 25
        assert all(f.pcm.shape == (320,) for f in spoken)
        positions = [f.position for f in of(there, AudioIn)]
        assert positions == list(range(positions[0], positions[-1] + 1, 320))

        answered.heard(frames[-1].rtp)
        assert of(there, Played)
        assert server.stats()["calls"] == 1
        port.close()
        await eventually(lambda: bool(of(here, Closed) and of(there, Closed)))
        await server.aclose()
        await client.aclose()
        await client.aclose()

    asyncio.run(run())


def test_an_engine_leaves_no_thread_and_no_descriptor() -> None:
    async def run() -> None:
        before = held()
        sink = Sink()
        for _ in range(3):
            engine = LineEngine(NetworkSettings(), CallLimits())
            engine.offer(lambda _: sink)
            await engine.aclose()
        del engine
        assert held() == before
        assert [type(e) for e in sink.events] == [Closed] * 3

    asyncio.run(run())


@pytest.mark.parametrize(
    "offer", ["", "v=0", "nonsense", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n"]
)
def test_offers_that_are_none(offer: str) -> None:
    async def run() -> None:
        engine = LineEngine(NetworkSettings(), CallLimits())
        with pytest.raises(SignallingError) as caught:
            engine.accept(offer, lambda _: Sink())
        assert len(str(caught.value)) > 10
        assert len(engine) == 0
        await engine.aclose()

    asyncio.run(run())


def test_a_truncated_offer_is_refused_and_other_calls_go_on() -> None:
    async def run() -> None:
        engine = LineEngine(NetworkSettings(), CallLimits())
        client = LineEngine(NetworkSettings(), CallLimits())
        here, there = Sink(), Sink()
        port, offer = client.offer(lambda _: here)
        for length in range(0, len(offer) - 1, 97):
            try:
                extra, _ = engine.accept(offer[:length], lambda _: Sink())
                extra.close()
            except SignallingError:
                continue
        _, answer = engine.accept(offer, lambda _: there)
        port.set_answer(answer)
        await eventually(lambda: bool(of(here, Connected)))
        await engine.aclose()
        await client.aclose()

    asyncio.run(run())


def test_an_address_that_is_not_ours_is_explained() -> None:
    async def run() -> None:
        with pytest.raises(SettingsError, match=r"192\.0\.2\.1"):
            LineEngine(NetworkSettings(host="192.0.2.1"), CallLimits())

    asyncio.run(run())
