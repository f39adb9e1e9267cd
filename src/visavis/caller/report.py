"""A call's result as one HTML file that needs nothing else: no scripts, no fonts, no network."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from visavis.caller.result import CallResult, TurnResult
from visavis.caller.waterfall import bars, span
from visavis.errors import AudioError
from visavis.seam import RATE_OUT, Pcm

_WAVE_WIDTH, _WAVE_HEIGHT = 1000, 56
_ROW, _LABEL, _CHART = 20, 130, 700

STYLE = """
:root { color-scheme: light dark; --bg:#fbfaf8; --card:#fff; --ink:#1d1c1a; --soft:#6d6a64;
  --line:#e4e1db; --you:#3c6fd4; --agent:#1f8a5b; --wait:#d9a013; --model:#2a9db5;
  --net:#a35bbf; --total:#1f8a5b; --bad:#c43d3d; }
@media (prefers-color-scheme: dark) { :root { --bg:#161513; --card:#201f1c; --ink:#ece9e3;
  --soft:#a09c94; --line:#37352f; --you:#7ea6f4; --agent:#57c493; --wait:#e6b84a;
  --model:#58c3d8; --net:#cb8fe2; --total:#57c493; --bad:#ef7d7d; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--bg); color:var(--ink);
  font:15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width:960px; margin:0 auto; padding:32px 20px 64px; }
h1 { font-size:24px; margin:0 0 4px; } h2 { font-size:16px; margin:32px 0 10px; }
.soft { color:var(--soft); } .bad { color:var(--bad); }
.card { background:var(--card); border:1px solid var(--line); border-radius:12px;
  padding:16px 18px; margin:10px 0; overflow-x:auto; }
.facts { display:flex; flex-wrap:wrap; gap:10px; margin:18px 0; }
.facts div { background:var(--card); border:1px solid var(--line); border-radius:12px;
  padding:10px 16px; } .facts b { display:block; font-size:20px; }
.said { display:grid; grid-template-columns:64px 56px 1fr; gap:4px 10px; }
.user { color:var(--you); font-weight:600; } .assistant { color:var(--agent); font-weight:600; }
del { opacity:.5; } svg { display:block; width:100%; height:auto; }
svg text { fill:var(--soft); font-size:12px; } svg .v { fill:var(--ink); }
.wait{fill:var(--wait)} .model{fill:var(--model)} .line{fill:var(--net)} .total{fill:var(--total)}
.w-you{fill:var(--you)} .w-agent{fill:var(--agent)} .grid{stroke:var(--line)}
.mark{stroke:var(--bad);stroke-dasharray:3 3}
table { border-collapse:collapse; width:100%; font-variant-numeric:tabular-nums; }
td,th { text-align:right; padding:4px 10px; border-bottom:1px solid var(--line); }
th { color:var(--soft); font-weight:500; }
"""


def write_report(path: Path, result: CallResult) -> None:
    """Write the page. AudioError if the file cannot be written."""
    try:
        path.write_text(render_report(result), encoding="utf-8")
    except OSError as error:
        raise AudioError(f"cannot write {path}: {error.strerror or error}") from error


def render_report(result: CallResult) -> str:
    """The page as a string."""
    waves = _waves(result) if result.tracks is not None else ""
    turns = "".join(_turn(turn) for turn in result.turns)
    errors = "".join(f'<p class="bad">{escape(error)}</p>' for error in result.errors)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>visavis call {escape(result.call_id)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>Call</h1><p class='soft'>{escape(result.call_id)} · "
        f"{escape(result.server)} · ended: {escape(result.ended)}</p>{errors}"
        f"{_facts(result)}<h2>Both sides</h2>{waves}"
        f"<h2>Transcript</h2>{_transcript(result)}<h2>Turns</h2>{turns}"
        f"<h2>Link</h2>{_link(result.client_link)}</main></body></html>\n"
    )


def _facts(result: CallResult) -> str:
    delays = sorted(t.voice_to_voice_ms for t in result.turns if t.voice_to_voice_ms is not None)
    facts = [("transport", result.transport), ("length", f"{result.duration_s:.1f} s")]
    if delays:
        facts.append(("voice to voice, median", f"{delays[len(delays) // 2]:.0f} ms"))
        facts.append(("fastest and slowest", f"{delays[0]:.0f} – {delays[-1]:.0f} ms"))
    cells = "".join(
        f"<div><span class='soft'>{escape(name)}</span><b>{escape(value)}</b></div>"
        for name, value in facts
    )
    return f"<div class='facts'>{cells}</div>"


def _transcript(result: CallResult) -> str:
    rows = []
    for line in result.lines:
        if not line.text.strip():
            continue
        text = escape(line.text.strip())
        if line.interrupted and line.heard is not None and line.text.startswith(line.heard):
            text = f"{escape(line.heard)}<del>{escape(line.text[len(line.heard) :])}</del>"
        who = "you" if line.role == "user" else "agent"
        rows.append(
            f"<span class='soft'>{max(0.0, line.at):.1f} s</span>"
            f"<span class='{line.role}'>{who}</span><span>{text}</span>"
        )
    return f"<div class='card said'>{''.join(rows)}</div>"


def _turn(turn: TurnResult) -> str:
    notes = []
    if turn.cut_off:
        notes.append("<span class='bad'>cut off before the end</span>")
    if turn.unanswered:
        notes.append("<span class='bad'>no reply</span>")
    if turn.interruption is not None:
        for words, ms in (
            ("agent ducked", turn.interruption.ducked_ms),
            ("silent", turn.interruption.silent_ms),
            ("back", turn.interruption.resumed_ms),
        ):
            if ms is not None:
                notes.append(f"{words} after {ms:.0f} ms")
    head = f"<b>Turn {turn.index + 1}</b> <span class='soft'>{escape(turn.name)}</span>"
    more = f" · {' · '.join(notes)}" if notes else ""
    return f"<div class='card'>{head}{more}{_waterfall(turn)}</div>"


def _waterfall(turn: TurnResult) -> str:
    rows = bars(turn)
    if not rows:
        return ""
    low, high = span(rows)
    height = _ROW * len(rows) + 24
    scale = _CHART / (high - low)
    parts = []
    step = next(s for s in (50, 100, 200, 500, 1000, 2000, 5000, 10**9) if (high - low) / s <= 9)
    tick = low // step * step
    while tick <= high:
        if tick >= low:
            x = _LABEL + (tick - low) * scale
            parts.append(
                f"<line class='{'mark' if tick == 0 else 'grid'}' x1='{x:.1f}' x2='{x:.1f}' "
                f"y1='0' y2='{height - 18}'/><text x='{x:.1f}' y='{height - 4}' "
                f"text-anchor='middle'>{tick:.0f}</text>"
            )
        tick += step
    for index, bar in enumerate(rows):
        y = index * _ROW
        x, width = _LABEL + (bar.start - low) * scale, max(2.0, (bar.end - bar.start) * scale)
        parts.append(
            f"<text x='{_LABEL - 8}' y='{y + 14}' text-anchor='end'>{escape(bar.label)}</text>"
            f"<rect class='{bar.kind}' x='{x:.1f}' y='{y + 4}' width='{width:.1f}' height='12' "
            f"rx='3'/><text class='v' x='{x + width + 6:.1f}' y='{y + 14}'>{bar.end:.0f} ms</text>"
        )
    width = _LABEL + _CHART + 80
    return f"<svg viewBox='0 0 {width} {height}' role='img'>{''.join(parts)}</svg>"


def _waves(result: CallResult) -> str:
    assert result.tracks is not None
    length = max(len(result.tracks.left), len(result.tracks.right), 1)
    you = _wave(result.tracks.left, length, 0, "w-you")
    agent = _wave(result.tracks.right, length, _WAVE_HEIGHT + 8, "w-agent")
    seconds = length / RATE_OUT
    height = 2 * _WAVE_HEIGHT + 8
    marks = "".join(
        f"<line class='mark' x1='{x:.1f}' x2='{x:.1f}' y1='0' y2='{height}'/>"
        for turn in result.turns
        for x in [turn.end / seconds * _WAVE_WIDTH]
    )
    step = next(s for s in (1, 2, 5, 10, 30, 60, 300, 10**9) if seconds / s <= 16)
    ticks = "".join(
        f"<text x='{at / seconds * _WAVE_WIDTH:.1f}' y='{height + 16}'>{at} s</text>"
        for at in range(0, int(seconds) + 1, step)
    )
    return (
        f"<div class='card'><svg viewBox='0 0 {_WAVE_WIDTH} {height + 20}' role='img' "
        f"aria-label='above the person, below the agent'>{you}{agent}{marks}{ticks}</svg></div>"
    )


def _wave(pcm: Pcm, length: int, top: int, css: str) -> str:
    """Peaks of a track as one filled outline."""
    columns = _WAVE_WIDTH // 2
    padded = np.zeros(max(columns, -(-length // columns) * columns), np.int32)
    padded[: len(pcm)] = np.abs(pcm.astype(np.int32))
    peaks = padded.reshape(columns, -1).max(axis=1) / 32768.0
    # A square root lets quiet speech be seen beside loud speech.
    half = np.maximum(np.sqrt(peaks) * _WAVE_HEIGHT / 2, 0.4)
    middle = top + _WAVE_HEIGHT / 2
    above = [f"{i * 2},{middle - h:.1f}" for i, h in enumerate(half)]
    below = [f"{i * 2},{middle + h:.1f}" for i, h in reversed(list(enumerate(half)))]
    return f"<polygon class='{css}' points='{' '.join(above + below)}'/>"


_LINK_COLUMNS = (
    ("at", "s", 1.0),
    ("rtt_ms", "round trip ms", 1.0),
    ("jitter_ms", "jitter ms", 1.0),
    ("received", "received", 1.0),
    ("lost", "lost", 1.0),
    ("recovered", "recovered", 1.0),
    ("concealed", "concealed", 1.0),
    ("buffer_ms", "buffer ms", 1.0),
    ("bitrate_up", "kb/s in", 1e-3),
    ("bitrate_down", "kb/s out", 1e-3),
)


def _link(reports: list[dict[str, Any]]) -> str:
    if not reports:
        return "<p class='soft'>This transport reports nothing about the link.</p>"
    head = "".join(f"<th>{escape(title)}</th>" for _, title, _ in _LINK_COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(r.get(k), f)}</td>" for k, _, f in _LINK_COLUMNS) + "</tr>"
        for r in reports[:600]
    )
    return f"<div class='card'><table><tr>{head}</tr>{body}</table></div>"


def _cell(value: Any, factor: float) -> str:
    if not isinstance(value, int | float):
        return "–"
    scaled = value * factor
    return f"{scaled:.0f}" if scaled == int(scaled) else f"{scaled:.1f}"
