"""Pacing: never much ahead, never late, and what is heard is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.realtime.downlink import LATENCY_S, LEAD_S, Downlink
from visavis.seam import Pcm, Played


def speech(seconds: float, value: int = 1000) -> Pcm:
    return np.full(int(seconds * 24_000), value, np.int16)


def run(down: Downlink, start: float, end: float) -> tuple[list[tuple[float, int]], list[Played]]:
    sent, played = [], []
    for tick in range(round(start / 0.02), round(end / 0.02)):
        now = tick * 0.02
        sent += [(now, len(o.pcm)) for o in down.take(now) if not o.last]
        played += down.played(now)
    return sent, played


def test_audio_leaves_at_once_then_at_its_own_pace() -> None:
    down = Downlink(60)
    down.play(1, speech(3.0))
    down.finish(1)
    sent, played = run(down, 0.0, 4.0)
    assert sum(n for _, n in sent) == 72_000
    for at, _ in sent:
        so_far = sum(n for t, n in sent if t <= at) / 24_000
        assert at <= so_far <= at + LEAD_S + LATENCY_S + 0.1
    assert [p.done for p in played].count(True) == 1
    assert played[-1] == Played(1, 72_000, played[-1].at, exact=False, done=True)
    assert played[-1].at == pytest.approx(3.0 + LATENCY_S, abs=0.03)
    assert [p.samples for p in played] == sorted(p.samples for p in played)
    assert not down.busy


def test_a_flush_takes_back_what_has_not_left() -> None:
    down = Downlink(60)
    down.play(1, speech(3.0))
    run(down, 0.0, 1.0)
    (heard,) = down.flush(1.0)
    assert heard.samples / 24_000 == pytest.approx(1.0 - LATENCY_S, abs=0.001)
    assert heard.done
    down.play(1, speech(0.1))
    down.finish(1)
    assert run(down, 1.0, 2.0) == ([], []), "a flushed reply is over"
    down.play(2, speech(0.1))
    sent, _ = run(down, 2.0, 2.1)
    assert sent[0][0] == 2.0


def test_what_the_client_reports_counts() -> None:
    down = Downlink(60)
    down.play(1, speech(1.0))
    down.finish(1)
    run(down, 0.0, 0.5)
    down.report(1, 2_400)
    down.report(1, 1_200)
    (news,) = down.played(0.5)
    assert (news.samples, news.exact) == (2_400, True)
    run(down, 0.5, 1.0)
    down.report(1, 10**9)
    assert down.played(1.0) == [Played(1, 24_000, 1.0, exact=True, done=True)]


def test_after_a_flush_the_clients_last_word_counts() -> None:
    down = Downlink(60)
    down.play(1, speech(3.0))
    run(down, 0.0, 1.0)
    down.report(1, 12_000)
    assert [(h.samples, h.done) for h in down.flush(1.0)] == [(12_000, False)]
    assert down.played(1.1) == []
    down.report(1, 13_200)
    assert down.played(1.1) == [Played(1, 13_200, 1.1, exact=True, done=True)]
    assert not down.busy


def test_after_a_flush_the_last_word_is_not_awaited_for_long() -> None:
    down = Downlink(60)
    down.play(1, speech(3.0))
    run(down, 0.0, 1.0)
    down.report(1, 12_000)
    down.flush(1.0)
    assert [(p.samples, p.done) for p in down.played(1.21)] == [(12_000, True)]


def test_a_client_that_stops_reporting_does_not_hold_the_reply() -> None:
    down = Downlink(60)
    down.play(1, speech(1.0))
    down.finish(1)
    run(down, 0.0, 0.3)
    down.report(1, 2_400)
    _, played = run(down, 0.3, 3.0)
    assert played[-1].done
    assert played[-1].at == pytest.approx(2.0 + LATENCY_S, abs=0.05)


def test_ducking_ramps_what_leaves_from_now_on() -> None:
    down = Downlink(60)
    down.play(1, speech(2.0))
    run(down, 0.0, 0.5)
    down.duck(0.1, 0.02)
    ducked = np.concatenate([o.pcm for t in range(25, 50) for o in down.take(t * 0.02)])
    assert ducked[0] < 1000
    assert abs(int(ducked[480]) - 100) <= 1
    assert np.all(np.diff(ducked.astype(int)) <= 0)
    down.duck(1.0, 0.02)
    back = np.concatenate([o.pcm for t in range(50, 75) for o in down.take(t * 0.02)])
    assert back[480] == 1000


def test_replies_follow_each_other() -> None:
    down = Downlink(60)
    down.play(1, speech(0.2, 1))
    down.play(2, speech(0.2, 2))
    order = [o.reply for t in range(20) for o in down.take(t * 0.02)]
    assert set(order) == {1}
    down.finish(1)
    down.finish(2)
    out = [o for t in range(20, 60) for o in down.take(t * 0.02)]
    assert [(o.reply, o.last) for o in out if o.last] == [(1, True), (2, True)]
    assert {o.reply for o in out if len(o.pcm)} == {2}


def test_a_reply_without_sound_ends() -> None:
    down = Downlink(60)
    down.finish(1)
    _, played = run(down, 0.0, 0.1)
    assert [(p.samples, p.done) for p in played] == [(0, True)]


def test_more_than_the_limit_is_dropped_and_counted() -> None:
    down = Downlink(1.0)
    down.play(1, speech(0.8))
    down.play(1, speech(0.8))
    assert down.dropped == round(0.6 * 24_000)


@given(
    st.lists(st.tuples(st.integers(1, 9_000), st.integers(0, 20)), min_size=1, max_size=20),
    st.booleans(),
)
def test_every_sample_is_sent_once_and_heard_once(
    pieces: list[tuple[int, int]], ducked: bool
) -> None:
    down, tick, sent, last = Downlink(600), 0, 0, 0
    if ducked:
        down.duck(0.5, 0.02)
    for size, pause in pieces:
        down.play(1, np.ones(size, np.int16))
        for _ in range(pause):
            sent += sum(len(o.pcm) for o in down.take(tick * 0.02))
            for news in down.played(tick * 0.02):
                assert last <= news.samples <= sent
                last = news.samples
            tick += 1
    down.finish(1)
    total = sum(size for size, _ in pieces)
    while down.busy:
        sent += sum(len(o.pcm) for o in down.take(tick * 0.02))
        for news in down.played(tick * 0.02):
            last = news.samples
        tick += 1
        assert tick < 20_000
    assert (sent, last) == (total, total)
