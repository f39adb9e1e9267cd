"""A call's result for people at a terminal."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from visavis.caller.result import CallResult, TurnResult
from visavis.caller.waterfall import bars, span

_COLOURS = {"wait": "yellow", "model": "cyan", "line": "magenta", "total": "bold green"}
_WIDTH = 46


def show_result(console: Console, result: CallResult) -> None:
    """Print the transcript of both sides and the waterfall of each turn."""
    console.print()
    for line in result.lines:
        if not line.text.strip():
            continue
        who = Text("you  ", "bold blue") if line.role == "user" else Text("agent", "bold green")
        said = Text(line.text.strip())
        if line.interrupted and line.heard is not None and line.text.startswith(line.heard):
            said.stylize("strike dim", len(line.heard))
        console.print(Text(f"{max(0.0, line.at):6.1f} s  ", "dim"), who, " ", said, sep="")
    for turn in result.turns:
        console.print()
        console.print(_title(turn))
        chart = waterfall(turn)
        if chart is not None:
            console.print(chart)
    console.print()
    console.print(_summary(result))
    for error in result.errors:
        console.print(Text(f"server error: {error}", "red"))


def _title(turn: TurnResult) -> Text:
    title = Text(f"Turn {turn.index + 1}", "bold")
    title.append(f"  {turn.name}", "dim")
    if turn.unanswered:
        title.append("  no reply", "red")
    if turn.cut_off:
        title.append("  cut off before the end", "red")
    stopped = turn.interruption
    if stopped is not None:
        for words, ms in (
            ("agent ducked", stopped.ducked_ms),
            ("silent", stopped.silent_ms),
            ("back", stopped.resumed_ms),
        ):
            if ms is not None:
                title.append(f"  {words} after {ms:.0f} ms", "magenta")
    return title


def waterfall(turn: TurnResult) -> RenderableType | None:
    """One row a step, on one scale; None if nothing is known of the turn."""
    rows = bars(turn)
    if not rows:
        return None
    low, high = span(rows)
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", min_width=15)
    table.add_column(min_width=_WIDTH)
    table.add_column(justify="right")
    for bar in rows:
        first = round((bar.start - low) / (high - low) * _WIDTH)
        last = max(first + 1, round((bar.end - low) / (high - low) * _WIDTH))
        drawn = Text(" " * first + "━" * (last - first), _COLOURS[bar.kind])
        table.add_row(Text(bar.label, "dim"), drawn, f"{bar.end:.0f} ms")
    return table


def _summary(result: CallResult) -> Text:
    delays = sorted(t.voice_to_voice_ms for t in result.turns if t.voice_to_voice_ms is not None)
    words = [f"{result.duration_s:.1f} s over {result.transport}"]
    if delays:
        middle = delays[len(delays) // 2]
        words.append(f"voice to voice {middle:.0f} ms (median of {len(delays)})")
    rtts = [r["rtt_ms"] for r in result.client_link if r.get("rtt_ms") is not None]
    if rtts:
        words.append(f"round trip {sorted(rtts)[len(rtts) // 2]:.1f} ms")
    received = sum(r.get("received", 0) for r in result.client_link)
    if received:
        lost = sum(r.get("lost", 0) for r in result.client_link)
        words.append(f"{lost} of {received + lost} packets lost")
    return Text(" · ".join(words), "bold")
