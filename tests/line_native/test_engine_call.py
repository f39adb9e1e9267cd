"""A call between two engines on loopback: quick to connect, speech and text both ways."""

from __future__ import annotations

import time
from types import ModuleType

import numpy as np
import pytest
from tests.line_native.two_engines import Pair, tone

pytestmark = pytest.mark.native


def test_connects_within_300_ms(pair: Pair) -> None:
    began = time.monotonic()
    pair.connected()
    assert time.monotonic() - began < 0.3


def test_speech_and_text_cross_both_ways(pair: Pair) -> None:
    ours, theirs = pair.connected()
    pair.client.engine.send(ours, "up")
    pair.server.engine.send(theirs, "down")
    for side, call in ((pair.client, ours), (pair.server, theirs)):
        side.engine.play(call, 1, tone(1.0))
        side.engine.finish(call, 1)
    ends = ((pair.client, ours), (pair.server, theirs))
    pair.until(lambda: all(any(e[5] for e in s.told(c, "played")) for s, c in ends))
    assert pair.server.told(theirs, "text") == [(theirs, "text", "up")]
    assert pair.client.told(ours, "text") == [(ours, "text", "down")]
    for side, call in ends:
        loud = np.abs(side.pcm(call)).max(axis=1) > 4000
        assert loud.sum() >= 40
        assert side.told(call, "played")[-1] == (call, "played", 1, 24_000, False, True)


def test_times_are_those_of_the_monotonic_clock(pair: Pair) -> None:
    pair.connected()
    assert all(abs(b.now - time.monotonic()) < 2 for b in pair.server.batches)


def test_hanging_up_is_local_here_and_a_hangup_there(pair: Pair) -> None:
    ours, theirs = pair.connected()
    pair.client.engine.close(ours)
    ends = ((pair.client, ours), (pair.server, theirs))
    pair.until(lambda: all(side.told(call, "closed") for side, call in ends))
    assert pair.server.told(theirs, "closed") == [(theirs, "closed", "hangup")]
    assert pair.client.told(ours, "closed") == [(ours, "closed", "local")]


def test_five_calls_at_once_are_told_apart(pair: Pair) -> None:
    calls = [pair.call() for _ in range(5)]
    for ours, _ in calls:
        pair.client.engine.send(ours, f"I am {ours}")
    pair.until(lambda: all(pair.server.told(theirs, "text") for _, theirs in calls))
    for ours, theirs in calls:
        assert pair.server.told(theirs, "text") == [(theirs, "text", f"I am {ours}")]


def test_queue_full_and_what_fits_is_kept(pair: Pair, native: ModuleType) -> None:
    _, theirs = pair.connected()
    pair.server.engine.play(theirs, 1, tone(59.0))
    with pytest.raises(native.LineError) as full:
        pair.server.engine.play(theirs, 1, tone(5.0))
    assert full.value.args[0] == "queue_full"
    pair.server.engine.flush(theirs, 0.0)
    time.sleep(0.1)  # the engine's own thread works through it
    pair.server.engine.play(theirs, 2, tone(30.0))


def test_what_a_refused_call_is_told(pair: Pair, native: ModuleType) -> None:
    error = native.LineError
    for offer, word in (("", "empty"), ("hello", "line 1"), ("v=0\r\ns=-", "no audio")):
        with pytest.raises(error) as refused:
            pair.server.engine.accept(offer)
        code, sentence = refused.value.args
        assert code == "invalid_sdp" and word in sentence


def test_after_shutdown_every_method_is_harmless(native: ModuleType) -> None:
    engine = native.Engine()
    engine.shutdown()
    engine.shutdown()
    engine.play(1, 1, b"\0\0")
    engine.close(1)
    assert engine.poll() == []
    with pytest.raises(native.LineError):
        engine.accept("v=0")


def test_a_port_in_use_is_an_os_error(native: ModuleType) -> None:
    engine = native.Engine()
    port = int(engine.addresses[0].rsplit(":", 1)[1])
    with pytest.raises(OSError):
        native.Engine(udp_ports=(port, port))
    engine.shutdown()
