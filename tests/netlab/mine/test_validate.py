"""A pattern passes against recordings of its own network, and fails against another's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made import averages

from visavis.line import native_available
from visavis.netlab import Origin, Scenario
from visavis.netlab.generative import Generative, Loss, Memory, Process, State
from visavis.netlab.mine.session import DelayKind, Observable, Session, session
from visavis.netlab.mine.stats import burst_lengths, loss_after_loss, loss_rate
from visavis.netlab.validate import Row, compare, synthetic

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

ALL = [Observable.DELAY, Observable.LOSS, Observable.BURSTS]


def network(enter: float = 0.02, leave: float = 0.4, over_ms: float = 20.0) -> Scenario:
    """A base of 30 ms and up to `over_ms` more, half of it remembered for a second."""
    queueing = Process(
        marginal={"kind": "uniform", "low": 0, "high": over_ms},
        memory=[Memory(share=0.5, time_s=0), Memory(share=0.5, time_s=1)],
    )
    state = State(
        delay_ms=30,
        queueing_ms=queueing if over_ms else None,
        loss=Loss(p_enter=enter, p_leave=leave, step_ms=20),
    )
    return Scenario(
        name="known",
        what="known figures",
        origin=Origin(kind="synthetic", source="this test"),
        up=Generative(states={"steady": state}),
    )


def bare(packets: int, kind: DelayKind = DelayKind.ONE_WAY, digits: int = 6) -> Session:
    """When packets were sent, 20 ms apart, and delays as round as a recording's."""
    delay = np.round(np.linspace(0.0301234, 0.0498765, packets), digits)
    return session("bare", "made", np.arange(packets) * 0.02, observable=ALL, delay_kind=kind,
                   delay_s=delay)  # fmt: skip


def recorded(scenario: Scenario, *seeds: int) -> list[Session]:
    """A recording of two minutes for each seed."""
    return [replace(synthetic(scenario, bare(6000), seed), name=f"{seed}") for seed in seeds]


def checked(real: Scenario, pattern: Scenario) -> dict[str, Row]:
    rows = compare(pattern, recorded(real, 100, 101), recorded(real, 200, 201), seeds=[1, 2, 3])
    return {row.statistic: row for row in rows}


@pytest.mark.usefixtures("mining")
def test_against_itself_all_is_well() -> None:
    rows = checked(network(), network())
    assert len(rows) == 10
    assert all(row.ok is True for row in rows.values()), rows


@pytest.mark.usefixtures("mining")
def test_against_another_network_what_differs_is_told() -> None:
    rows = checked(network(), network(enter=0.005, leave=0.1, over_ms=60))
    wrong = {name for name, row in rows.items() if row.ok is False}
    assert wrong >= {"loss after loss", "burst length KS", "delay p50 ms", "delay p95 ms",
                     "delay p99 ms", "classifier AUC"}  # fmt: skip
    # Which loses as much, only in longer bursts.
    assert "loss" not in wrong
    assert rows["loss after loss"].real == pytest.approx(0.6, abs=0.05)
    assert rows["loss after loss"].synthetic == pytest.approx(0.9, abs=0.05)


def test_a_known_loss_and_burst_length_come_out() -> None:
    drawn = [synthetic(network(enter=0.01, leave=0.2, over_ms=0), bare(40_000), seed=5)]
    assert loss_rate(drawn) == pytest.approx(0.01 / 0.21, rel=0.1)
    assert burst_lengths(drawn).mean() == pytest.approx(5, rel=0.1)
    assert loss_after_loss(drawn) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        (DelayKind.ONE_WAY, 0.03),
        (DelayKind.ROUND_TRIP, 0.06),
        (DelayKind.RELATIVE, 0.0),
        (DelayKind.WAIT, 0.0),
    ],
)
def test_delays_are_measured_as_the_recordings_were(kind: DelayKind, least: float) -> None:
    drawn = synthetic(network(over_ms=10), bare(2000, kind), seed=1)
    assert np.nanmin(drawn.delay_s) == pytest.approx(least, abs=0.001)
    assert np.isnan(drawn.delay_s).tolist() == drawn.lost.tolist()


@pytest.mark.parametrize(("digits", "to_ms", "to_tenths"),
                         [(3, True, True), (4, False, True), (6, False, False)])  # fmt: skip
def test_delays_are_as_round_as_the_recordings(digits: int, to_ms: bool, to_tenths: bool) -> None:
    drawn = synthetic(network(), bare(500, digits=digits), seed=1)
    known = drawn.delay_s[~drawn.lost]
    assert np.allclose(known, known.round(3), rtol=0, atol=1e-9) == to_ms
    assert np.allclose(known, known.round(4), rtol=0, atol=1e-9) == to_tenths


def test_averages_are_compared_as_averages() -> None:
    scenario = network(enter=0, over_ms=10)
    real = [synthetic(scenario, averages(n, count=30), seed=n) for n in (1, 2)]
    rows = compare(scenario, real, real, seeds=[8])
    assert [row.statistic for row in rows] == [
        "loss",
        "window mean delay p50 ms",
        "window mean delay p95 ms",
        "window mean delay p99 ms",
        "window loss KS",
    ]
    assert all(row.ok for row in rows), rows
    other = compare(network(over_ms=40), real, real, seeds=[8])
    assert not any(row.ok for row in other), other


def test_where_nothing_was_held_out_nothing_is_proved() -> None:
    real = recorded(network(), 100)
    rows = compare(network(), real, [], seeds=[1])
    assert rows and all(row.ok is None for row in rows)


def test_what_the_source_does_not_show_is_not_compared() -> None:
    silent = [replace(each, observable=frozenset([Observable.DELAY]))
              for each in recorded(network(), 100)]  # fmt: skip
    names = [row.statistic for row in compare(network(), silent, silent, seeds=[1])]
    assert names and all(name.startswith(("delay", "autocorrelation")) for name in names)
