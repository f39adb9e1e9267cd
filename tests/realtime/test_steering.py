"""The server changes how speech is sent, both ways, when the network changes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from tests.network.links import independent, reports

from visavis.conversation.events import AgentState, AgentStateChanged
from visavis.link_window import FarSide
from visavis.network import Controller
from visavis.realtime.steering import Steering
from visavis.seam import UPLINK_PLAN, FarReport, LinkReport, SendPlan
from visavis.settings import plan_from_event


class Port:
    call_id = "call_1"

    def __init__(self) -> None:
        self.plans: list[SendPlan] = []

    def set_plan(self, plan: SendPlan) -> None:
        self.plans.append(plan)


def steered(
    *, line: bool, takes_plan: bool, fixed: bool = False, loss: float = 0.2
) -> tuple[list[SendPlan], list[SendPlan]]:
    """Plans set here and told to the client, over a network that loses both ways."""
    port, far, told = Port(), FarSide(), list[dict[str, Any]]()
    far.is_line, far.takes_plan = line, takes_plan
    steering = Steering(port, far, told.append, Controller(), fixed=fixed)  # type: ignore[arg-type]
    for report in reports(independent(loss, 20.0)):
        steering.on_report(replace(report, far=_same(report)))
    return port.plans, [plan_from_event(event) for event in told]


def _same(report: LinkReport) -> FarReport:
    return FarReport(
        100.0,
        report.received,
        report.lost,
        loss_runs=report.loss_runs,
        longest_loss=report.longest_loss,
    )


def test_losses_bring_copies_to_a_browser_and_nothing_is_told_it() -> None:
    plans, told = steered(line=False, takes_plan=False)
    assert (plans[0].red, plans[-1].red) == ((), (1,))
    assert not any(plan.dred_ms for plan in plans) and not told


def test_a_client_of_ours_is_told_its_plan() -> None:
    _, told = steered(line=True, takes_plan=True)
    assert told[-1].bitrate < UPLINK_PLAN.bitrate and not told[-1].dred_ms


def test_a_plan_that_somebody_chose_stands() -> None:
    plans, told = steered(line=True, takes_plan=False, fixed=True)
    assert not plans and not told


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_plans_are_set_only_when_they_change(loss: float) -> None:
    plans, told = steered(line=True, takes_plan=True, loss=loss)
    for made in (plans, told):
        assert all(a != b for a, b in itertools.pairwise(made))
        assert len(made) <= 6


def test_who_talks_is_followed() -> None:
    port, far = Port(), FarSide()
    far.is_line = far.takes_plan = True
    told = list[dict[str, Any]]()
    steering = Steering(port, far, told.append, Controller())  # type: ignore[arg-type]
    coming = list(reports(independent(0.3, 20.0)))
    for report in coming[:150]:
        steering.on_report(report)
    steering.on_session_event(AgentStateChanged(AgentState.LISTENING, AgentState.SPEAKING, 15.0))
    for report in coming[150:]:
        steering.on_report(report)
    before, after = (plan_from_event(event) for event in told[-2:])
    assert len(after.red) < len(before.red)
