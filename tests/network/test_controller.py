"""One call's plans, as its reports come."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.network.links import bursts, gilbert, independent, reports

from visavis.network import Controller, Far, Pattern
from visavis.seam import FarReport, LinkReport


def both(lost: list[bool]) -> list[LinkReport]:
    """The far end meets the same losses and tells of each report's."""
    return [
        replace(
            report,
            far=FarReport(
                100.0,
                report.received,
                report.lost,
                loss_runs=report.loss_runs,
                longest_loss=report.longest_loss,
            ),
        )
        for report in reports(lost)
    ]


def test_the_first_report_brings_both_plans_and_the_next_none() -> None:
    controller = Controller()
    first, *more = [controller.add(report, Far.LINE) for report in both([False] * 500)]
    assert first.up is not None and first.down is not None
    assert all(plans.up is None and plans.down is None for plans in more)


def test_protection_comes_with_the_losses_and_goes_with_them() -> None:
    controller = Controller()
    lost = [False] * 250 + independent(0.1, 20.0) + [False] * 1500
    plans = [controller.add(report, Far.BROWSER).down for report in both(lost)]
    made = [plan for plan in plans if plan is not None]
    assert [bool(plan.red) for plan in (made[0], made[1], made[-1])] == [False, True, False]


def test_a_direction_alone_is_planned_alone() -> None:
    controller = Controller()
    down = [controller.add(report, Far.LINE).down for report in reports(bursts(1.0, 0.3, 20.0))]
    assert sum(plan is not None for plan in down) == 1
    assert controller.up is not None and controller.up.pattern is Pattern.LONG_BURSTS
    assert controller.down is not None and controller.down.pattern is Pattern.GOOD


@settings(max_examples=20)
@given(st.integers(0, 1000), st.floats(0.01, 0.6), st.floats(1.0, 30.0))
def test_plans_are_few_and_the_same_every_time(seed: int, loss: float, burst: float) -> None:
    coming = both(gilbert(loss, max(burst, 1.01 / (1 - loss)), 30.0, seed))

    def made() -> list[object]:
        controller = Controller()
        return [controller.add(report, Far.LINE) for report in coming]

    plans = made()
    assert plans == made()
    assert sum(plan.down is not None for plan in plans) <= 31
