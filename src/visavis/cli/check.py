"""`visavis netlab check`: an agent on weak networks, judged."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from visavis.errors import CheckError
from visavis.netlab.check import Check, NetworkResult, Outcome, Report, load_check, make_check
from visavis.netlab.check.junit import junit_xml
from visavis.netlab.check.run import run_check

_COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red"}


def run(file: Path | None, *, as_json: bool, junit: Path | None, options: dict[str, Any]) -> int:
    """Run the check and show it; the exit code. CheckError, ScenarioError, AudioError."""
    if junit is not None and not junit.absolute().parent.is_dir():
        raise CheckError(f"cannot write {junit}: there is no folder {junit.absolute().parent}")
    check = make_check(**options) if file is None else load_check(file, **options)
    report = _run(check, quiet=as_json)
    if junit is not None:
        try:
            junit.write_text(junit_xml(report), encoding="utf-8")
        except OSError as error:
            raise CheckError(f"cannot write {junit}: {error.strerror or error}") from error
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        show(Console(), report)
    return report.exit_code


def _run(check: Check, *, quiet: bool) -> Report:
    console = Console(stderr=True, quiet=quiet)
    total = len(check.all_networks())
    done = 0

    def tell(result: NetworkResult) -> None:
        nonlocal done
        done += 1
        status.update(f"{done} of {total} networks …")

    whom = check.agent or "visavis in virtual time"
    with console.status(f"calling {whom} on {total} networks …") as status:
        return run_check(check, tell)


def show(console: Console, report: Report) -> None:
    """A row for each network, and what failed."""
    table = Table(
        "network", "calls up", "answered", "answer p50", "p95", "words heard", "", box=None
    )
    for result in report.results:
        colour = _COLOURS.get(result.outcome, "yellow")
        table.add_row(*_row(result), f"[{colour}]{result.outcome.value}[/{colour}]")
    console.print(f"{report.agent}:")
    console.print(table)
    for result in report.results:
        if result.outcome is not Outcome.PASSED:
            console.print(f"{result.network}: {result.why()}", markup=False, highlight=False)
    passed = sum(result.outcome is Outcome.PASSED for result in report.results)
    console.print(f"{passed} of {len(report.results)} networks passed")


def _row(result: NetworkResult) -> list[str]:
    if not result.turns:
        return [result.network, "–", "–", "–", "–", "–"]
    up = sum(call.connected for call in result.calls)
    answered = len(result.turns) - result.unanswered
    share = result.words_heard_if_known
    return [
        result.network,
        f"{up}/{len(result.calls)}",
        f"{answered}/{len(result.turns)}",
        _seconds(result.answer_p50_s),
        _seconds(result.answer_p95_s),
        "not measured" if share is None else f"{share:.1%}",
    ]


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if math.isfinite(value) else "none"
