"""Link reports of a tenth of a second, joined into longer ones, and told to the other end.

In: `seam.LinkReport`s. Out: one report for many, and its way into the event `visavis.link` that a
client sends (`seam.FarReport` at the server).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from visavis.seam import FarReport, LinkReport, LossRuns

TELL_S = 0.5
"""A client tells what it received so often while speech comes,"""
TELL_SOON_S = 0.2
"""so soon after a loss,"""
TELL_IDLE_S = 2.0
"""and so seldom while nothing comes: its reports need room on the line too."""


def join(reports: Sequence[LinkReport]) -> LinkReport:
    """One report over the windows of several, at least one, oldest first."""
    newest = reports[-1]
    windows = [report.window_ms for report in reports]
    whole = sum(windows)

    def mean(rates: Iterable[float]) -> float:
        if whole <= 0:
            return 0.0
        return sum(r * w for r, w in zip(rates, windows, strict=True)) / whole

    told = [report.loss_down for report in reports if report.loss_down is not None]
    return replace(
        newest,
        window_ms=whole,
        received=sum(report.received for report in reports),
        lost=sum(report.lost for report in reports),
        late=sum(report.late for report in reports),
        reordered=sum(report.reordered for report in reports),
        loss_runs=_sum(report.loss_runs for report in reports),
        longest_loss=max(report.longest_loss for report in reports),
        queue_ms=max(report.queue_ms for report in reports),
        recovered=sum(report.recovered for report in reports),
        concealed=sum(report.concealed for report in reports),
        bitrate_up=mean(report.bitrate_up for report in reports),
        bitrate_down=mean(report.bitrate_down for report in reports),
        loss_down=told[-1] if told else None,
    )


def _sum(runs: Iterable[LossRuns]) -> LossRuns:
    one, few, several, many = map(sum, zip(*runs, strict=True))
    return one, few, several, many


class LinkWindow:
    """Joins reports into windows of at least `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._ms = seconds * 1e3
        self._reports: list[LinkReport] = []

    def add(self, report: LinkReport) -> LinkReport | None:
        """The window's report when this one has filled it."""
        self._reports.append(report)
        # Half a report less: ticks do not fall on the second.
        if sum(each.window_ms for each in self._reports) < self._ms - 50 and report.window_ms > 0:
            return None
        reports, self._reports = self._reports, []
        return join(reports)


class Teller:
    """Decides when a client tells the server what it receives, and in which words."""

    def __init__(self) -> None:
        self._reports: list[LinkReport] = []

    def add(self, report: LinkReport) -> dict[str, Any] | None:
        """The event `visavis.link` to be sent now, if one is due."""
        self._reports.append(report)
        joined = join(self._reports)
        trouble = joined.lost or joined.concealed or joined.late
        wait = TELL_SOON_S if trouble else TELL_S if joined.received > 5 else TELL_IDLE_S
        if joined.window_ms < wait * 1e3 - 50:
            return None
        self._reports = []
        return words(joined)


def of_line(told: dict[str, Any], *, takes_plan: bool) -> dict[str, Any]:
    """What one end received, told by our own line: it decodes everything, and may be steered."""
    return {**told, "line": True, "plan": takes_plan}


def words(report: LinkReport) -> dict[str, Any]:
    """What one end received, as the event that tells the other: nothing that is zero."""
    told: dict[str, Any] = {
        "window_ms": round(report.window_ms),
        "received": report.received,
        "lost": report.lost,
        "late": report.late,
        "loss_runs": list(report.loss_runs) if any(report.loss_runs) else 0,
        "longest_loss": report.longest_loss,
        "jitter_ms": round(report.jitter_ms, 1),
        "queue_ms": round(report.queue_ms, 1),
        "recovered": report.recovered,
        "concealed": report.concealed,
        "buffer_ms": round(report.buffer_ms),
    }
    return {"type": "visavis.link", **{name: value for name, value in told.items() if value}}


class FarSide:
    """Keeps what the far end told last and puts it, with its age, into our own reports."""

    def __init__(self) -> None:
        self._told: FarReport | None = None
        self._at = 0.0
        self.is_line = False
        """Whether it is our own line, which decodes whatever we send."""
        self.takes_plan = False
        """Whether it sends as the event `visavis.plan` tells it."""

    def tell(self, report: FarReport, now: float) -> None:
        """The far end told this at `now`."""
        self._told, self._at = report, now

    def complete(self, report: LinkReport) -> LinkReport:
        """The report with the far end's half."""
        if self._told is None:
            return report
        age = max(0.0, report.at - self._at) * 1e3
        return replace(report, far=replace(self._told, age_ms=age))


def to_fields(report: LinkReport) -> dict[str, Any]:
    """A report as JSON knows it, without its time."""
    fields = asdict(report)
    del fields["at"]
    return fields


def from_fields(at: float, fields: dict[str, Any]) -> LinkReport:
    """The opposite of `to_fields`; unknown names are left out, missing ones are as by default."""
    known = {n: fields[n] for n in LinkReport.__slots__ if n != "at" and n in fields}
    if "loss_runs" in known:
        known["loss_runs"] = _runs(known["loss_runs"])
    far = known.get("far")
    if far is not None:
        far = {n: far[n] for n in FarReport.__slots__ if n in far}
        if far.get("loss_runs") is not None:
            far["loss_runs"] = _runs(far["loss_runs"])
        known["far"] = FarReport(**far)
    return LinkReport(at=at, **known)


def _runs(counts: Iterable[int]) -> LossRuns:
    one, few, several, many = (int(count) for count in counts)
    return one, few, several, many
