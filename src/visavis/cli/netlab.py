"""`visavis netlab`: scenarios looked at, relayed and simulated."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from visavis.netlab import Network, Way, json_schema
from visavis.netlab.library import find, names, path_of
from visavis.netlab.probe import Figures, probe
from visavis.netlab.relay import Relay, address_of
from visavis.netlab.simulate import simulate
from visavis.seam import UPLINK_PLAN
from visavis.settings import plan_from_flag

WAYS: tuple[Way, ...] = ("up", "down")


def show_list(as_json: bool) -> None:
    """ScenarioError if a shipped file is damaged."""
    scenarios = [find(name)[0] for name in names()]
    if as_json:
        rows = [
            {"name": s.name, "what": s.what, "origin": s.origin.kind, "share": s.share}
            for s in scenarios
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table("scenario", "origin", "what it is", box=None)
    for scenario in scenarios:
        table.add_row(scenario.name, scenario.origin.kind, scenario.what)
    Console().print(table)


def show_scenario(name: str, *, seed: int, seconds: float, as_json: bool) -> None:
    """ScenarioError, NativeMissingError."""
    scenario, folder = find(name)
    network = Network(scenario, seed, folder)
    figures = {way: probe(network, way, seconds) for way in WAYS}
    if as_json:
        done = {way: asdict(found) for way, found in figures.items()}
        typer.echo(json.dumps({"scenario": scenario.model_dump(mode="json"), "seed": seed, **done}))
        return
    console = Console()
    console.print(path_of(name).read_text(encoding="utf-8").rstrip(), markup=False, highlight=False)
    console.print(f"\na packet every 20 ms for {seconds:g} s, seed {seed}:")
    table = Table("", *WAYS, box=None)
    for label, row in _rows(figures):
        table.add_row(label, *row)
    console.print(table)


def _rows(figures: dict[Way, Figures]) -> list[tuple[str, list[str]]]:
    def shown(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    both = list(figures.values())
    return [
        ("lost", [f"{f.loss:.2%}" for f in both]),
        ("lost after a lost one", [shown(f.loss_after_loss, ".2%") for f in both]),
        ("lost in a row, mean", [shown(f.mean_burst, ".1f") for f in both]),
        ("delay p50, ms", [shown(f.delay_p50_ms, ".1f") for f in both]),
        ("delay p95, ms", [shown(f.delay_p95_ms, ".1f") for f in both]),
        ("delay p99, ms", [shown(f.delay_p99_ms, ".1f") for f in both]),
    ]


def show_schema() -> None:
    typer.echo(json.dumps(json_schema(), indent=1))


def run_relay(
    name: str, *, listen: str, to: str, seed: int, seconds: float | None, as_json: bool
) -> None:
    """ScenarioError, NativeMissingError."""
    scenario, folder = find(name)
    relay = Relay(
        scenario,
        listen=address_of(listen, "--listen"),
        to=address_of(to, "--to"),
        seed=seed,
        folder=folder,
    )
    typer.echo(f"listening on {relay.address[0]}:{relay.address[1]}, on to {to}", err=True)
    timer = None if seconds is None else threading.Timer(seconds, relay.stop)
    if timer is not None:
        timer.start()
    try:
        relay.run()
    except KeyboardInterrupt:
        pass  # the report is what one stops it for
    finally:
        if timer is not None:
            timer.cancel()
        relay.close()
    report = relay.report()
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _show_relayed(report)


def _show_relayed(report: dict[str, Any]) -> None:
    console = Console()
    table = Table("client", "way", "packets", "kbit/s", "lost", "delay p50, p95 ms", box=None)
    for client in report["clients"]:
        for way in WAYS:
            row = client[way]
            delays = f"{row['delay_p50_ms']}, {row['delay_p95_ms']}"
            table.add_row(
                client["client"], way, str(row["packets"]), str(row["kbps"]),
                f"{row['loss']:.1%}", delays if row["delay_p50_ms"] is not None else "–",
            )  # fmt: skip
    console.print(table)
    console.print(
        f"{report['delivered']} packets sent on; later than decided by p50 "
        f"{report['error_p50_ms']} ms, p99 {report['error_p99_ms']} ms, at most "
        f"{report['error_max_ms']} ms"
    )


def simulate_one(name: str, *, seed: int, seconds: float, plan: str | None, as_json: bool) -> None:
    """ScenarioError, NativeMissingError, SettingsError."""
    scenario, folder = find(name)
    up_plan = UPLINK_PLAN if plan is None else plan_from_flag(plan)
    outcome = simulate(scenario, seed=seed, folder=folder, seconds=seconds, up_plan=up_plan)
    done = outcome.to_dict()
    if as_json:
        typer.echo(json.dumps({**done, "ledgers": outcome.ledgers}))
        return
    console = Console()
    came_up = done["connected_s"]
    console.print(
        "the call never came up" if came_up is None else f"the call came up after {came_up:.2f} s"
    )
    delays = ""
    if done["turn_p50_ms"] is not None:
        delays = f"; to the answer p50 {done['turn_p50_ms']} ms, p95 {done['turn_p95_ms']} ms"
    console.print(f"{done['answered']} of {done['asked']} turns answered{delays}")
    table = Table("way", "kbit/s", "lost", "delay p50, p95 ms", "heard, by frame", box=None)
    for way, ear in (("up", "ingest"), ("down", "ear")):
        row = done[way]
        frames = ", ".join(f"{mark} {n}" for mark, n in done[ear].items())
        delay = f"{row['delay_p50_ms']}, {row['delay_p95_ms']}"
        table.add_row(way, str(row["kbps"]), f"{row['loss']:.1%}", delay, frames)
    console.print(table)
