"""What is gained by feeling the network: words, delay and bits of each strategy on each network.

The native line at both ends, in virtual time, the controller at the server, its plans for the
client sent through the same network: our own client and our own server. `wer`, `kbps`: the
person's speech, as the server's recogniser gets it; `down_wer`, `down_kbps`: the agent's, as the
person's ear does. `turn_p95_ms` is what the way there and back adds to an answer (mouth to
recogniser plus voice to ear). `tuning` utterances are for tuning, figures come from `testing`.

`gap_ms` is the longest time in which nothing came up; `back_s` how long after the return of a gap
of more than 300 ms the last frame came that was said before it, `unknown` the share of frames of
which nothing is known.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import visavis_line

from harness import arguments, config_hash, finish, table
from lineloss.ends import Recording
from lineloss.kept import Kept
from lineloss.material import Stream, streams, utterances
from lineloss.score import BOOTSTRAPS, Utterance, figures, score
from lineloss.steered import Steered
from lineloss.virtual import SETTLE_S, call
from sense.courses import REAL, courses, truths
from sense.truth import Truth
from visavis.network import Adaptive, Level, Pattern, Strategy
from visavis.network.baselines import PLAIN, AnaLike, Fixed, Oracle, fec_only, red_1
from visavis.seam import DEFAULT_PLAN, UPLINK_PLAN

UTTERANCES_A_CALL = 12
SAME_WER = 0.005
"""Word error rates that differ by no more count as the same,"""
SAME_MS = 10.0
"""and so do delays."""
GOOD = ("clean", "wifi-good", "long-haul", "5g-handover", "real 5g-handover")
SHORT_GAP_S = 0.3

LEAN = replace(UPLINK_PLAN, dred_ms=0, expected_loss=0.0, bitrate=14_000)
"""As the adaptive policy sends while nothing is lost."""
COPIES = replace(LEAN, red=(2,))
HEAVY = replace(UPLINK_PLAN, red=(2,), expected_loss=0.3)
Moment = Callable[[float], tuple[Pattern, Level]]
Make = Callable[[Moment, Moment], tuple[Strategy, Strategy]]
"""The strategies up and down of one call; `Oracle` is told the network of each moment."""
STRATEGIES: dict[str, Make] = {
    "plain": lambda up, down: (Fixed(PLAIN), Fixed(PLAIN)),
    "fec only": lambda up, down: (fec_only(), fec_only()),
    "red 1": lambda up, down: (red_1(), red_1()),
    "fixed": lambda up, down: (Fixed(UPLINK_PLAN), Fixed(DEFAULT_PLAN)),
    "lean": lambda up, down: (Fixed(LEAN), Fixed(DEFAULT_PLAN)),
    "copies": lambda up, down: (Fixed(COPIES), Fixed(DEFAULT_PLAN)),
    "heavy": lambda up, down: (Fixed(HEAVY), Fixed(DEFAULT_PLAN)),
    "ana": lambda up, down: (AnaLike(), AnaLike()),
    "adaptive": lambda up, down: (Adaptive(UPLINK_PLAN), Adaptive(DEFAULT_PLAN)),
    "oracle": lambda up, down: (Oracle(up, UPLINK_PLAN), Oracle(down, DEFAULT_PLAN)),
}
FIXED = ("plain", "fec only", "red 1", "fixed", "lean", "copies", "heavy")


@cache
def material(split: str, count: int) -> tuple[Stream, ...]:
    calls = -(-count // UTTERANCES_A_CALL)
    return tuple(streams(utterances(split), count, calls=calls))  # type: ignore[arg-type]


def trial(
    network: str, traces: Path | None, strategy: str, split: str, count: int, *, down_too: bool
) -> dict[str, Any]:
    """One row. `down_too`: also the words of what comes down."""
    course = courses(traces if network.startswith(REAL) else None)[network]
    up: list[Utterance] = []
    down: list[Utterance] = []
    kbps, plans, seconds = [], 0, 0.0
    gaps, back, unknown = 0.0, 0.0, []
    for seed, stream in enumerate(material(split, count)):
        known = truths(course, seed, stream.seconds)
        steer = Steered(*STRATEGIES[strategy](*map(_moment, known)))
        outcome = call(
            stream,
            course.ways(seed),
            asdict(UPLINK_PLAN),
            seed,
            down_plan=asdict(DEFAULT_PLAN),
            steer=steer,
            both=down_too,
        )
        up += score(stream, outcome.down.spoke_at, outcome.up, words_only=True)
        if down_too:
            down += score(stream, outcome.up.spoke_at, outcome.down, words_only=True)
        kbps.append((outcome.up_kbps, outcome.down_kbps))
        plans, seconds = plans + steer.plans, seconds + stream.seconds
        gaps = max(gaps, _longest(known[0], stream.seconds))
        back = max(back, returned(outcome.up, known[0]))
        unknown.append(float(np.mean(outcome.up.guessed)))  # type: ignore[arg-type]
    there = figures(up)
    row = {
        "network": network, "strategy": strategy, "wer": there["wer"], "words": _words(up),
        "errors": sum(u.errors for u in up), "up_p50_ms": there["delay_p50_ms"],
        "up_p95_ms": there["delay_p95_ms"], "turn_p95_ms": None, "kbps": _mean(kbps, 0),
        "down_kbps": _mean(kbps, 1), "down_wer": None, "down_p95_ms": None,
        "gap_ms": round(gaps * 1e3), "back_s": round(back, 2),
        "unknown": round(float(np.mean(unknown)), 4),
        "plans_a_minute": round(plans * 60 / seconds, 1), "each": _each(up),
    }  # fmt: skip
    if down_too:
        heard = figures(down)
        row |= {"down_wer": heard["wer"], "down_p95_ms": heard["delay_p95_ms"],
                "turn_p95_ms": turn_ms(up, down, 95)}  # fmt: skip
    return row


def _each(utterances: list[Utterance]) -> dict[str, list[int]]:
    """Errors and words of each prompt."""
    found: dict[str, list[int]] = {}
    for each in utterances:
        errors, words = found.setdefault(each.name, [0, 0])
        found[each.name] = [errors + each.errors, words + each.words]
    return found


def _moment(truth: Truth) -> Moment:
    return lambda now: truth.at(now - SETTLE_S)


def _longest(truth: Truth, seconds: float) -> float:
    inside = truth.gaps[truth.gaps[:, 0] < seconds]
    return float((inside[:, 1] - inside[:, 0]).max()) if len(inside) else 0.0


def _words(utterances: list[Utterance]) -> int:
    return sum(u.words for u in utterances)


def _mean(kbps: list[tuple[float, float]], way: int) -> float:
    return round(float(np.mean([pair[way] for pair in kbps])), 1)


def returned(recording: Recording, truth: Truth) -> float:
    """Seconds after a long gap's end until the last of what was said before it was handed up."""
    said = recording.starts / recording.rate
    said = said + float(np.min(recording.at - said))
    worst = 0.0
    for begin, end in truth.gaps.tolist():
        if end - begin <= SHORT_GAP_S:
            continue
        before = (said > begin - 1.0) & (said <= end) & (recording.at >= end)
        if before.any():
            worst = max(worst, float(recording.at[before].max()) - end)
    return worst


