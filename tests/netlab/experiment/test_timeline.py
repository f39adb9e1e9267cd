"""Half-second steps of a call."""

from __future__ import annotations

from visavis.netlab.experiment.timeline import Timeline
from visavis.netlab.simulate import BEGIN_S
from visavis.seam import DEFAULT_PLAN, UPLINK_PLAN


def test_the_same_plan_told_again_is_no_change() -> None:
    timeline = Timeline(20.0)
    for at, plan in ((0.0, DEFAULT_PLAN), (4.0, DEFAULT_PLAN), (5.0, UPLINK_PLAN)):
        timeline.planned("down", at, plan)
    assert [at for at, _ in timeline.to_dict()["down"]["plans"]] == [0.0, 5.0]
    assert timeline.plans == (0, 2)


def test_what_happens_in_a_step_is_in_its_column() -> None:
    timeline = Timeline(BEGIN_S + 2)
    timeline.packet("up", BEGIN_S - 0.1, 100, "loss")  # before it begins
    timeline.packet("up", BEGIN_S + 0.6, 100, "loss")
    timeline.packet("up", BEGIN_S + 0.7, 150, BEGIN_S + 0.74)
    timeline.frame("up", BEGIN_S + 1.1, guessed=True)
    timeline.buffer("up", BEGIN_S + 1.6, 40.0)
    timeline.buffer("up", BEGIN_S + 1.7, 20.0)
    up = timeline.to_dict()["up"]
    assert up["loss"] == [None, 0.5, None, None]
    assert up["delay_ms"] == [None, 40.0, None, None]
    assert up["kbps"] == [0.0, 4.0, 0.0, 0.0]
    assert up["guessed"] == [None, None, 1.0, None]
    assert up["buffer_ms"] == [None, None, None, 40.0]
