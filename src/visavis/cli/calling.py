"""What `visavis call` and `visavis talk` have in common: how they call, and whom."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rich.console import Console

from visavis.caller import CallOptions, TransportChoice
from visavis.cli.local_server import local_server
from visavis.cli.serve import ensure_weights, llm_overrides
from visavis.errors import CallFailed
from visavis.seam import UPLINK_PLAN
from visavis.settings import load_settings, plan_from_flag

TRANSPORTS = ("auto", "webrtc", "ws")


@dataclass(slots=True, kw_only=True)
class CallerFlags:
    """What both take."""

    server: str | None = None
    transport: str = "auto"
    api_key: str | None = None
    insecure: bool = False
    plan: str | None = None
    llm: str | None = None
    config: Path | None = None
    pull: bool = True


def call_options(flags: CallerFlags, console: Console) -> CallOptions:
    """How to call; the server is still to be named. SettingsError and CallFailed for flags that
    make no sense."""
    return CallOptions(
        "",
        transport=_transport(flags.transport),
        api_key=flags.api_key,
        verify_tls=not flags.insecure,
        plan=UPLINK_PLAN if flags.plan is None else plan_from_flag(flags.plan),
        adapt=flags.plan is None,
        on_notice=lambda sentence: console.print(f"[yellow]{sentence}[/yellow]"),
    )


@contextlib.contextmanager
def a_server(flags: CallerFlags, console: Console) -> Iterator[str]:
    """The URL given, or that of a server started for this call."""
    if flags.server is not None:
        yield flags.server
        return
    models = llm_overrides(flags.llm)
    settings = load_settings(flags.config, {"models": models} if models else {})
    ensure_weights(settings, pull=flags.pull, console=console)
    with (
        console.status("starting a server for this call …"),
        contextlib.ExitStack() as stack,
    ):
        arguments = ["--llm", flags.llm] if flags.llm else []
        arguments += ["--config", str(flags.config)] if flags.config else []
        running = stack.enter_context(local_server(*arguments))
        stack = stack.pop_all()
    with stack:
        yield running.url


def _transport(transport: str) -> TransportChoice:
    if transport not in TRANSPORTS:
        raise CallFailed(f"--transport is {transport!r}; expected {', '.join(TRANSPORTS)}")
    return cast(TransportChoice, transport)
