"""`visavis netlab run`: an experiment."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from visavis.errors import SettingsError
from visavis.netlab.experiment import Depth, experiment, run_experiment
from visavis.netlab.experiment.summary import Summary, summarise


def run(
    *,
    scenarios: str,
    strategies: str,
    seeds: int,
    seconds: float,
    depth: str,
    jobs: int,
    out: Path,
    as_json: bool,
) -> None:
    """ScenarioError, SettingsError, NativeMissingError."""
    if depth not in set(Depth):
        raise SettingsError(f"--depth is {depth!r}; it must be {' or '.join(Depth)}.")
    planned = experiment(
        _names(scenarios), _names(strategies), seeds=seeds, seconds=seconds, depth=Depth(depth)
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("calls", total=None)
        results = run_experiment(
            planned,
            out,
            jobs=jobs,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    found = summarise([result.row for result in results])
    if as_json:
        told = [each.to_dict() for each in found]
        typer.echo(json.dumps({"out": str(out), "trials": len(results), "strategies": told}))
        return
    console = Console()
    console.print(_table(found))
    console.print(f"{len(results)} calls are in {out}")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _table(found: list[Summary]) -> Table:
    table = Table(
        "strategy", "words lost", "agent unheard", "kbit/s", "answer p95 ms", "word p95 ms",
        box=None,
    )  # fmt: skip
    for each in found:
        table.add_row(
            each.strategy,
            f"{each.words_lost:.2%}",
            f"{each.unheard:.2%}",
            f"{each.kbps:.1f}",
            _shown(each.turn_p95_ms),
            _shown(each.word_p95_ms),
        )
    return table


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
