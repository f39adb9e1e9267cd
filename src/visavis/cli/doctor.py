"""`visavis doctor`: what this machine has, what it lacks, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from visavis.cli import checks
from visavis.cli.checks import Check, State
from visavis.errors import VisavisError
from visavis.settings import load_settings

_MARKS = {
    State.GOOD: "[green]✓[/green]",
    State.LACKS: "[yellow]![/yellow]",
    State.BROKEN: "[red]✗[/red]",
}


def run_doctor(*, as_json: bool, speed: bool, config: Path | None) -> None:
    """Look at everything; exit code 1 if something necessary is broken."""
    console = Console()
    settings = load_settings(config)
    found: list[Check] = []
    steps: list[Callable[[], list[Check]]] = [
        checks.software,
        checks.native_module,
        checks.hardware,
        lambda: checks.weights(settings),
        lambda: checks.ports(settings),
        checks.sound_devices,
        checks.browsers,
    ]
    if speed:
        from visavis.cli.speed import speeds

        steps.append(lambda: speeds(settings))
    with Console(stderr=True).status("looking at this machine …"):
        for step in steps:
            found.extend(_run(step))
    if as_json:
        typer.echo(json.dumps({"checks": [asdict(check) for check in found]}))
    else:
        _show(console, found)
    if any(check.state is State.BROKEN for check in found):
        raise typer.Exit(1)


def _run(step: Callable[[], list[Check]]) -> list[Check]:
    """A check that itself fails is a finding, and the others still run."""
    try:
        return step()
    except VisavisError as error:
        return [Check("check", State.BROKEN, str(error))]


def _show(console: Console, found: list[Check]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for check in found:
        detail = Text(check.found)
        if check.advice:
            detail.append(f"\n→ {check.advice}", "yellow")
        table.add_row(_MARKS[check.state], check.name, detail)
    console.print(table)
    broken = sum(check.state is State.BROKEN for check in found)
    lacks = sum(check.state is State.LACKS for check in found)
    if broken:
        console.print(f"\n[red]{broken} necessary thing(s) broken[/red]")
    elif lacks:
        console.print(f"\nThis machine can hold calls; {lacks} thing(s) could be better.")
    else:
        console.print("\nEverything is here.")
