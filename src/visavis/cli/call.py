"""`visavis call`: one call with recordings, its transcript and its delays."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import typer
from rich.console import Console

from visavis.audio import write_stereo
from visavis.caller import (
    CallOptions,
    CallResult,
    TransportChoice,
    Utterance,
    call,
    from_files,
    load_script,
)
from visavis.caller.report import write_report
from visavis.caller.terminal import show_result
from visavis.cli.local_server import local_server
from visavis.cli.own_voice import QUESTIONS, say, spoken_questions
from visavis.cli.serve import ensure_weights, llm_overrides
from visavis.errors import AudioError, CallFailed
from visavis.seam import RATE_OUT, UPLINK_PLAN, SendPlan
from visavis.settings import load_settings, plan_from_flag

TRANSPORTS = ("auto", "webrtc", "ws")


@dataclass(slots=True)
class CallFlags:
    wavs: list[Path]
    turns: str | None = None
    server: str | None = None
    report: Path | None = None
    out: Path | None = None
    as_json: bool = False
    transport: str = "auto"
    api_key: str | None = None
    insecure: bool = False
    plan: str | None = None
    llm: str | None = None
    config: Path | None = None
    pull: bool = True


def run_call(flags: CallFlags) -> None:
    """Hold the call and show it; exit code 1 if no utterance got a reply."""
    console = Console(stderr=True)
    for path in (flags.report, flags.out):
        _check_writable(path)
    plan = uplink_plan(flags.plan)
    script = make_script(flags)
    with a_server(flags.server, flags.llm, flags.config, flags.pull, console) as url:
        options = CallOptions(
            url,
            transport=transport_choice(flags.transport),
            api_key=flags.api_key,
            verify_tls=not flags.insecure,
            plan=plan,
            on_notice=lambda sentence: console.print(f"[yellow]{sentence}[/yellow]"),
        )
        if not flags.as_json:
            console.print(f"calling {url} with {len(script)} turn{'s' * (len(script) > 1)} …")
        result = asyncio.run(call(script, options))
    _keep(flags, result, console)
    if flags.as_json:
        typer.echo(json.dumps(result.to_dict()))
    else:
        show_result(Console(), result)
    if all(turn.voice_to_voice_ms is None for turn in result.turns):
        raise CallFailed(
            f"the call ended ({result.ended}) without a reply: "
            + ("; ".join(result.errors) or "the server sent no error")
        )


@contextlib.contextmanager
def a_server(
    server: str | None, llm: str | None, config: Path | None, pull: bool, console: Console
) -> Iterator[str]:
    """The URL given, or that of a server started for this call."""
    if server is not None:
        yield server
        return
    models = llm_overrides(llm)
    settings = load_settings(config, {"models": models} if models else {})
    ensure_weights(settings, pull=pull, console=console)
    with (
        console.status("starting a server for this call …"),
        contextlib.ExitStack() as stack,
    ):
        arguments = ["--llm", llm] if llm else []
        arguments += ["--config", str(config)] if config else []
        running = stack.enter_context(local_server(*arguments))
        stack = stack.pop_all()
    with stack:
        yield running.url


def make_script(flags: CallFlags) -> list[Utterance]:
    """What to say: a script, recordings, or questions in the project's own voice."""
    if flags.turns is not None and not flags.turns.isdecimal():
        if flags.wavs:
            raise AudioError("give --wav or a script by --turns, not both")
        return load_script(Path(flags.turns), say)
    turns = None if flags.turns is None else int(flags.turns)
    if flags.wavs:
        return from_files(flags.wavs, turns)
    return spoken_questions(len(QUESTIONS) if turns is None else turns)


def uplink_plan(text: str | None) -> SendPlan:
    """What `--plan` says, or how speech is sent by default. SettingsError."""
    return UPLINK_PLAN if text is None else plan_from_flag(text)


def transport_choice(transport: str) -> TransportChoice:
    if transport not in TRANSPORTS:
        raise CallFailed(f"--transport is {transport!r}; expected {', '.join(TRANSPORTS)}")
    return cast(TransportChoice, transport)


def _check_writable(path: Path | None) -> None:
    """A long call should not fail at its end for a wrong path."""
    if path is not None and not path.absolute().parent.is_dir():
        raise AudioError(f"cannot write {path}: there is no folder {path.absolute().parent}")


def _keep(flags: CallFlags, result: CallResult, console: Console) -> None:
    if flags.out is not None and result.tracks is not None:
        write_stereo(flags.out, result.tracks, RATE_OUT)
        console.print(f"wrote {flags.out} (left: you, right: the agent)")
    if flags.report is not None:
        write_report(flags.report, result)
        console.print(f"wrote {flags.report}")