def turn_ms(up: list[Utterance], down: list[Utterance], q: float) -> float | None:
    """Percentile of a way there plus a way back that have nothing to do with each other."""
    there, back = ([delay for u in side for delay in u.delays] for side in (up, down))
    if not there or not back:
        return None
    rng = np.random.default_rng(0)
    both = rng.choice(there, 10_000) + rng.choice(back, 10_000)
    return round(float(np.percentile(both, q)) * 1e3, 1)


Rows = Sequence[dict[str, Any]]


def summary(rows: Rows) -> dict[str, Any]:
    """Over the networks that every strategy has met, of the person's speech.

    `overall`: each strategy's word error rate, how far it lies above the adaptive policy's with
    the 95 % bootstrap interval of that (prompts are drawn), bits, and the mean over the networks
    of the 95th percentile of delay. `regret`: by how much more the adaptive policy's words are
    wrong than the oracle's. `cheapest`: the fixed plan of the fewest bits whose words are as good,
    and what is saved against it; `as_soon`, the same of those whose words are also there as soon
    (None: there is none). `over_plain`: bits on good networks beyond plain Opus.
    """
    met = [{r["network"] for r in rows if r["strategy"] == s} for s in _strategies(rows)]
    common = set.intersection(*met) if met else set()
    found: dict[str, Any] = {"networks": len(common), "overall": {}, "regret": None}
    found |= {"over_plain": over_plain(rows)}
    if not common:
        return found
    own = {s: [r for r in rows if r["strategy"] == s and r["network"] in common]
           for s in _strategies(rows)}  # fmt: skip
    overall = found["overall"] = {s: _overall(own[s], own.get("adaptive")) for s in own}
    mine = overall.get("adaptive")
    if mine is None:
        return found
    if overall.get("oracle", {}).get("wer"):
        found["regret"] = round(mine["wer"] / overall["oracle"]["wer"] - 1, 4)
    good = [s for s in FIXED if s in overall and overall[s]["wer"] <= mine["wer"] + SAME_WER]
    soon = [s for s in good if overall[s]["up_p95_ms"] <= mine["up_p95_ms"] + SAME_MS]
    for name, among in (("cheapest", good), ("as_soon", soon)):
        best = min(among, key=lambda s: overall[s]["kbps"], default=None)
        saved = None if best is None else round(1 - mine["kbps"] / overall[best]["kbps"], 4)
        found[name] = {"plan": best, "bits_saved": saved}
    return found


