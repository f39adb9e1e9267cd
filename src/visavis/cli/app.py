"""The commands and their flags. What they do is imported when they run, so that --help is
quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from visavis.cli.flags import (
    ApiKey,
    AsJson,
    Config,
    Insecure,
    Llm,
    Plan,
    Pull,
    Server,
    Transport,
)
from visavis.cli.group import ErrorsAsSentences
from visavis.cli.netlab_commands import netlab_app

app = typer.Typer(
    name="visavis",
    cls=ErrorsAsSentences,
    help="Talk with an AI by voice, over WebRTC, on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
models_app = typer.Typer(
    help="The weights of the models that run on this machine.", no_args_is_help=True
)
app.add_typer(models_app, name="models")
app.add_typer(netlab_app, name="netlab")


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Talk with an AI by voice, over WebRTC, on your own machine."""
    import logging
    import sys

    import structlog

    # Standard output is for results; `serve` sets its own logging once it knows the settings.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if debug else logging.WARNING
        ),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="HTTP port.", show_default=False)
    ] = None,
    udp_ports: Annotated[
        str | None, typer.Option(help="Range of UDP ports for media, as 40000-40100.")
    ] = None,
    public_ip: Annotated[
        list[str] | None, typer.Option(help="Address that clients are told; may be repeated.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key (PEM).")] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep every call in this folder, for `visavis replay`.")
    ] = None,
    llm: Llm = None,
    config: Config = None,
    pull: Pull = True,
) -> None:
    """Start the server and its page."""
    from visavis.cli.serve import ServeFlags, run_serve

    run_serve(
        ServeFlags(
            host=host,
            port=port,
            udp_ports=udp_ports,
            public_ips=public_ip or [],
            tls_cert=tls_cert,
            tls_key=tls_key,
            record=record,
            llm=llm,
            config=config,
            pull=pull,
        )
    )


@app.command()
def call(
    wav: Annotated[
        list[Path] | None,
        typer.Option("--wav", help="Recording to speak; may be repeated.", show_default=False),
    ] = None,
    turns: Annotated[
        str | None,
        typer.Option(help="A script of turns (JSON file), or how many turns.", show_default=False),
    ] = None,
    server: Server = None,
    report: Annotated[Path | None, typer.Option(help="Write a report page (HTML).")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the call as stereo WAV: left you, right the agent.")
    ] = None,
    as_json: AsJson = False,
    transport: Transport = "auto",
    api_key: ApiKey = None,
    insecure: Insecure = False,
    plan: Plan = None,
    llm: Llm = None,
    config: Config = None,
    pull: Pull = True,
) -> None:
    """Make one call with recordings, and show its transcript and delays."""
    from visavis.cli.call import CallFlags, run_call

    run_call(
        CallFlags(
            wavs=wav or [],
            turns=turns,
            server=server,
            report=report,
            out=out,
            as_json=as_json,
            transport=transport,
            api_key=api_key,
            insecure=insecure,
            plan=plan,
            llm=llm,
            config=config,
            pull=pull,
        )
    )


@app.command()
def talk(
    server: Server = None,
    transport: Transport = "auto",
    echo_cancellation: Annotated[
        bool, typer.Option(help="Take the loudspeaker out of the microphone.")
    ] = True,
    input_device: Annotated[
        str | None, typer.Option(help="Microphone: number or part of its name.")
    ] = None,
    output_device: Annotated[
        str | None, typer.Option(help="Loudspeaker: number or part of its name.")
    ] = None,
    api_key: ApiKey = None,
    insecure: Insecure = False,
    plan: Plan = None,
    llm: Llm = None,
    config: Config = None,
    pull: Pull = True,
) -> None:
    """Talk from this terminal, with this machine's microphone and loudspeaker."""
    from visavis.cli.talk import TalkFlags, run_talk

    run_talk(
        TalkFlags(
            server=server,
            transport=transport,
            echo_cancellation=echo_cancellation,
            input_device=input_device,
            output_device=output_device,
            api_key=api_key,
            insecure=insecure,
            plan=plan,
            llm=llm,
            config=config,
            pull=pull,
        )
    )


@app.command()
def doctor(
    as_json: AsJson = False,
    speed: Annotated[bool, typer.Option(help="Also measure how fast the models run here.")] = True,
    config: Config = None,
) -> None:
    """What this machine has, what it lacks, and what to do about it."""
    from visavis.cli.doctor import run_doctor

    run_doctor(as_json=as_json, speed=speed, config=config)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A call recorded by `visavis serve --record`.")],
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Take the models' words from the recording.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Run a recorded call again, in virtual time, and show what came out differently."""
    from visavis.cli.replay import run_replay

    run_replay(file, scripted=scripted, as_json=as_json, config=config)


@app.command()
def version() -> None:
    """Which visavis this is."""
    from visavis.cli.version import show_version

    show_version()


@models_app.command("pull")
def models_pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Sets or files; default: what this machine needs.", show_default=False),
    ] = None,
) -> None:
    """Fetch the weights that are missing, and verify them."""
    from visavis.cli.models import pull

    pull(names or [])


@models_app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """Which weights there are, and which are on this machine."""
    from visavis.cli.models import show_list

    show_list(as_json)


@models_app.command("verify")
def models_verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Sets or files; default: all present.", show_default=False),
    ] = None,
) -> None:
    """Hash the weights again."""
    from visavis.cli.models import verify

    verify(names or [])
