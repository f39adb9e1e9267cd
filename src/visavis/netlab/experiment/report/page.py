"""The page: strategies over all networks, each network, and what happened when in one call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from visavis.caller.report import STYLE
from visavis.errors import SettingsError
from visavis.netlab.experiment.experiment import Experiment
from visavis.netlab.experiment.report.charts import delays, legend, scatter
from visavis.netlab.experiment.summary import Row, Summary, counts, summarise
from visavis.netlab.experiment.timeline import STEP_S
from visavis.netlab.experiment.trial import Depth, Result
from visavis.netlab.simulate import BEGIN_S

_HERE: Final = Path(__file__).parent
_DEPTHS: Final = {
    Depth.MEDIA: "full media: the whole product on both ends",
    Depth.PACKETS: "packet level: no codec, simple models of both listeners",
}
_LIGHT: Final = ("#3c6fd4", "#c4472f", "#1f8a5b", "#9a5bc0", "#c98a00", "#14889c", "#8a6a4f",
                 "#d0508f")  # fmt: skip
_DARK: Final = ("#7ea6f4", "#f0856d", "#57c493", "#cb8fe2", "#e6b84a", "#58c3d8", "#c7a385",
                "#f28cbd")  # fmt: skip
Column = tuple[str, str, str]
"""Title, attribute of `Summary`, format."""
_COLUMNS: Final[tuple[Column, ...]] = (
    ("words lost", "words_lost", ".2%"),
    ("agent unheard", "unheard", ".2%"),
    ("turns answered", "answered", ".1%"),
    ("kbit/s, both ways", "kbps", ".1f"),
    ("answer p50 ms", "turn_p50_ms", ".0f"),
    ("answer p95 ms", "turn_p95_ms", ".0f"),
    ("word p95 ms", "word_p95_ms", ".0f"),
    ("ear p95 ms", "ear_p95_ms", ".0f"),
    ("plans a minute", "plans", ".1f"),
)
_LESS_IS_BETTER: Final = frozenset({"words_lost", "unheard", "kbps", "turn_p95_ms", "word_p95_ms"})


def write_report(path: Path, experiment: Experiment, results: Sequence[Result]) -> None:
    """Write the page. SettingsError if the file cannot be written."""
    try:
        part = path.with_suffix(".part")
        part.write_text(render_report(experiment, results), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror or error}.") from error


def render_report(experiment: Experiment, results: Sequence[Result]) -> str:
    """The page as a string; the same for the same results."""
    rows = [result.row for result in results]
    names = [strategy.name for strategy in experiment.strategies]
    by_scenario: dict[str, list[Row]] = {}
    for row in rows:
        by_scenario.setdefault(row["scenario"], []).append(row)
    what = {scenario.name: scenario.what for scenario, _ in experiment.scenarios}
    minutes = len(rows) * experiment.seconds / 60
    facts = [
        ("networks", str(len(experiment.scenarios))),
        ("strategies", str(len(names))),
        ("calls of each", str(experiment.seeds)),
        ("call-minutes", f"{minutes:,.0f}"),
    ]
    cells = "".join(
        f"<div><span class='soft'>{escape(name)}</span><b>{escape(value)}</b></div>"
        for name, value in facts
    )
    sent = "".join(
        f"<tr><td class='l'>{escape(each.name)}</td><td class='l'>{escape(each.what)}</td></tr>"
        for each in experiment.strategies
    )
    one_by_one = "".join(
        _scenario(name, what[name], some, names) for name, some in by_scenario.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>visavis netlab</title><style>{STYLE}{_style(len(names))}</style></head>"
        "<body><main>"
        f"<h1>Strategies on weak networks</h1><p class='soft'>{_DEPTHS[experiment.depth]}; "
        f"calls of {experiment.seconds:g} s, seeds 0 to {experiment.seeds - 1}</p>"
        f"<div class='facts'>{cells}</div>"
        f"<h2>Over all networks</h2>{_all(rows, names)}"
        f"<h2>A call from inside</h2>{_timelines(results)}"
        f"<h2>Network by network</h2>{one_by_one}"
        f"<h2>The strategies</h2><div class='card'><table>{sent}</table></div>"
        f"<p class='soft'>{_NOTES}</p></main></body></html>\n"
    )


_NOTES: Final = (
    "A word is lost if more than a quarter of its sound never reached the recogniser; what was "
    "said before the line was up counts too. Agent unheard: of its speech, what the caller's ear "
    "did not get in time. Bits are counted as sent, with IP and UDP headers. Answer: from the end "
    "of what the caller says to the first sound of the answer, the median over calls of each "
    "call's percentile. Word and ear: from mouth to recogniser and from voice to ear."
)


def _style(strategies: int) -> str:
    def colours(values: Iterable[str]) -> str:
        return "".join(f"--s{n}:{value};" for n, value in enumerate(values))

    used = "".join(
        f".dot.s{n}{{fill:var(--s{n % 8})}}.line.s{n}{{stroke:var(--s{n % 8})}}"
        f".legend .s{n}{{background:var(--s{n % 8})}}"
        for n in range(strategies)
    )
    dashed = "".join(f".line.s{n}{{stroke-dasharray:6 3}}" for n in range(8, strategies))
    return (
        f":root{{{colours(_LIGHT)}}}@media (prefers-color-scheme:dark){{:root{{{colours(_DARK)}}}}}"
        + used
        + dashed
        + (_HERE / "page.css").read_text(encoding="utf-8")
    )


def _all(rows: Sequence[Row], names: Sequence[str]) -> str:
    return f"<div class='card'>{_table(summarise(rows), names)}</div>" + _charts(rows, names)


def _charts(rows: Sequence[Row], names: Sequence[str]) -> str:
    found = summarise(rows)
    of = {name: [row for row in rows if row["strategy"] == name] for name in names}
    by_bits = scatter(
        [(s.strategy, names.index(s.strategy), s.kbps, 100 * s.words_lost) for s in found],
        x_title="kbit/s, both ways together",
        y_title="words lost, %",
    )
    unheard = scatter(
        [(s.strategy, names.index(s.strategy), s.kbps, 100 * s.unheard) for s in found],
        x_title="kbit/s, both ways together",
        y_title="agent unheard, %",
    )

    def curves(column: str) -> str:
        title = {"word_delays": "mouth to recogniser, ms", "ear_delays": "voice to ear, ms"}[column]
        return delays(
            [(name, n, counts(of[name], column)) for n, name in enumerate(names) if of[name]],
            x_title=title,
        )

    return (
        f"{legend(names)}<div class='two'>"
        f"<div class='card'><b>Words lost against bits</b>{by_bits}</div>"
        f"<div class='card'><b>The agent's speech unheard against bits</b>{unheard}</div>"
        f"<div class='card'><b>How soon words are known</b>{curves('word_delays')}</div>"
        f"<div class='card'><b>How soon the agent is heard</b>{curves('ear_delays')}</div>"
        "</div>"
    )


def _table(found: Sequence[Summary], names: Sequence[str]) -> str:
    best = {field: _least([getattr(each, field) for each in found]) for field in _LESS_IS_BETTER}
    head = "".join(f"<th>{escape(title)}</th>" for title, _, _ in _COLUMNS)
    body = ""
    for each in found:
        cells = ""
        for _, field, form in _COLUMNS:
            value = getattr(each, field)
            first = value is not None and value == best.get(field)
            shown = "–" if value is None else format(value, form)
            cells += f"<td>{f'<b>{shown}</b>' if first else shown}</td>"
        colour = f"<i class='key s{names.index(each.strategy)}'></i>"
        name = f"<span>{colour}{escape(each.strategy)}</span>"
        body += f"<tr><td class='l legend'>{name}</td>{cells}</tr>"
    return f"<table><tr><th class='l'>strategy</th>{head}</tr>{body}</table>"


def _least(values: Sequence[float | None]) -> float | None:
    """None if all are the same."""
    known = [value for value in values if value is not None]
    return min(known) if len(set(values)) > 1 and known else None


def _scenario(name: str, what: str, rows: Sequence[Row], names: Sequence[str]) -> str:
    found = summarise(rows)
    lost = [100 * s.words_lost for s in found]
    spread = f"{min(lost):.1f}" if min(lost) == max(lost) else f"{min(lost):.1f} – {max(lost):.1f}"
    loss = sum(row["up_loss"] for row in rows) / len(rows)
    return (
        f"<details class='card'><summary><b>{escape(name)}</b> <span class='soft'>"
        f"{escape(what)}</span><span class='fig'>lost: {100 * loss:.1f} % of packets up, "
        f"{spread} % of words</span></summary>"
        f"{_table(found, names)}{_charts(rows, names)}</details>"
    )


def _timelines(results: Sequence[Result]) -> str:
    calls = [
        {
            "scenario": result.row["scenario"],
            "strategy": result.row["strategy"],
            "seed": result.row["seed"],
            **result.timeline,
        }
        for result in results
        if result.timeline is not None
    ]
    told: dict[str, Any] = {"from": BEGIN_S, "step": STEP_S, "calls": calls}
    # Nothing in the data may end the script that holds it.
    data = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    script = (_HERE / "timeline.js").read_text(encoding="utf-8")
    return (
        "<div class='card'><p class='choose'><label>network <select id='scenario'></select></label>"
        "<label>strategy <select id='strategy'></select></label>"
        "<label>way <select id='way'><option value='up'>up, to the recogniser</option>"
        "<option value='down'>down, to the ear</option></select></label></p>"
        "<div id='timeline'></div></div>"
        f"<script type='application/json' id='calls'>{data}</script><script>{script}</script>"
    )