def _overall(rows: Rows, mine: Rows | None) -> dict[str, Any]:
    wer = sum(r["errors"] for r in rows) / max(1, sum(r["words"] for r in rows))
    delays = [r["up_p95_ms"] for r in rows if r["up_p95_ms"] is not None]
    row = {"wer": round(wer, 4), "kbps": round(float(np.mean([r["kbps"] for r in rows])), 1),
           "down_kbps": round(float(np.mean([r["down_kbps"] for r in rows])), 1),
           "up_p95_ms": round(float(np.mean(delays)), 1)}  # fmt: skip
    more, low, high = _above(rows, mine) if mine else (None, None, None)
    return row | {"above": more, "low": low, "high": high}


def _above(rows: Rows, others: Rows) -> tuple[float, float, float]:
    """By how much the word error rate lies above that of other rows of the same prompts."""
    names = sorted({name for row in rows for name in row["each"]})
    sums = np.zeros((2, 2, len(names)))
    for side, given in enumerate((rows, others)):
        for row in given:
            for name, counts in row["each"].items():
                sums[side, :, names.index(name)] += counts
    drawn = np.random.default_rng(0).integers(0, len(names), (BOOTSTRAPS, len(names)))
    rates = [errors[drawn].sum(1) / words[drawn].sum(1) for errors, words in sums]
    more = [errors.sum() / words.sum() for errors, words in sums]
    low, high = np.percentile(rates[0] - rates[1], [2.5, 97.5])
    return round(more[0] - more[1], 4), round(float(low), 4), round(float(high), 4)


def _strategies(rows: Rows) -> list[str]:
    return list(dict.fromkeys(row["strategy"] for row in rows))


def over_plain(rows: Rows) -> float | None:
    """The worst of the good networks."""
    bits = {(r["network"], r["strategy"]): r["kbps"] for r in rows if r["network"] in GOOD}
    more = [
        bits[name, "adaptive"] / bits[name, "plain"] - 1
        for name in GOOD
        if (name, "adaptive") in bits and (name, "plain") in bits
    ]
    return round(max(more), 4) if more else None


