"""One call's controller: a link report in, the plans that change out."""

from __future__ import annotations

from dataclasses import dataclass

from visavis.network.features import DownSide, of_up
from visavis.network.policy import Adaptive, Direction, Far, Strategy, Talk, View
from visavis.network.recognise import Pattern, Recogniser, Verdict
from visavis.seam import LinkReport, SendPlan

LEAST_S = 1.0
"""Between two plans of the same direction: what one did should be seen before the next."""


@dataclass(slots=True, frozen=True)
class Plans:
    """None: as before."""

    up: SendPlan | None = None
    down: SendPlan | None = None


class _Side:
    """One direction: what was recognised, and the plan in force."""

    def __init__(self, strategy: Strategy, direction: Direction) -> None:
        self._strategy = strategy
        self._direction = direction
        self.current: SendPlan | None = None
        self._planned_at = 0.0

    def plan(
        self, verdict: Verdict, far: Far, budget_bps: float | None, talk: Talk
    ) -> SendPlan | None:
        at = verdict.features.at
        if self.current is not None and at - self._planned_at < LEAST_S:
            return None
        plan = self._strategy(View(verdict, self._direction, far, budget_bps, talk))
        if plan == self.current:
            return None
        self.current, self._planned_at = plan, at
        return plan


class Controller:
    """Of the server's side of one call: what goes up is planned by what comes up, what goes down
    by what the far end tells. Times are those of the reports."""

    def __init__(self, up: Strategy | None = None, down: Strategy | None = None) -> None:
        """A strategy belongs to one direction of one call. By default each is `Adaptive`."""
        self._coming = Recogniser()
        self._going = Recogniser()
        self._down_side = DownSide()
        self._up = _Side(up or Adaptive(), Direction.UP)
        self._down = _Side(down or Adaptive(), Direction.DOWN)
        self.up: Verdict | None = None
        self.down: Verdict | None = None
        """What was recognised last."""

    @property
    def up_plan(self) -> SendPlan | None:
        """The plan in force, for a far end that learns of it later; None before any report."""
        return self._up.current

    def add(self, report: LinkReport, far: Far, talk: Talk = Talk.NOBODY) -> Plans:
        """The plans to be changed by this report."""
        self.up = self._coming.add(of_up(report))
        self.down = self._going.add(self._down_side.of(report))
        # The estimate is a lower bound until it falls, so it says something only of a queue.
        estimate = report.estimate_down if self.down.pattern is Pattern.CONGESTED else None
        return Plans(
            up=self._up.plan(self.up, far, None, talk),
            down=self._down.plan(self.down, far, estimate, talk),
        )
