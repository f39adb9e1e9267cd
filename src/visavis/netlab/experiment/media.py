"""A trial with full media: the call that `simulate` makes, measured from inside."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from visavis.line import FrameIn
from visavis.netlab.ends import Watch
from visavis.netlab.experiment.measures import (
    Floats,
    histogram,
    percentile,
    slots_of,
    words_of,
)
from visavis.netlab.experiment.timeline import Timeline
from visavis.netlab.experiment.trial import Result, Trial
from visavis.netlab.network import Fate, Way
from visavis.netlab.simulate import BEGIN_S, simulate
from visavis.seam import FRAME_S, LinkReport, Mark, SendPlan

RTP_RATE: Final = 48_000
_GOOD = (Mark.RECEIVED, Mark.RECOVERED)
_HEARD = (*_GOOD, Mark.CONCEALED)


class _Ears:
    """What one direction's listener got: frames that were received or rebuilt."""

    def __init__(self) -> None:
        self._rtp: list[int] = []
        self._at: list[float] = []
        self._sent_at: float | None = None
        """RTP time 0 on the call's clock, once a sender report told it."""
        self.counts = dict.fromkeys(Mark, 0)

    def add(self, frame: FrameIn) -> None:
        if frame.at >= BEGIN_S:
            self.counts[frame.mark] += 1
        if frame.mark in _GOOD:
            self._rtp.append(frame.rtp)
            self._at.append(frame.at)
        if frame.captured is not None:
            self._sent_at = frame.captured - frame.rtp / RTP_RATE

    def known_at(self, slots: int, least_delay_s: float) -> Floats:
        """When each slot's speech came. Without a sender report in the whole call the soonest
        frame is taken to have been on its way as long as the soonest packet."""
        known = np.full(slots, np.nan)
        if not self._rtp:
            return known
        rtp, at = np.array(self._rtp) / RTP_RATE, np.array(self._at)
        offset = self._sent_at
        if offset is None:
            offset = float((at - rtp).min()) - least_delay_s
        places = np.round((rtp + offset - BEGIN_S) / FRAME_S).astype(np.int64)
        inside = (places >= 0) & (places < slots)
        # Of two that fall into one slot the first counts.
        known[places[inside][::-1]] = at[inside][::-1]
        return known

    def share(self, mark: Mark) -> float:
        """Of the frames that stand for speech."""
        heard = sum(self.counts[each] for each in _HEARD)
        return round(self.counts[mark] / heard, 4) if heard else 0.0


def _runs(heard: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the single slots: in silence a packet now and then keeps the way open."""
    beside = np.zeros_like(heard)
    beside[1:] |= heard[:-1]
    beside[:-1] |= heard[1:]
    return heard & beside


class _Notes(Watch):
    def __init__(self, seconds: float) -> None:
        self.ears: dict[Way, _Ears] = {"up": _Ears(), "down": _Ears()}
        self.timeline = Timeline(seconds)
        self.least_delay: dict[Way, float] = {"up": np.inf, "down": np.inf}
        self.plan: dict[Way, SendPlan] = {}

    def connected(self, at: float) -> None:
        """The outcome has it."""

    def frame(self, way: Way, frame: FrameIn) -> None:
        self.ears[way].add(frame)
        if frame.mark in _HEARD:
            self.timeline.frame(way, frame.at, guessed=frame.mark is Mark.CONCEALED)

    def report(self, way: Way, report: LinkReport) -> None:
        self.timeline.buffer(way, report.at, report.buffer_ms)

    def planned(self, way: Way, plan: SendPlan, at: float) -> None:
        self.timeline.planned(way, at, plan)
        self.plan[way] = plan

    def measured(self, ledger: dict[str, Any]) -> None:
        """The outcome has them."""

    def witness(self, way: Way, at: float, size: int, fate: Fate) -> None:
        self.timeline.packet(way, at, size, fate)
        if not isinstance(fate, str):
            self.least_delay[way] = min(self.least_delay[way], fate - at)


def run_media(trial: Trial) -> Result:
    """ScenarioError, NativeMissingError, SettingsError."""
    notes = _Notes(trial.seconds)
    strategy = trial.strategy
    outcome = simulate(
        trial.scenario,
        seed=trial.seed,
        folder=trial.folder,
        seconds=trial.seconds,
        up_plan=strategy.up,
        down_plan=strategy.down,
        steered=strategy.controllers(),
        witness=notes.witness,
        observer=notes,
    )
    done = outcome.to_dict()
    slots = slots_of(trial.seconds)
    up = notes.ears["up"].known_at(slots, notes.least_delay["up"])
    down = notes.ears["down"].known_at(slots, notes.least_delay["down"])
    words = words_of(up, outcome.asked)
    sent_at = BEGIN_S + FRAME_S * np.arange(slots)
    ear_ms = (down - sent_at)[~np.isnan(down)] * 1e3
    heard = int(np.count_nonzero(_runs(~np.isnan(down))))
    plans = notes.timeline.plans
    row = {
        "scenario": trial.scenario.name,
        "strategy": strategy.name,
        "seed": trial.seed,
        "depth": trial.depth.value,
        "seconds": trial.seconds,
        "connected_s": done["connected_s"],
        "asked": outcome.asked,
        "answered": done["answered"],
        "turn_p50_ms": done["turn_p50_ms"],
        "turn_p95_ms": done["turn_p95_ms"],
        "words": words.said,
        "words_lost": words.lost,
        "word_p50_ms": percentile(words.delays_ms, 50),
        "word_p95_ms": percentile(words.delays_ms, 95),
        "spoken": outcome.spoken,
        "unheard": max(0, outcome.spoken - heard),
        "ear_p50_ms": percentile(ear_ms, 50),
        "ear_p95_ms": percentile(ear_ms, 95),
        "plans": sum(plans) - 2,
        "word_delays": histogram(words.delays_ms),
        "ear_delays": histogram(ear_ms),
    }
    for way, ears in notes.ears.items():
        row[f"{way}_kbps"] = done[way]["kbps"]
        row[f"{way}_loss"] = done[way]["loss"]
        row[f"{way}_recovered"] = ears.share(Mark.RECOVERED)
        row[f"{way}_concealed"] = ears.share(Mark.CONCEALED)
    return Result(row, notes.timeline.to_dict() if trial.timeline else None)