def bars(rows: Rows) -> list[dict[str, Any]]:
    """Where the adaptive policy should lose no more than a point, or be back within 2 s."""
    lossless = next(
        (r["wer"] for r in rows if (r["network"], r["strategy"]) == ("clean", "plain")), None
    )
    found = []
    for row in rows:
        if row["strategy"] != "adaptive" or lossless is None:
            continue
        replayed = row["network"].startswith(REAL)
        if row["network"] == "random30" or (replayed and row["gap_ms"] <= SHORT_GAP_S * 1e3):
            more = round(row["wer"] - lossless, 4)
            bar = "no more than 0.01 above lossless"
            found.append(_bar(row["network"], bar, more, more <= 0.01))
        if row["gap_ms"] > SHORT_GAP_S * 1e3:
            bar = "back within 2 s"
            found.append(_bar(row["network"], bar, row["back_s"], row["back_s"] <= 2.0))
    return found


def _bar(network: str, bar: str, value: float, ok: bool) -> dict[str, Any]:
    return {"network": network, "bar": bar, "value": value, "ok": "yes" if ok else "**no**"}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--networks", nargs="+", help="all unless named")
    parser.add_argument("--strategies", nargs="+", choices=list(STRATEGIES),
                        default=list(STRATEGIES))  # fmt: skip
    parser.add_argument("--traces", type=Path, help="folder of the recordings")
    parser.add_argument("--n", type=int, default=24, help="utterances a row")
    parser.add_argument("--split", choices=("tuning", "testing"), default="testing")
    parser.add_argument("--no-down", action="store_true", help="only the words that go up")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder of finished rows, to go on from")
    options = parser.parse_args()
    known = courses(options.traces)
    if options.quick:
        options.n, options.networks = 3, ["clean", "bursts30"]
        options.strategies = ["plain", "fixed", "adaptive", "oracle"]
    chosen = options.networks or list(known)
    if unknown := [name for name in chosen if name not in known]:
        parser.error(f"there is no network {unknown[0]!r}; there are {', '.join(known)}")
    # What the controller decides is in the rows.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    kept = Kept(options.keep)
    with ProcessPoolExecutor(options.processes) as pool:
        jobs = []
        for name in chosen:
            for strategy in options.strategies:
                key = {"network": name, "strategy": strategy, "n": options.n,
                       "split": options.split, "down": not options.no_down}  # fmt: skip
                row = kept.get(key)
                later = None if row else pool.submit(
                    trial, name, options.traces, strategy, options.split, options.n,
                    down_too=not options.no_down,
                )  # fmt: skip
                jobs.append((key, row, later))
        waited = {later: key for key, _, later in jobs if later is not None}
        for later in as_completed(waited):
            kept.put(waited[later], later.result())
            if not options.json:
                shown = ((n, v) for n, v in later.result().items() if n != "each")
                print(" ".join(f"{name}={value}" for name, value in shown), flush=True)
        rows = [row or later.result() for _, row, later in jobs]
    found = summary(rows)
    config = {"networks": chosen, "strategies": options.strategies, "n": options.n,
              "split": options.split, "opus": visavis_line.opus_version()}  # fmt: skip
    overall = [{"strategy": name, **own} for name, own in found["overall"].items()]
    shown = ("regret", "cheapest", "as_soon", "over_plain")
    said = ", ".join(f"{name} {found[name]}" for name in shown if name in found)
    rows = [{name: value for name, value in row.items() if name != "each"} for row in rows]
    met = bars(rows)
    parts = [(__doc__ or "").strip(), table(rows), f"Over all networks: {said}."]
    parts += [table(each) for each in (overall, met) if each]
    finish(options, "adaptation", "\n\n".join(parts),
           {"n": options.n, "rows": rows, **found, "bars": met,
            "config_hash": config_hash(config)})  # fmt: skip


if __name__ == "__main__":
    main()
