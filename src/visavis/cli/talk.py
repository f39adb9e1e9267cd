"""`visavis talk`: a conversation at the terminal, by this machine's microphone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from visavis.caller import CallOptions, connect
from visavis.caller.duplex import Duplex
from visavis.caller.notes import Notes
from visavis.cli.calling import CallerFlags, a_server, call_options
from visavis.errors import CallFailed
from visavis.seam import LinkReport, Pcm

_LINES = 12
_METER = 24


@dataclass(slots=True, kw_only=True)
class TalkFlags(CallerFlags):
    echo_cancellation: bool = True
    input_device: str | None = None
    output_device: str | None = None


def run_talk(flags: TalkFlags) -> None:
    """Talk until Ctrl-C or the far end hangs up. AudioError without devices."""
    console = Console()
    options = call_options(flags, console)
    duplex = Duplex(
        echo_cancellation=flags.echo_cancellation,
        input_device=flags.input_device,
        output_device=flags.output_device,
    )
    try:
        with a_server(flags, console) as url:
            options.server = url
            reason = asyncio.run(_talk(duplex, options, console))
    finally:
        duplex.close()
    if reason.startswith("error"):
        raise CallFailed(f"the call broke off: {reason}")
    console.print(f"[dim]call ended: {reason}[/dim]")


class _Conversation:
    """The link's listener: loudspeaker, captions, state."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self.notes = Notes()
        self.ended = asyncio.Event()
        self.reason = "local"

    def on_heard(self, at: float, pcm: Pcm) -> None:
        self._duplex.play(pcm)

    def on_sent(self, samples: int, at: float) -> None:
        """Nothing is measured here."""

    def on_event(self, event: dict[str, Any], at: float) -> None:
        self.notes.take(event, at)

    def on_report(self, report: LinkReport) -> None:
        """Nothing is measured here."""

    def on_closed(self, reason: str, at: float) -> None:
        self.reason = reason
        self.ended.set()

    def screen(self) -> Text:
        """Captions of both sides, state, level of the microphone."""
        out = Text()
        for line in self.notes.lines[-_LINES:]:
            who, style = (
                ("you   ", "bold blue") if line.role == "user" else ("agent ", "bold green")
            )
            out.append(who, style)
            out.append(line.text.strip(), "" if line.final else "dim")
            out.append("\n")
        filled = round(min(1.0, max(0.0, (self._duplex.level + 70) / 60)) * _METER)
        out.append("▮" * filled, "cyan")
        out.append("▯" * (_METER - filled), "dim")
        out.append(f"  {self.notes.agent} · Ctrl-C hangs up", "dim")
        return out


async def _talk(duplex: Duplex, options: CallOptions, console: Console) -> str:
    conversation = _Conversation(duplex)
    link, _ = await connect(options, duplex.take, conversation)
    duplex.start()
    console.print(f"[dim]talking with {options.server}[/dim]")
    try:
        with Live(conversation.screen(), console=console, refresh_per_second=12) as live:
            while not conversation.ended.is_set():
                if not duplex.active:
                    return "error: the sound device stopped; is it unplugged or in use?"
                live.update(conversation.screen())
                await asyncio.sleep(0.08)
    except asyncio.CancelledError:
        return "you hung up"
    finally:
        await link.close()
    return conversation.reason
