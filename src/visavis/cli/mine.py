"""`visavis netlab mine`: recordings of real networks in, patterns out."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from visavis.errors import TraceError
from visavis.netlab.mine.groups import SHIPPED, found_groups, grouped, load_groups
from visavis.netlab.mine.mining import Pattern, mine
from visavis.netlab.mine.readers import read_all, trace_files
from visavis.netlab.scenario import save_scenario

COMMENT = "Mined by `visavis netlab mine`. What the source does not show is in `assumed`."


def run_mine(traces: list[Path], out: Path, groups: str | None, as_json: bool) -> None:
    """Write a scenario per pattern into `out`. TraceError for what cannot be read or fitted."""
    told = load_groups(SHIPPED if groups == "shipped" else Path(groups)) if groups else None
    files = trace_files(traces)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=as_json) as bar:
        reading = bar.add_task("reading", total=len(files))
        sessions = read_all(files, lambda name: bar.advance(reading))
        kinds = found_groups(sessions) if told is None else grouped(sessions, told)
        if not kinds:
            raise TraceError(
                "None of the recordings shows delay or loss"
                if told is None
                else f"No recording has a name that a pattern of {groups} asks for;"
                f" the first is {sessions[0].name!r}."
            )
        fitting = bar.add_task("fitting", total=len(kinds))
        patterns = mine(kinds, lambda name: bar.advance(fitting))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for each in patterns:
            save_scenario(each.scenario, out / f"{each.scenario.name}.toml", COMMENT)
    except OSError as error:
        raise TraceError(f"{out}: cannot be written: {error.strerror}.") from error
    if as_json:
        typer.echo(json.dumps([_described(each) for each in patterns]))
        return
    console = Console()
    console.print(_table(patterns))
    console.print(f"{len(patterns)} patterns are in {out}")


def _described(pattern: Pattern) -> dict[str, object]:
    scenario = pattern.scenario
    return {
        "name": scenario.name,
        "share": scenario.share,
        "recordings": len(pattern.fitted),
        "held_out": len(pattern.held_out),
        "observable": list(scenario.origin.observable),
        "figures": scenario.figures,
    }


def _table(patterns: list[Pattern]) -> Table:
    table = Table(box=None)
    for heading in ("pattern", "share", "fitted", "held out", "loss", "delay ms", "observable"):
        table.add_column(heading, no_wrap=heading in ("pattern", "delay ms"))
    for each in patterns:
        figures = each.scenario.figures
        delays = [figures.get(f"delay_p{level}_ms") for level in (50, 95, 99)]
        table.add_row(
            each.scenario.name,
            f"{each.scenario.share or 0:.1%}",
            str(len(each.fitted)),
            str(len(each.held_out)),
            f"{figures['loss']:.2%}" if "loss" in figures else "–",
            " / ".join("–" if delay is None else f"{delay:.0f}" for delay in delays),
            " ".join(each.scenario.origin.observable),
        )
    return table
