"""`visavis serve`: settings from flags, weights if they are missing, then the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from visavis.errors import SettingsError, WeightsError
from visavis.settings import Settings, load_settings


@dataclass(slots=True)
class ServeFlags:
    """What was given on the command line; None where nothing was."""

    host: str | None = None
    port: int | None = None
    udp_ports: str | None = None
    public_ips: list[str] = field(default_factory=list)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    record: Path | None = None
    llm: str | None = None
    config: Path | None = None
    pull: bool = True


def run_serve(flags: ServeFlags) -> None:
    """Serve until Ctrl-C. SettingsError, WeightsError, RecordingError."""
    from visavis.replay import CallRecorder
    from visavis.server import create_app, listen, serve

    console = Console(stderr=True)
    settings = load_settings(flags.config, overrides(flags))
    # Weights may take minutes to come; a port in use is told before.
    listen(settings.http).close()
    ensure_weights(settings, pull=flags.pull, console=console)
    recorder = None if flags.record is None else CallRecorder(flags.record, about(settings))
    app = create_app(settings, wrap_call=None if recorder is None else recorder.wrap)
    try:
        serve(settings, app=app, on_ready=lambda url: _greet(console, url, settings, flags.record))
    finally:
        if recorder is not None:
            recorder.close()


def about(settings: Settings) -> dict[str, Any]:
    """What a recording keeps of the settings: nothing secret."""
    return {
        "instructions": settings.agent.instructions,
        "greeting": settings.agent.greeting,
        "voice": settings.agent.voice,
        "models": {
            "stt": settings.models.stt,
            "llm": settings.models.llm,
            "llm_size": settings.models.llm_size,
            "tts": settings.models.tts,
        },
    }


def _greet(console: Console, url: str, settings: Settings, record: Path | None) -> None:
    console.print(f"visavis is at [bold]{url}[/bold]  (Ctrl-C stops it)")
    if not settings.http.is_loopback and settings.http.tls_cert is None:
        console.print(
            "[yellow]browsers on other devices give no microphone without TLS: set --tls-cert "
            "and --tls-key[/yellow]"
        )
    if record is not None:
        console.print(f"[yellow]every call is recorded into {record}[/yellow]")


def overrides(flags: ServeFlags) -> dict[str, Any]:
    """Flags in the shape of the settings file."""
    http = {
        "host": flags.host,
        "port": flags.port,
        "tls_cert": flags.tls_cert,
        "tls_key": flags.tls_key,
    }
    network = {"udp_ports": flags.udp_ports, "public_ips": flags.public_ips or None}
    sections: dict[str, dict[str, Any]] = {
        "http": http,
        "network": network,
        "models": llm_overrides(flags.llm),
    }
    given = {
        name: {key: value for key, value in section.items() if value is not None}
        for name, section in sections.items()
    }
    return {name: section for name, section in given.items() if section}


def llm_overrides(llm: str | None) -> dict[str, Any]:
    """`--llm` as settings: a size of the embedded model, or who else provides it."""
    if llm is None:
        return {}
    if llm in ("auto", "0.5b", "1.5b"):
        return {"llm": "embedded", "llm_size": llm}
    if llm in ("openai", "scripted"):
        return {"llm": llm}
    raise SettingsError(
        f"--llm is {llm!r}; expected auto, 1.5b or 0.5b (on this machine), openai (the service at "
        "OPENAI_BASE_URL) or scripted (for tests)"
    )


def ensure_weights(settings: Settings, *, pull: bool, console: Console) -> None:
    """Fetch what the embedded models lack, or say exactly what is missing."""
    needed = needed_sets(settings)
    if not needed:
        return
    from visavis.models.weights import WeightsStore

    store = WeightsStore()
    missing = store.missing_bytes(needed)
    if not missing:
        return
    lacking = [name for name in needed if not store.has(name)]
    if not pull:
        raise WeightsError(
            f"weights are missing: {', '.join(lacking)} ({missing / 1e6:,.0f} MB). Run `visavis "
            f"models pull {' '.join(lacking)}`, or start without --no-pull"
        )
    from visavis.cli.models import pull_with_bar

    console.print(f"fetching the weights of {', '.join(lacking)} ({missing / 1e6:,.0f} MB), once")
    pull_with_bar(store, needed, console)


def needed_sets(settings: Settings) -> list[str]:
    """The sets of weights that these settings use."""
    from visavis.models.machine import llm_to_use
    from visavis.models.weights import WeightsStore

    needed = []
    if settings.models.uses("stt", "embedded"):
        needed.append("speech")
    if "zh" in settings.models.languages and any(
        settings.models.uses(kind, "embedded") for kind in ("stt", "tts")
    ):
        needed.append("chinese")
    if settings.agent.speaker == "prefer" and settings.models.stt != "scripted":
        needed.append("speaker")
    if settings.models.uses("llm", "embedded"):
        size = settings.models.llm_size
        needed.append(llm_to_use(WeightsStore()).name if size == "auto" else f"llm-{size}")
    return needed
