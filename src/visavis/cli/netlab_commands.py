"""The commands of `visavis netlab` and their flags."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from visavis.cli.flags import AsJson, Plan

netlab_app = typer.Typer(
    help="Weak networks: look at them, and run calls through them.", no_args_is_help=True
)

Scenario = Annotated[
    str, typer.Argument(help="One of `visavis netlab list`, or a TOML file.", show_default=False)
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed is the same network.")]


@netlab_app.command("list")
def list_scenarios(as_json: AsJson = False) -> None:
    """The scenarios that come with visavis."""
    from visavis.cli.netlab import show_list

    show_list(as_json)


@netlab_app.command("show")
def show(
    scenario: Scenario,
    seed: Seed = 0,
    seconds: Annotated[
        float, typer.Option(min=1, max=86_400, help="How long it is looked at.")
    ] = 600,
    as_json: AsJson = False,
) -> None:
    """What a scenario is, and what it does to a packet every 20 ms."""
    from visavis.cli.netlab import show_scenario

    show_scenario(scenario, seed=seed, seconds=seconds, as_json=as_json)


@netlab_app.command("schema")
def schema() -> None:
    """JSON Schema of scenario files, for editors."""
    from visavis.cli.netlab import show_schema

    show_schema()


@netlab_app.command("relay")
def relay(
    scenario: Scenario,
    to: Annotated[str, typer.Option("--to", help="The server, as HOST:PORT.", show_default=False)],
    listen: Annotated[
        str, typer.Option(help="Where clients send to, as HOST:PORT.")
    ] = "127.0.0.1:0",
    seed: Seed = 0,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Stop by itself.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Carry any client's UDP to a server and back as the scenario has it, until Ctrl-C."""
    from visavis.cli.netlab import run_relay

    run_relay(scenario, listen=listen, to=to, seed=seed, seconds=seconds, as_json=as_json)


@netlab_app.command("run-one")
def run_one(
    scenario: Scenario,
    seed: Seed = 0,
    seconds: Annotated[float, typer.Option(help="Of the call, in virtual time.")] = 60,
    plan: Plan = None,
    as_json: AsJson = False,
) -> None:
    """A whole call through a scenario in virtual time, with models that follow a script."""
    from visavis.cli.netlab import simulate_one

    simulate_one(scenario, seed=seed, seconds=seconds, plan=plan, as_json=as_json)


@netlab_app.command("run")
def run(
    scenarios: Annotated[
        str, typer.Option(help="`all`, or names and TOML files, with commas between.")
    ] = "all",
    strategies: Annotated[
        str,
        typer.Option(
            help="Of plain, fec, red1, fixed, heavy, ana, adaptive, and TOML files of your own."
        ),
    ] = "fec,fixed,adaptive",
    seeds: Annotated[int, typer.Option(min=1, help="Calls for each of those, 0, 1, …")] = 20,
    seconds: Annotated[float, typer.Option(help="Of each call, in virtual time.")] = 60,
    depth: Annotated[
        str,
        typer.Option(help="media: the whole product. packets: no codec, and much faster."),
    ] = "media",
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Processes; default: one a core.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")] = Path(
        "results"
    ),
    as_json: AsJson = False,
) -> None:
    """Calls of every strategy on every scenario. Stopped on the way, it goes on where it was."""
    from visavis.cli.netlab_run import run as run_them

    run_them(
        scenarios=scenarios,
        strategies=strategies,
        seeds=seeds,
        seconds=seconds,
        depth=depth,
        jobs=jobs or os.cpu_count() or 1,
        out=out,
        as_json=as_json,
    )


@netlab_app.command("mine")
def mine(
    traces: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the patterns.")] = Path(
        "patterns"
    ),
    groups: Annotated[
        str | None,
        typer.Option(
            help="TOML file that says which recordings make one pattern, or `shipped`.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read recordings of real networks and write fitted patterns."""
    from visavis.cli.mine import run_mine

    run_mine(traces, out, groups, as_json)
