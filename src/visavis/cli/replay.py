"""`visavis replay`: a recorded call once more, and what came out differently."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from visavis.cli.serve import needed_sets
from visavis.models.protocols import ModelSet
from visavis.replay import Recording, load_recording
from visavis.replay.outcome import Decision, Outcome, differences, outcome
from visavis.replay.run import replay, scripted_from
from visavis.settings import load_settings


def run_replay(file: Path, *, scripted: bool, as_json: bool, config: Path | None) -> None:
    """RecordingError for a damaged file, WeightsError if the models' weights are missing."""
    recording = load_recording(file)
    recorded = outcome(recording.commands, recording.started)

    def models() -> ModelSet:
        return scripted_from(recording) if scripted else _inline_models(recording, config)

    replayed = replay(recording, models)
    found = differences(recorded, replayed)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "call_id": recording.call_id,
                    "cut": recording.cut,
                    "recorded": asdict(recorded),
                    "replayed": asdict(replayed),
                    "differences": found,
                }
            )
        )
        return
    console = Console()
    if recording.cut is not None:
        console.print(f"[yellow]the recording ends early: {recording.cut}[/yellow]")
    _show(console, recorded, replayed, found)


def _inline_models(recording: Recording, config: Path | None) -> ModelSet:
    """The embedded models, working on the loop's own thread, so that they take no virtual
    time."""
    from visavis.models.weights import WeightsStore
    from visavis.replay.models import load_inline

    used = recording.about.get("models")
    size = used.get("llm_size", "auto") if isinstance(used, dict) else "auto"
    settings = load_settings(config, {"models": {"llm": "embedded", "llm_size": size}})
    llm = next(name for name in needed_sets(settings) if name.startswith("llm-"))
    return load_inline(WeightsStore(), llm)


def _show(console: Console, recorded: Outcome, replayed: Outcome, found: list[str]) -> None:
    for line in replayed.lines:
        who = "[bold blue]you  [/]" if line.role == "user" else "[bold green]agent[/]"
        console.print(f"[dim]{line.at:6.1f} s[/]  {who} ", end="")
        console.print(line.text.strip(), markup=False)
    console.print()
    table = Table("decision", "recorded", "replayed", box=None)
    for n in range(max(len(recorded.decisions), len(replayed.decisions))):
        old, new = _nth(recorded, n), _nth(replayed, n)
        what = " / ".join(dict.fromkeys(each.what for each in (old, new) if each is not None))
        table.add_row(what, *(f"{each.at:.2f} s" if each else "–" for each in (old, new)))
    console.print(table)
    for ledger in replayed.ledgers:
        stages = ", ".join(f"{name} {ms:.0f}" for name, ms in ledger["stages"].items())
        console.print(f"[bold]turn {ledger['turn']}[/]  {stages}  [dim](ms after the speech)[/]")
    console.print()
    if not found:
        console.print("[green]nothing came out differently[/green]")
    for sentence in found:
        console.print("[yellow]≠[/] ", end="")
        console.print(sentence, markup=False)


def _nth(run: Outcome, n: int) -> Decision | None:
    return run.decisions[n] if n < len(run.decisions) else None
