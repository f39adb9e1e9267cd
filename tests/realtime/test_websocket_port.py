"""A WebSocket call in virtual time."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from visavis.clock import run_virtual
from visavis.realtime import WebSocketPort
from visavis.seam import (
    AudioIn,
    CallLimits,
    Closed,
    Connected,
    Mark,
    Pcm,
    Played,
    SendPlan,
    UpEvent,
)


@dataclass
class Ends:
    """Both neighbours of the port."""

    events: list[UpEvent] = field(default_factory=list)
    audio: list[tuple[int, Pcm]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    cleared: list[int | None] = field(default_factory=list)
    fail_on: type | None = None

    def on_event(self, event: UpEvent) -> None:
        if self.fail_on is not None and isinstance(event, self.fail_on):
            raise RuntimeError("a broken handler")
        self.events.append(event)

    def reply_audio(self, reply: int, pcm: Pcm) -> None:
        self.audio.append((reply, pcm))

    def reply_audio_end(self, reply: int) -> None:
        self.ended.append(reply)

    def reply_cleared(self, reply: int | None) -> None:
        self.cleared.append(reply)

    def of(self, kind: type) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


def start(limits: CallLimits | None = None) -> tuple[WebSocketPort, Ends, list[str]]:
    sent: list[str] = []
    ends = Ends()
    port = WebSocketPort("call_1", limits or CallLimits(), sent.append)
    port.attach(ends, ends)
    port.start()
    return port, ends, sent


def silence(seconds: float) -> str:
    return b64encode(bytes(int(seconds * 24_000) * 2)).decode()


def test_ten_minutes_of_live_audio_stay_on_time() -> None:
    async def call() -> None:
        port, ends, _ = start()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for n in range(6000):
            await asyncio.sleep(began + (n + 1) * 0.1 - loop.time())
            port.append(silence(0.1))
        await asyncio.sleep(0.1)
        port.close()
        await asyncio.sleep(0)
        frames = ends.of(AudioIn)
        assert {f.mark for f in frames} == {Mark.RECEIVED}
        assert abs(len(frames) - 30_000) <= 1
        assert [f.position for f in frames] == [n * 320 for n in range(len(frames))]
        assert all(abs(f.at - began - (n + 1) * 0.02) < 0.13 for n, f in enumerate(frames))
        assert isinstance(ends.events[0], Connected)
        assert ends.events[-1] == Closed("local", loop.time())

    run_virtual(call())


def test_a_reply_is_sent_heard_and_done() -> None:
    async def call() -> None:
        port, ends, _ = start()
        port.play(1, np.ones(48_000, np.int16))
        assert ends.audio, "the first audio leaves at once"
        assert ends.of(Played) == [], "and nothing is said from inside play"
        port.finish(1)
        await asyncio.sleep(2.2)
        assert sum(len(pcm) for _, pcm in ends.audio) == 48_000
        assert ends.ended == [1]
        assert ends.of(Played)[-1].done
        port.set_plan(SendPlan())
        port.close()
        await asyncio.sleep(0)

    run_virtual(call())


def test_a_flush_tells_the_client_and_what_was_heard() -> None:
    async def call() -> None:
        port, ends, _ = start()
        port.play(7, np.ones(48_000, np.int16))
        await asyncio.sleep(1.0)
        port.playback(7, 900.0)
        port.flush()
        before = len(ends.audio)
        await asyncio.sleep(1.0)
        assert ends.cleared == [7]
        assert len(ends.audio) == before
        last = ends.of(Played)[-1]
        assert (last.reply, last.samples, last.exact) == (7, 21_600, True)
        port.close()
        await asyncio.sleep(0)

    run_virtual(call())


def test_commit_is_heard_as_silence_at_once() -> None:
    async def call() -> None:
        port, ends, _ = start()
        port.append(silence(0.2))
        port.commit()
        await asyncio.sleep(0.2)
        frames = ends.of(AudioIn)
        assert {f.mark for f in frames} == {Mark.RECEIVED}
        assert len(frames) >= 55
        port.close()
        await asyncio.sleep(0)

    run_virtual(call())


def test_a_closed_port_is_silent_and_leaves_no_timer() -> None:
    async def call() -> None:
        port, ends, sent = start()
        port.close("hangup")
        port.close()
        port.append(silence(1.0))
        port.play(1, np.ones(480, np.int16))
        port.finish(1)
        port.flush()
        port.send("{}")
        await asyncio.sleep(1.0)
        assert [type(e) for e in ends.events] == [Connected, Closed]
        assert ends.of(Closed)[0].reason == "hangup"
        assert sent == ends.audio == []

    run_virtual(call())


def test_a_call_ends_at_its_longest_duration() -> None:
    async def call() -> None:
        _, ends, _ = start(CallLimits(max_call_s=5.0))
        await asyncio.sleep(6.0)
        assert "longest duration" in ends.of(Closed)[0].reason

    run_virtual(call())


def test_a_handler_that_fails_ends_its_call() -> None:
    async def call() -> None:
        port, ends, _ = start()
        ends.fail_on = AudioIn
        port.append(silence(0.1))
        await asyncio.sleep(0.1)
        assert ends.of(Closed)[0].reason.startswith("error")

    run_virtual(call())
