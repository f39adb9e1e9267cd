"""An experiment: every strategy on every scenario, so many seeds of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import visavis
from visavis.errors import ScenarioError
from visavis.line import load_native
from visavis.netlab.experiment.strategies import SendStrategy, find_strategies
from visavis.netlab.experiment.trial import Depth, Trial
from visavis.netlab.library import find, names
from visavis.netlab.scenario import Scenario
from visavis.netlab.simulate import BEGIN_S, CYCLE_S, MAX_SECONDS

ALL: Final = "all"
MAX_SEEDS: Final = 100_000
MAX_TRIALS: Final = 1_000_000


@dataclass(slots=True, frozen=True)
class Experiment:
    """See the module. Seeds are 0, 1, …; of the first one what happened when is kept."""

    scenarios: tuple[tuple[Scenario, Path], ...]
    """With the folder of each one's recordings."""
    strategies: tuple[SendStrategy, ...]
    seeds: int = 20
    seconds: float = 60.0
    depth: Depth = Depth.MEDIA

    def trials(self) -> list[Trial]:
        """In the order of the results: by scenario, strategy, seed."""
        return [
            Trial(scenario, folder, strategy, seed, self.seconds, self.depth, timeline=seed == 0)
            for scenario, folder in self.scenarios
            for strategy in self.strategies
            for seed in range(self.seeds)
        ]


def experiment(
    scenarios: Iterable[str],
    strategies: Iterable[str],
    *,
    seeds: int = 20,
    seconds: float = 60.0,
    depth: Depth = Depth.MEDIA,
) -> Experiment:
    """By names: scenarios that come with visavis (`all`: each of them) or TOML files, strategies
    alike. ScenarioError and SettingsError for what is not there or not sensible."""
    wanted = list(scenarios)
    if wanted == [ALL]:
        wanted = names()
    found = {}
    for name in wanted:
        scenario, folder = find(name)
        if scenario.name in found:
            raise ScenarioError(f"the scenario {scenario.name!r} is named twice")
        found[scenario.name] = (scenario, folder)
    if not found:
        raise ScenarioError(f"no scenario is named; write {ALL}, or some of {', '.join(names())}")
    if not 1 <= seeds <= MAX_SEEDS:
        raise ScenarioError(f"{seeds} seeds; there must be 1 to {MAX_SEEDS}")
    if not BEGIN_S + CYCLE_S <= seconds <= MAX_SECONDS:
        raise ScenarioError(
            f"calls of {seconds:g} s; they must last {BEGIN_S + CYCLE_S:g} s, so that the caller "
            "says something, and at most a day"
        )
    chosen = find_strategies(strategies)
    trials = len(found) * len(chosen) * seeds
    if trials > MAX_TRIALS:
        raise ScenarioError(f"{trials} trials are more than {MAX_TRIALS}; take fewer seeds")
    return Experiment(tuple(found.values()), tuple(chosen), seeds, float(seconds), depth)


@cache
def code_digest() -> str:
    """Of all that a result depends on besides its trial: this program, Python and Rust. Results
    of another program are not taken over. NativeMissingError."""
    native = Path(str(load_native().__file__))
    parts = sorted(Path(visavis.__file__).parent.rglob("*.py"))
    parts += sorted(native.parent.glob("*.so")) if native.name == "__init__.py" else [native]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()
