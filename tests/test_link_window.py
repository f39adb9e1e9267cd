"""Reports of a tenth of a second joined into longer ones, and told to the other end."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.link_window import (
    FarSide,
    LinkWindow,
    Teller,
    from_fields,
    join,
    to_fields,
    words,
)
from visavis.realtime.client_events import ClientEventError, Link, parse
from visavis.seam import FarReport, LinkReport

CLEAN = LinkReport(at=1.0, window_ms=100.0, received=5, rtt_ms=40.0, bitrate_up=40_000.0)


def test_counts_add_up_rates_are_means_and_states_are_the_last() -> None:
    bad = replace(
        CLEAN,
        at=1.1,
        received=3,
        lost=2,
        loss_runs=(0, 1, 0, 0),
        longest_loss=2,
        rtt_ms=55.0,
        loss_down=0.1,
        bitrate_up=20_000.0,
        queue_ms=30.0,
    )
    joined = join([CLEAN, bad, replace(CLEAN, at=1.2)])
    assert (joined.at, joined.window_ms) == (1.2, 300.0)
    assert (joined.received, joined.lost) == (13, 2)
    assert (joined.loss_runs, joined.longest_loss) == ((0, 1, 0, 0), 2)
    assert joined.bitrate_up == pytest.approx(100_000 / 3)
    assert (joined.rtt_ms, joined.loss_down, joined.queue_ms) == (40.0, 0.1, 30.0)


@given(st.lists(st.floats(60, 140), min_size=40, max_size=200))
def test_a_window_is_about_a_second_and_loses_nothing(windows: list[float]) -> None:
    window = LinkWindow(1.0)
    reports = [replace(CLEAN, window_ms=ms) for ms in windows]
    seconds = [joined for each in reports if (joined := window.add(each)) is not None]
    assert all(950 <= second.window_ms <= 1_100 for second in seconds)
    assert sum(s.received for s in seconds) >= 5 * len(windows) - 5 * 16


def told(report: LinkReport, tenths: int) -> int:
    teller = Teller()
    return sum(teller.add(report) is not None for _ in range(tenths))


def test_the_server_is_told_twice_a_second_sooner_after_loss_and_seldom_in_silence() -> None:
    assert told(CLEAN, 100) == 20
    assert told(replace(CLEAN, lost=1), 100) == 50
    assert told(replace(CLEAN, received=0), 100) == 5


def test_what_a_client_tells_arrives_with_its_age() -> None:
    report = replace(CLEAN, lost=2, loss_runs=(2, 0, 0, 0), jitter_ms=3.14, buffer_ms=41.7)
    event = words(report)
    assert len(json.dumps(event)) < 170
    said = parse(json.dumps(event))
    assert isinstance(said, Link)
    side = FarSide()
    assert side.complete(CLEAN) is CLEAN
    side.tell(said.report(), 1.0)
    far = side.complete(replace(CLEAN, at=1.25)).far
    assert far is not None
    assert (far.received, far.lost, far.loss_runs) == (5, 2, (2, 0, 0, 0))
    assert (far.window_ms, far.jitter_ms, far.buffer_ms) == (100.0, 3.1, 42.0)
    assert far.age_ms == pytest.approx(250.0)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"window_ms": 0},
        {"window_ms": 100, "lost": -1},
        {"window_ms": 100, "lost": 10**9},
        {"window_ms": 100, "jitter_ms": "NaN"},
        {"window_ms": 1e12},
        {"window_ms": 100, "loss_runs": [1, 2, 3]},
    ],
)
def test_nonsense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ClientEventError):
        parse(json.dumps({"type": "visavis.link", **fields}))


def test_a_report_survives_json() -> None:
    far = FarReport(window_ms=500.0, lost=3, loss_runs=(1, 1, 0, 0), age_ms=120.0)
    for report in (CLEAN, replace(CLEAN, loss_runs=(1, 2, 3, 4), gradient=-3.5, far=far)):
        assert from_fields(report.at, json.loads(json.dumps(to_fields(report)))) == report
