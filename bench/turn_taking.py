"""Is the agent patient and quick at once, and does only what is meant for it stop it?

In the form of Full-Duplex-Bench, on human recordings (`turns/cases.py`): pauses within turns, ends
of turns, and interruptions, acknowledgements, side speech and noise while the agent speaks. The
real session with the real voice detector, recogniser and turn model in virtual time: a model's
work is charged as a fixed time (`turns/charged.py`), so the figures are the same on every machine.
The language model and the voice follow a script, at the speed measured for the real ones.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path

from harness import arguments, config_hash, finish, percentile, table
from turns.cases import Call, calls
from turns.charged import Costs
from turns.packages import CACHE
from turns.score import Over, Scores, score
from turns.virtual import Heard, Models
from visavis.conversation import ConversationSettings

FALSE = ("acknowledgement", "side", "noise")
GIVEN_WAY_S = 1.0
"""A stop later than this after an interruption is none."""

_models: Models | None = None


def _prepare(memory: Path, costs: Costs) -> None:
    global _models
    _models = Models(memory, costs)


def _hear(settings: ConversationSettings, call: Call) -> Heard:
    assert _models is not None
    return _models.hear(call, settings)


def hear(
    every: Sequence[Call], settings: ConversationSettings, costs: Costs, jobs: int
) -> list[Heard]:
    """All calls, in order, over a few processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, _prepare, (CACHE / "turns.db", costs)) as pool:
        return list(pool.imap(partial(_hear, settings), every, chunksize=2))


def rate(count: int, of: int) -> str:
    return f"{count}/{of} = {count / of:.3f}" if of else "none"


def pause_rows(scores: Scores) -> list[dict[str, object]]:
    """Take-over by where the pause is from and how long it is."""
    rows = []
    for kind in ("inserted", "natural"):
        for speakers in ("allison", "lecturer", "others"):
            for low, high in ((0.4, 0.8), (0.8, 1.3), (1.3, 9.9)):
                found = [
                    p for p in scores.pauses
                    if p.kind == kind and low <= p.seconds < high
                    and (p.speaker == speakers or (
                        speakers == "others" and p.speaker not in ("allison", "lecturer")))
                ]  # fmt: skip
                if found:
                    taken = sum(p.taken for p in found)
                    rows.append({"pause": kind, "speaker": speakers, "seconds": f"{low}-{high}",
                                 "taken over": rate(taken, len(found))})  # fmt: skip
    return rows


def over_rows(overs: Sequence[Over]) -> list[dict[str, object]]:
    rows = []
    for kind in ("interruption", *FALSE):
        found = [over for over in overs if over.kind == kind]
        for name in [None, *(sorted({o.name for o in found}) if kind == "noise" else ())]:
            part = [o for o in found if name in (None, o.name)]
            stops = [o.stopped for o in part if o.stopped is not None]
            answers = [o.latency for o in part if o.latency is not None and o.latency >= 0]
            ducks = [o.ducked for o in part if o.ducked is not None]
            rows.append({
                "while the agent speaks": kind if name is None else f"… {name}",
                "n": len(part), "stopped": len(stops),
                "stop p50 / p95 s": _spread(stops, 95),
                "ducked": len(ducks), "duck p95 s": _spread(ducks, 95),
                "answer p50 / p90 s": _spread(answers, 90),
            })  # fmt: skip
    return rows


def _spread(values: Sequence[float], q: float) -> str:
    return f"{percentile(values, 50):.2f} / {percentile(values, q):.2f}" if values else ""


def _share(count: int, of: int) -> float | None:
    return round(count / of, 4) if of else None


def _ms(values: Sequence[float], q: float) -> int | None:
    return round(percentile(values, q) * 1e3) if values else None


def figures_of(scores: Scores) -> dict[str, float | int | None]:
    ends = [e for e in scores.ends if not e.cut]
    latencies = [e.latency for e in ends if e.latency is not None]
    real = [o for o in scores.overs if o.kind == "interruption"]
    false = [o for o in scores.overs if o.kind in FALSE]
    taken = [o for o in real if o.stopped is not None and o.latency is not None]
    answers = [o.latency for o in taken if o.latency is not None and o.latency >= 0]
    stops = [o.stopped for o in real if o.stopped is not None]
    return {
        "cases": len(scores.pauses) + len(scores.ends) + len(scores.overs),
        "pause_takeover": _share(sum(p.taken for p in scores.pauses), len(scores.pauses)),
        "turn_takeover": _share(len(latencies), len(ends)),
        "turn_p50_ms": _ms(latencies, 50),
        "turn_p90_ms": _ms(latencies, 90),
        "interrupt_takeover": _share(len(taken), len(real)),
        "interrupt_p50_ms": _ms(answers, 50),
        "interrupt_early": sum(o.latency is not None and o.latency < 0 for o in real),
        "stop_p95_ms": _ms(stops, 95),
        "false_stop": _share(sum(o.stopped is not None for o in false), len(false)),
        "lost": len(scores.lost),
    }  # fmt: skip


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--split", choices=("testing", "tuning"), default="testing")
    parser.add_argument("--share", type=float, default=1.0, help="of the cases, evenly")
    parser.add_argument("--only", default="", help="calls whose name begins so")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="a conversation setting, or costs.NAME")  # fmt: skip
    parser.add_argument("--details", type=Path, help="write every case here, as JSON")
    options = parser.parse_args()
    settings, costs = ConversationSettings(), Costs()
    for change in options.set:
        name, _, value = change.partition("=")
        if name.startswith("costs."):
            costs = replace(costs, **{name.removeprefix("costs."): float(value)})
        else:
            known = {field.name: type(getattr(settings, field.name)) for field in fields(settings)}
            settings = replace(settings, **{name: known[name](value)})
    every = calls(options.split, share=0.1 if options.quick else options.share)
    every = [call for call in every if call.name.startswith(options.only)]
    began = time.monotonic()
    scores = score(every, hear(every, settings, costs, options.jobs))
    took = time.monotonic() - began
    figures: dict[str, object] = {
        "split": options.split, **figures_of(scores), "took_s": round(took),
        "config_hash": config_hash({"settings": asdict(settings), "costs": asdict(costs),
                                    "calls": [call.name for call in every]}),
    }  # fmt: skip
    if options.details:
        options.details.write_text(json.dumps(asdict(scores), indent=1))
    ends = [e for e in scores.ends if not e.cut and e.latency is not None]
    text = (
        f"{len(scores.pauses)} pauses, {len(scores.ends)} ends, {len(scores.overs)} sounds "
        f"over the agent; {options.split} speakers; charged: {asdict(costs)}\n\n"
        f"{table(pause_rows(scores) or [{'pause': ''}])}\n\n"
        f"{table(over_rows(scores.overs))}\n\n"
        f"Answers after the end of a turn (n {len(ends)}): p50 / p90 "
        f"{_spread([e.latency for e in ends if e.latency is not None], 90)} s\n\n"
        f"{table([figures])}"
    )
    finish(options, "turn_taking", text, figures)


if __name__ == "__main__":
    main()
