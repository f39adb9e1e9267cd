"""Does the recogniser say what the network is, how soon, and how often is it wrong on a good one?

At packet level: an even stream of packets through every shipped scenario and, with `--traces`,
through the recordings that were held out; the link reports that the line would make of it; the
online recogniser's verdicts, against the truth of what became of the packets (the rule stands in
bench/sense/truth.py). What is tuned is tuned on `--split tuning`: odd seeds, and every second held
out recording; figures come from the others.

`f1` counts segments of three seconds and longer (outages: all), each as what was said during most
of its second half (an outage: at its end); `f1_time` counts every tenth of a second, the time to
detect a change included. `detect` is the time from a change for the worse until the verdict says
so, and `recover` back to good; a change that was not noticed while it lasted counts as infinite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from harness import arguments, config_hash, finish, table
from sense.sources import Source, held_out, shipped
from sense.truth import Segment, Truth
from visavis.netlab.meter import reports
from visavis.network.features import of_up
from visavis.network.recognise import Pattern, Recogniser, Verdict

SETTLE_S = 10.0
"""The delay's least is not known before."""
LEAST_S = 3.0
CLEAN = ("clean", "wifi-good", "long-haul")
"""Shipped scenarios on which nothing is to be noticed."""
SEED = 100
"""Added to the seeds: other draws than those of other benches."""


@dataclass
class Tally:
    """What was said of some networks."""

    segments: Counter[tuple[Pattern, Pattern]] = field(default_factory=Counter)
    """By truth and verdict."""
    ticks: Counter[tuple[Pattern, Pattern]] = field(default_factory=Counter)
    detect: list[float] = field(default_factory=list)
    recover: list[float] = field(default_factory=list)
    switches: int = 0
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        self.segments += other.segments
        self.ticks += other.ticks
        self.detect += other.detect
        self.recover += other.recover
        self.switches += other.switches
        self.seconds += other.seconds


def watch(source: Source, seed: int, seconds: float) -> Tally:
    """One stream through one draw of a network."""
    times, arrivals = source.stream("up", seed, min(seconds, source.seconds))
    truth = Truth(times, arrivals)
    recogniser = Recogniser()
    verdicts = [recogniser.add(of_up(report)) for report in reports(times, arrivals)]
    return tally_of(truth.segments, verdicts)


def tally_of(segments: Sequence[Segment], verdicts: Sequence[Verdict]) -> Tally:
    """What was said of one stream."""
    said_at = np.array([verdict.features.at for verdict in verdicts])
    said = [verdict.pattern for verdict in verdicts]
    tally = Tally(seconds=float(said_at[-1] - SETTLE_S))
    tally.switches = sum(a is not b for a, b in pairwise(said[int(10 * SETTLE_S) :]))
    for before, segment in pairwise([segments[0], *segments]):
        if segment.start < SETTLE_S and segment.end < SETTLE_S + LEAST_S:
            continue
        first = int(np.searchsorted(said_at, max(segment.start, SETTLE_S) - 1e-9))
        during = said[first : int(np.searchsorted(said_at, segment.end - 1e-9))]
        if not during:
            continue
        tally.ticks.update((segment.pattern, pattern) for pattern in during)
        if segment.seconds >= LEAST_S or segment.pattern is Pattern.OUTAGE:
            half = -1 if segment.pattern is Pattern.OUTAGE else len(during) // 2
            late = Counter(during[half:]).most_common(1)[0][0]
            tally.segments[segment.pattern, late] += 1
            if before.pattern is not segment.pattern and segment.start >= SETTLE_S:
                found = [i for i, pattern in enumerate(during) if pattern is segment.pattern]
                delay = float(said_at[first + found[0]] - segment.start) if found else np.inf
                good = segment.pattern is Pattern.GOOD
                (tally.recover if good else tally.detect).append(delay)
    return tally


def f1(counts: Counter[tuple[Pattern, Pattern]], pattern: Pattern) -> float | None:
    """None if neither truth nor verdict knows it."""
    right = counts[pattern, pattern]
    true = sum(n for (truth, _), n in counts.items() if truth is pattern)
    said = sum(n for (_, verdict), n in counts.items() if verdict is pattern)
    return None if not true and not said else 2 * right / (true + said)


def macro(counts: Counter[tuple[Pattern, Pattern]]) -> float | None:
    """Mean over the patterns that there are."""
    there = {truth for truth, _ in counts}
    known = [f1(counts, pattern) or 0.0 for pattern in Pattern if pattern in there]
    return round(float(np.mean(known)), 3) if known else None


