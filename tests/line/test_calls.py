"""The table of calls: who gets what, and that one broken call harms no other."""

from __future__ import annotations

import numpy as np
import pytest
from tests.line.fakes import Batch, FakeNative, Sink, batch_of

from visavis.errors import BusyError, CallEnded, SignallingError
from visavis.line import FrameIn, LineCalls, LinePort
from visavis.seam import (
    AudioIn,
    CallLimits,
    Closed,
    Connected,
    LinkReport,
    Mark,
    Played,
    SendPlan,
    Text,
)


def table(native: FakeNative, rate: int = 16_000) -> LineCalls:
    return LineCalls(native, CallLimits(), rate)


def row(call: int, value: int = 7, n: int = 320) -> tuple:
    return (call, 640, 48_000, float("nan"), Mark.RECOVERED, np.full(n, value, np.int16))


def test_each_call_gets_its_own_frames_and_events_in_order() -> None:
    native, sinks = FakeNative(), [Sink(), Sink()]
    calls = table(native)
    for sink in sinks:
        calls.accept("v=0", lambda _, s=sink: s)
    batch = batch_of([row(1, 10), row(2, 20), row(99, 30)], now=5.0)
    batch.events = [
        (1, "connected"),
        (2, "text", "{}"),
        (1, "played", 3, 480, True, False),
        (2, "report", {"rtt_ms": 12.5, "lost": 1}),
        (99, "connected"),
    ]
    calls.dispatch(batch)
    first, second = sinks[0].events, sinks[1].events
    assert isinstance(first[0], AudioIn)
    assert (first[0].position, first[0].mark, first[0].at) == (640, Mark.RECOVERED, 5.0)
    assert first[0].pcm.tolist() == [10] * 320
    assert first[1:] == [Connected(5.0), Played(3, 480, 5.0, True, False)]
    assert second[1:] == [Text("{}", 5.0), LinkReport(5.0, rtt_ms=12.5, lost=1)]


def test_a_frame_outlives_its_batch() -> None:
    calls, sink = table(FakeNative()), Sink()
    calls.accept("v=0", lambda _: sink)
    batch = batch_of([row(1)])
    calls.dispatch(batch)
    (frame,) = sink.events
    assert isinstance(frame, AudioIn)
    assert frame.pcm.flags.owndata
    assert frame.pcm.flags.writeable


def test_a_client_takes_frames_at_its_own_rate() -> None:
    calls, sink, frames = table(FakeNative(), 24_000), Sink(), []

    def make(port: LinePort) -> Sink:
        port.on_frame = frames.append
        return sink

    port, offer = calls.offer(make)
    assert offer == "offer"
    port.set_answer("v=0")
    batch = batch_of([(1, 480, 99, 1_700_000_000.5, Mark.RECEIVED, np.ones(480, np.int16))])
    calls.dispatch(batch)
    (frame,) = frames
    assert isinstance(frame, FrameIn)
    assert (frame.position, frame.rtp, frame.captured) == (480, 99, 1_700_000_000.5)
    assert frame.pcm.shape == (480,)
    assert sink.events == []


@pytest.mark.parametrize(("code", "kind"), [("busy", BusyError), ("invalid_sdp", SignallingError)])
def test_native_errors_become_ours(code: str, kind: type[Exception]) -> None:
    calls = table(FakeNative(error=(code, "line 3: no ice-ufrag")))
    with pytest.raises(kind, match="line 3: no ice-ufrag"):
        calls.accept("v=0", lambda _: Sink())


def test_a_sink_that_raises_loses_its_own_call_only() -> None:
    native, bad, good = FakeNative(), Sink(fail=True), Sink()
    calls = table(native)
    bad_port, _ = calls.accept("v=0", lambda _: bad)
    calls.accept("v=0", lambda _: good)
    calls.dispatch(Batch(events=[(1, "connected"), (2, "connected")]))
    assert native.log == [("close", 1)]
    assert good.events == [Connected(1.0)]
    bad.fail = False
    calls.dispatch(Batch(events=[(1, "closed", "local")]))
    assert bad.events == [Closed("error: the call's handler failed", 1.0)]
    assert bad_port.closed
    assert len(calls) == 1


def test_a_call_that_cannot_be_handled_is_not_kept() -> None:
    native = FakeNative()
    calls = table(native)

    def refuse(_: LinePort) -> Sink:
        raise BusyError("full")

    with pytest.raises(BusyError):
        calls.accept("v=0", refuse)
    assert native.log == [("close", 1)]
    assert len(calls) == 0


def test_a_closed_port_does_nothing() -> None:
    native, sink = FakeNative(), Sink()
    calls = table(native)
    port, _ = calls.accept("v=0", lambda _: sink)
    calls.dispatch(Batch(events=[(1, "closed", "timeout"), (1, "text", "late")]))
    port.play(1, np.ones(480, np.int16))
    port.finish(1)
    port.duck(0.1)
    port.flush()
    port.heard(5)
    port.send("{}")
    port.set_plan(SendPlan())
    port.close()
    assert native.log == []
    assert sink.events == [Closed("timeout", 1.0)]
    with pytest.raises(CallEnded):
        port.set_answer("v=0")


def test_a_port_passes_everything_down() -> None:
    native = FakeNative()
    port, _ = table(native).accept("v=0", lambda _: Sink())
    port.play(1, np.ones(2, np.int16))
    port.play(1, np.ones(0, np.int16))
    port.finish(1)
    port.duck(0.1)
    port.flush()
    port.heard((1 << 32) + 5)
    port.send("{}")
    assert native.log == [
        ("play", 1, 1, b"\x01\x00\x01\x00"),
        ("finish", 1, 1),
        ("duck", 1, 0.1, 0.02),
        ("flush", 1, 0.02),
        ("heard", 1, 5),
        ("send", 1, "{}"),
    ]


def test_the_end_of_the_line_ends_every_call() -> None:
    calls, sinks = table(FakeNative()), [Sink(), Sink()]
    for sink in sinks:
        calls.accept("v=0", lambda _, s=sink: s)
    calls.close_all(9.0)
    assert [s.events for s in sinks] == [[Closed("local", 9.0)]] * 2
    assert len(calls) == 0
