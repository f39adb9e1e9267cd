"""The commands of `visavis netlab` and their flags."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from visavis.cli.flags import ApiKey, AsJson, Insecure, Plan

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


@netlab_app.command("check")
def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="The check as a TOML file; options go on top.", show_default=False),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(help="URL that takes the offer. Default: visavis itself, in virtual time."),
    ] = None,
    signalling: Annotated[
        str | None,
        typer.Option(help="How the agent is asked: realtime, sdp (WHIP) or json. Default: by URL."),
    ] = None,
    networks: Annotated[
        str | None,
        typer.Option(help="Names or TOML files joined by commas.  [default: voice12]"),
    ] = None,
    answer_within: Annotated[
        float | None, typer.Option(help="Seconds to the answer, at p95.  [default: 1.5]")
    ] = None,
    hear: Annotated[
        float | None, typer.Option(help="Share of the words said, 0 to 1.  [default: 0.95]")
    ] = None,
    calls: Annotated[int | None, typer.Option(help="On each network.  [default: 3]")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed is the same networks.")] = None,
    wav: Annotated[
        list[Path] | None,
        typer.Option("--wav", help="What to say, its words in a .txt beside it; may be repeated."),
    ] = None,
    heard_from: Annotated[
        str | None,
        typer.Option(help="Where the agent's messages say what it heard (docs/check.md)."),
    ] = None,
    wait: Annotated[
        float | None, typer.Option(help="Seconds before the first question, while it greets.")
    ] = None,
    at_once: Annotated[int | None, typer.Option(help="Calls at a time.")] = None,
    as_json: AsJson = False,
    junit: Annotated[Path | None, typer.Option(help="Also write JUnit XML.")] = None,
    api_key: ApiKey = None,
    insecure: Insecure = False,
) -> None:
    """Whether an agent answers in time and hears the words, on weak networks.

    Exit code 0: on all of them; 1: not on all; 2: it could not be found out.
    """
    from visavis.cli.check import run

    options = {
        "agent": agent,
        "signalling": signalling,
        "networks": None if networks is None else [name.strip() for name in networks.split(",")],
        "answer_within_s": answer_within,
        "hear": hear,
        "calls": calls,
        "seed": seed,
        "say": [{"wav": path} for path in wav] if wav else None,
        "heard_from": heard_from,
        "wait_s": wait,
        "at_once": at_once,
        "api_key": api_key,
        "verify_tls": False if insecure else None,
    }
    raise typer.Exit(run(file, as_json=as_json, junit=junit, options=options))


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
