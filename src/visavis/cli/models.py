"""`visavis models`: fetching, listing and verifying weights."""

from __future__ import annotations

import json

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from visavis.errors import WeightsError
from visavis.models.machine import fitting_llm
from visavis.models.manifest import SETS
from visavis.models.weights import PullProgress, WeightsStore

_COLOURS = {"present": "green", "partial": "yellow", "missing": "dim", "broken": "red"}


def pull(names: list[str]) -> None:
    """Fetch with a progress bar; without names, what the embedded models need here."""
    pull_with_bar(WeightsStore(), names or default_sets(), Console(stderr=True))


def pull_with_bar(store: WeightsStore, names: list[str], console: Console) -> None:
    """Fetch what is missing of `names`. WeightsError if that is not possible."""
    if not store.missing_bytes(names):
        console.print(f"weights of {', '.join(names)} are complete in {store.cache}")
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def shown(progress: PullProgress) -> None:
            task = tasks.get(progress.name)
            if task is None:
                task = tasks[progress.name] = bar.add_task(progress.name, total=progress.total)
            bar.update(task, completed=progress.done, total=progress.total)
            if progress.note:
                bar.console.print(f"[dim]{progress.note}[/dim]")

        store.pull(names, shown)
    console.print(f"weights of {', '.join(names)} are complete in {store.cache}")


def show_list(as_json: bool) -> None:
    """Every file of the manifest and its state here."""
    statuses = WeightsStore().status()
    if as_json:
        rows = [
            {
                "name": status.file.name,
                "model": status.file.model,
                "sets": [name for name, files in SETS.items() if status.file.name in files],
                "size": status.file.size,
                "bytes_present": status.bytes_present,
                "state": status.state,
                "path": str(status.path),
            }
            for status in statuses
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table("set", "file", "size", "state", box=None)
    for status in statuses:
        sets = " ".join(name for name, files in SETS.items() if status.file.name in files)
        colour = _COLOURS[status.state]
        size = f"{status.file.size / 1e6:,.0f} MB"
        table.add_row(sets, status.file.name, size, f"[{colour}]{status.state}[/{colour}]")
    console = Console()
    console.print(table)
    console.print(f"[dim]in {WeightsStore().cache}[/dim]")


def verify(names: list[str]) -> None:
    """Hash again; WeightsError lists what is wrong."""
    store = WeightsStore()
    wanted = names or [s.file.name for s in store.status() if s.state in ("present", "broken")]
    if not wanted:
        raise WeightsError(f"no weights are in {store.cache}; run `visavis models pull`")
    wrong = []
    for name in wanted:
        try:
            store.verify(name)
            typer.echo(f"{name}: good")
        except WeightsError as error:
            wrong.append(str(error))
    if wrong:
        raise WeightsError("; ".join(wrong))


def default_sets() -> list[str]:
    """What the embedded models need on this machine."""
    return ["speech", fitting_llm(WeightsStore()).name]