def quantile(delays: Sequence[float], q: float) -> float | None:
    """None if there are none, or if so many were never noticed."""
    value = float(np.percentile(delays, q, method="higher")) if delays else np.inf
    return round(value, 1) if np.isfinite(value) else None


def row(name: str, tally: Tally) -> dict[str, Any]:
    right = sum(n for (truth, said), n in tally.segments.items() if truth is said)
    return {
        "network": name, "minutes": round(tally.seconds / 60, 1),
        "segments": tally.segments.total(), "right": right,
        "switches_per_min": round(tally.switches * 60 / tally.seconds, 2),
        "detect_p50_s": quantile(tally.detect, 50), "detect_p90_s": quantile(tally.detect, 90),
        "recover_p50_s": quantile(tally.recover, 50),
    }  # fmt: skip


def by_pattern(name: str, tally: Tally) -> list[dict[str, Any]]:
    """Who was taken for whom."""
    found = []
    for truth in Pattern:
        said = {p: tally.segments[truth, p] for p in Pattern}
        if not sum(said.values()):
            continue
        value = f1(tally.segments, truth)
        in_time = f1(tally.ticks, truth)
        found.append({
            "networks": name, "truth": truth.value, "segments": sum(said.values()),
            "f1": round(value or 0.0, 3), "f1_time": round(in_time or 0.0, 3),
            **{f"said {p.value}": n for p, n in said.items()},
        })  # fmt: skip
    return found


def figures(tally: Tally) -> dict[str, Any]:
    missed = sum(not np.isfinite(delay) for delay in tally.detect)
    return {
        "macro_f1": macro(tally.segments), "macro_f1_time": macro(tally.ticks),
        "segments": tally.segments.total(),
        "detect_p50_s": quantile(tally.detect, 50), "detect_p90_s": quantile(tally.detect, 90),
        "missed": round(missed / len(tally.detect), 3) if tally.detect else None,
        "recover_p50_s": quantile(tally.recover, 50), "recover_p90_s": quantile(tally.recover, 90),
    }  # fmt: skip


def split_of(sources: Sequence[Source], split: str) -> list[Source]:
    """Every second recording of each pattern; the only one of a pattern is tested with."""
    kept: list[Source] = []
    for name in dict.fromkeys(source.scenario.name for source in sources):
        members = [source for source in sources if source.scenario.name == name]
        kept += members[1::2] if split == "tuning" else members[0::2]
    return kept


def total(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--traces", type=Path, help="folder of the recordings")
    parser.add_argument("--split", choices=("tuning", "testing"), default="testing")
    parser.add_argument("--seeds", type=int, default=4, help="draws of a scenario")
    parser.add_argument("--seconds", type=float, default=600.0, help="of one draw")
    options = parser.parse_args()
    if options.quick:
        options.seeds = 1
    seeds = [SEED + 2 * n + (options.split == "tuning") for n in range(options.seeds)]
    generated = {
        source.name: total(watch(source, seed, options.seconds) for seed in seeds)
        for source in shipped()
    }
    real: dict[str, Tally] = {}
    if options.traces is not None:
        for source in split_of(held_out(options.traces), options.split):
            tally = watch(source, seeds[0], 1e4)
            real.setdefault(f"real {source.scenario.name}", Tally()).add(tally)
    rows = [row(name, tally) for name, tally in (generated | real).items()]
    made, recorded = total(generated.values()), total(real.values())
    confused = by_pattern("generated", made) + by_pattern("real", recorded)
    clean = total(generated[name] for name in CLEAN)
    falsely = round(clean.switches * 60 / clean.seconds, 3)
    shown = recorded if real else made
    found = {
        **figures(shown), "false_switches_per_min": falsely,
        "of": "real" if real else "generated", "generated": figures(made),
        "real": figures(recorded) if real else None,
    }  # fmt: skip
    said = [f"Generated: {_said(figures(made))}."]
    if real:
        said.append(f"Real, held out: {_said(figures(recorded))}.")
    said.append(f"False switches per minute on {', '.join(CLEAN)}: {falsely}.")
    text = "\n\n".join([(__doc__ or "").strip(), table(confused), table(rows), *said])
    config = {"split": options.split, "seeds": seeds, "seconds": options.seconds}
    finish(options, "pattern_detection", text,
           {"n": shown.segments.total(), **found, "rows": rows, "confused": confused,
            "config_hash": config_hash(config)})  # fmt: skip


def _said(known: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in known.items())


if __name__ == "__main__":
    main()
