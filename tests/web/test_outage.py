"""A real Chromium, the real line, and a link between them that goes away: what the microphone took
up meanwhile is sent again, out of the page's worker."""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tests.web.mock_server import MockServer
from tests.web.pages import call, state

from visavis.line import LineEngine, LinePort, native_available
from visavis.seam import AudioIn, CallLimits, CallSink, Mark, NetworkSettings, UpEvent

pytestmark = [
    pytest.mark.browser,
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

OLD_WAY = "delete window.RTCRtpScriptTransform;"
NO_WAY = f"{OLD_WAY} delete RTCRtpSender.prototype.createEncodedStreams;"


class Relay(asyncio.DatagramProtocol):
    """One browser's datagrams to the server and back, unless the link is out."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.browser: tuple[str, int] | None = None
        self.out = False

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr != self.server:
            self.browser = addr
        to = self.browser if addr == self.server else self.server
        if to is not None and not self.out:
            self.transport.sendto(data, to)


class Ear(CallSink):
    def __init__(self) -> None:
        self.frames: list[AudioIn] = []

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, AudioIn):
            self.frames.append(event)


class FarEnd:
    """The line with a relay before it, on a loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.ear = Ear()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.relay = self._run(self._open())

    def _run(self, what):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(20)

    async def _open(self) -> Relay:
        self.engine = LineEngine(NetworkSettings(), CallLimits())
        host, port = self.engine.addresses[0].rsplit(":", 1)
        _, relay = await self.loop.create_datagram_endpoint(
            lambda: Relay((host, int(port))), local_addr=("127.0.0.1", 0)
        )
        return relay

    def answer(self, offer: str) -> str:
        """With the relay as the only way, in both directions."""
        offer = re.sub(r"a=candidate:.*\r\n", "", offer)

        async def accept() -> str:
            def sink(port: LinePort) -> Ear:
                return self.ear

            return self.engine.accept(offer, sink)[1]

        relay = self.relay.transport.get_extra_info("sockname")[1]
        answer = self._run(accept())
        return re.sub(
            rf"(a=candidate:\S+ 1 \S+ \S+ \S+) {self.relay.server[1]} ", rf"\1 {relay} ", answer
        )

    async def _close(self) -> None:
        self.relay.transport.close()
        await self.engine.aclose()
        await asyncio.sleep(0.05)

    def close(self) -> None:
        self._run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@pytest.fixture
def far() -> Iterator[FarEnd]:
    end = FarEnd()
    yield end
    end.close()


def behind(frame: AudioIn) -> float:
    """Seconds from a frame's place in the stream to when it was handed up, and a constant."""
    return frame.at - frame.position / 16_000


def caught_up(frames: list[AudioIn], since: float) -> bool:
    """Whether the newest frame was heard after `since`, and about as soon as the soonest."""
    newest, whole = frames[-1], heard(frames)
    on_time = behind(newest) - min(map(behind, whole)) < 0.1
    return newest is whole[-1] and newest.at > since and on_time


def until(far: FarEnd, condition: Callable[[list[AudioIn]], bool], seconds: float) -> None:
    """At most so long; what was asked for shows in the frames."""
    end = time.monotonic() + seconds
    while not condition(list(far.ear.frames)) and time.monotonic() < end:
        time.sleep(0.05)


def talk(page, server: MockServer, far: FarEnd, outage_s: float) -> list[AudioIn]:
    """A call with an outage; the frames that were handed up until a little after it."""
    server.webrtc = True

    def signal(route) -> None:
        answer = far.answer(route.request.post_data)
        route.fulfill(status=201, headers={"Location": "/calls/1"}, body=answer)

    page.route("**/v1/realtime/calls", signal)
    call(page, server)
    assert state(page)["transport"] == "webrtc"
    until(far, lambda frames: len(heard(frames)) > 75, 5.0)
    far.relay.out = True
    time.sleep(outage_s)
    far.relay.out = False
    over = time.monotonic()
    until(far, lambda frames: caught_up(frames, over), 5.0)
    time.sleep(0.3)
    return list(far.ear.frames)


def heard(frames: list[AudioIn]) -> list[AudioIn]:
    return [f for f in frames if f.mark in (Mark.RECEIVED, Mark.RECOVERED)]


@pytest.mark.parametrize("way", ["", OLD_WAY], ids=["script transform", "encoded streams"])
def test_nothing_said_in_an_outage_is_lost(page, server: MockServer, far: FarEnd, way: str) -> None:
    page.add_init_script(way)
    frames = talk(page, server, far, 3.0)
    whole = heard(frames)
    lost = [b for a, b in itertools.pairwise(whole) if b.position - a.position > 320]
    assert lost == []
    late = [behind(f) for f in whole]
    # What came late is the outage's speech, whoever resent it (Chromium answers NACKs as well).
    assert sum(seconds - min(late) > 0.2 for seconds in late) > 120
    # As far behind as before the outage.
    assert late[-1] - min(late) < 0.3


def test_a_browser_that_cannot_is_as_it_was(page, server: MockServer, far: FarEnd) -> None:
    page.add_init_script(NO_WAY)
    frames = talk(page, server, far, 2.0)
    assert not any(f.mark is Mark.AWAITED for f in frames)
    # How much of the outage Chromium's own answers to NACKs bring is up to Chromium.
    whole = heard(frames)
    assert len(whole) > 60
    assert frames[-1].at - whole[-1].at < 0.3
