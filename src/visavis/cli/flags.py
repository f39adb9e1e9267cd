"""Flags that several commands take, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file (TOML).", show_default=False)
]
Llm = Annotated[
    str | None,
    typer.Option("--llm", help="Language model: auto, 1.5b, 0.5b, or remote.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Server = Annotated[
    str | None,
    typer.Option("--server", help="URL of a running server. Default: start one for this call."),
]
Transport = Annotated[
    str, typer.Option("--transport", help="webrtc, ws, or auto: WebRTC if it is possible.")
]
ApiKey = Annotated[
    str | None, typer.Option("--api-key", envvar="VISAVIS_API_KEY", help="Key for the server.")
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Accept a TLS certificate that nobody vouches for.")
]
Plan = Annotated[
    str | None,
    typer.Option(
        "--plan",
        help="How the microphone is sent, as red=1,2,dred=200,fec=no.",
        show_default=False,
    ),
]
Pull = Annotated[
    bool, typer.Option("--pull/--no-pull", help="Fetch missing weights before starting.")
]
