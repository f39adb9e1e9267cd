"""One trial: a scenario, a strategy, a seed; and what came of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from visavis.netlab.experiment.strategies import SendStrategy
from visavis.netlab.scenario import Scenario


class Depth(StrEnum):
    MEDIA = "media"
    """The whole product on both ends, Opus included."""
    PACKETS = "packets"
    """No codec and no conversation: packets, and what could be repaired of them, when."""


@dataclass(slots=True, frozen=True)
class Trial:
    """Can be sent to another process. The same trial has the same result."""

    scenario: Scenario
    folder: Path
    """Where the scenario's recordings lie."""
    strategy: SendStrategy
    seed: int
    seconds: float
    depth: Depth = Depth.MEDIA
    timeline: bool = False
    """Keep what happened when."""

    def digest(self, code: str) -> str:
        """16 hex digits over all that the result depends on; `code`: of the program."""
        parts = [
            code,
            self.scenario.for_range(self.folder),
            self.scenario.name,
            json.dumps(self.strategy.told(), sort_keys=True),
            repr((self.seed, float(self.seconds), self.depth.value, self.timeline)),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@dataclass(slots=True, frozen=True)
class Result:
    """What came of a trial."""

    row: dict[str, Any]
    """By column of `table.COLUMNS`."""
    timeline: dict[str, Any] | None = field(default=None)
    """`Timeline.to_dict`, if it was asked for."""


def run_trial(trial: Trial) -> Result:
    """ScenarioError, NativeMissingError, SettingsError."""
    # Each depth brings its own libraries, and both need this module.
    if trial.depth is Depth.PACKETS:
        from visavis.netlab.experiment.packets import run_packets

        return run_packets(trial)
    from visavis.netlab.experiment.media import run_media

    return run_media(trial)
