"""`visavis call`: one call with recordings, its transcript and its delays."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from visavis.audio import write_stereo
from visavis.caller import (
    CallResult,
    Utterance,
    call,
    from_files,
    load_script,
)
from visavis.caller.report import write_report
from visavis.caller.terminal import show_result
from visavis.cli.calling import CallerFlags, a_server, call_options
from visavis.cli.own_voice import QUESTIONS, say, spoken_questions
from visavis.errors import AudioError, CallFailed
from visavis.seam import RATE_OUT


@dataclass(slots=True, kw_only=True)
class CallFlags(CallerFlags):
    wavs: list[Path]
    turns: str | None = None
    report: Path | None = None
    out: Path | None = None
    as_json: bool = False


def run_call(flags: CallFlags) -> None:
    """Hold the call and show it; exit code 1 if no utterance got a reply."""
    console = Console(stderr=True)
    for path in (flags.report, flags.out):
        _check_writable(path)
    options = call_options(flags, console)
    script = make_script(flags)
    with a_server(flags, console) as url:
        options.server = url
        if not flags.as_json:
            turns = f"{len(script)} turn{'s' * (len(script) > 1)}"
            console.print(f"calling {options.server} with {turns} …")
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
