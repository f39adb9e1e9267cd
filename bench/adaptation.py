"""What is gained by feeling the network: words, delay and bits of each strategy on each network.

The native line at both ends, in virtual time, the controller at the server, its plans for the
client sent through the same network. `wer` is of what the server's recogniser gets, `down_wer` of
what the client's ear gets; `turn_p95_ms` is what the way there and back adds to an answer (mouth to
recogniser plus voice to ear); `kbps` is the mean of both directions on the wire. `tuning`
utterances are for tuning, figures come from `testing`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from harness import arguments, config_hash, finish, table
from lineloss.material import Stream, streams, utterances
from lineloss.networks import NETWORKS, Decide, Network, independent, outages
from lineloss.score import Utterance, figures, score
from lineloss.steered import Steered
from lineloss.virtual import SETTLE_S, call
from visavis.network import Adaptive, Level, Pattern, Strategy
from visavis.network.baselines import PLAIN, AnaLike, Fixed, Oracle, fec_only, red_1
from visavis.seam import DEFAULT_PLAN, UPLINK_PLAN

Kind = tuple[Pattern, Level]
GOOD: Kind = (Pattern.GOOD, Level.LIGHT)
UTTERANCES_A_CALL = 12
SAME_WER = 0.005
"""Word error rates that differ by no more count as the same."""


@dataclass(frozen=True)
class Stretch:
    """A network for some seconds of a call, and what it is."""

    seconds: float
    network: Network
    kind: Kind


def _named(name: str) -> Network:
    return next(network for network in NETWORKS if network.name == name)


FOREVER = float("inf")
CLEAN = _named("clean")
RANDOM30 = Network("random30", "30 % independent loss", independent(0.30))
OUTAGES = Network("outages", "10 % of the time out, 2 s each", outages(0.10, 2.0))
KINDS: dict[str, Kind] = {
    "random10": (Pattern.RANDOM_LOSS, Level.MIDDLING),
    "gilbert20": (Pattern.SHORT_BURSTS, Level.HEAVY),
    "bursts30": (Pattern.LONG_BURSTS, Level.HEAVY),
    "jitter": (Pattern.JITTER, Level.LIGHT),
    "bufferbloat": (Pattern.CONGESTED, Level.LIGHT),
}
LOSSES = [Stretch(12.0, _named(name), KINDS[name]) for name in ("gilbert20", "random10")]
BURSTS = Stretch(15.0, _named("bursts30"), KINDS["bursts30"])
COURSES: dict[str, list[Stretch]] = {
    "clean": [Stretch(FOREVER, CLEAN, GOOD)],
    **{name: [Stretch(FOREVER, _named(name), kind)] for name, kind in KINDS.items()},
    "random30": [Stretch(FOREVER, RANDOM30, (Pattern.RANDOM_LOSS, Level.HEAVY))],
    "outages": [Stretch(FOREVER, OUTAGES, (Pattern.OUTAGE, Level.HEAVY))],
    "a spell of bursts": [Stretch(15.0, CLEAN, GOOD), BURSTS, Stretch(FOREVER, CLEAN, GOOD)],
    "a spell of losses": [Stretch(12.0, CLEAN, GOOD), *LOSSES, Stretch(FOREVER, CLEAN, GOOD)],
}

HEAVY = replace(UPLINK_PLAN, red=(2,), expected_loss=0.3)
HEAVY_DOWN = replace(DEFAULT_PLAN, dred_ms=500, expected_loss=0.3)
Make = Callable[[Callable[[float], Kind]], tuple[Strategy, Strategy]]
"""The strategies up and down of one call; `Oracle` is told the network of each moment."""
STRATEGIES: dict[str, Make] = {
    "plain": lambda truth: (Fixed(PLAIN), Fixed(PLAIN)),
    "fec only": lambda truth: (fec_only(), fec_only()),
    "red 1": lambda truth: (red_1(), red_1()),
    "fixed": lambda truth: (Fixed(UPLINK_PLAN), Fixed(DEFAULT_PLAN)),
    "fixed, heavy": lambda truth: (Fixed(HEAVY), Fixed(HEAVY_DOWN)),
    "ana": lambda truth: (AnaLike(), AnaLike()),
    "adaptive": lambda truth: (Adaptive(), Adaptive()),
    "oracle": lambda truth: (Oracle(truth), Oracle(truth)),
}
FIXED = ("plain", "fec only", "red 1", "fixed", "fixed, heavy")


def at(course: Sequence[Stretch], seconds: float) -> int:
    """Which stretch it is, so long after the network began."""
    for index, stretch in enumerate(course):
        if seconds < stretch.seconds:
            return index
        seconds -= stretch.seconds
    return len(course) - 1


def joined(name: str, course: Sequence[Stretch]) -> Network:
    """All stretches as one network."""

    def make(rng: random.Random) -> Decide:
        decides = [s.network.make(random.Random(rng.getrandbits(64))) for s in course]
        return lambda index, now: decides[at(course, now)](index, now)

    ordered = all(stretch.network.ordered for stretch in course)
    return Network(name, "", make, ordered)


@cache
def material(split: str, count: int) -> tuple[Stream, ...]:
    calls = -(-count // UTTERANCES_A_CALL)
    return tuple(streams(utterances(split), count, calls=calls))  # type: ignore[arg-type]


def trial(name: str, strategy: str, split: str, count: int) -> dict[str, Any]:
    """One row."""
    course = COURSES[name]
    up: list[Utterance] = []
    down: list[Utterance] = []
    kbps, plans, seconds = [], 0, 0.0
    for seed, stream in enumerate(material(split, count)):

        def truth(now: float) -> Kind:
            return course[at(course, now - SETTLE_S)].kind if now >= SETTLE_S else GOOD

        steer = Steered(*STRATEGIES[strategy](truth))
        outcome = call(
            stream,
            joined(name, course),
            asdict(UPLINK_PLAN),
            seed,
            down_plan=asdict(DEFAULT_PLAN),
            steer=steer,
        )
        up += score(stream, outcome.down.spoke_at, outcome.up)
        down += score(stream, outcome.up.spoke_at, outcome.down)
        kbps.append((outcome.up_kbps, outcome.down_kbps))
        plans, seconds = plans + steer.plans, seconds + stream.seconds
    there, back = figures(up), figures(down)
    up_kbps, down_kbps = np.mean(kbps, axis=0)
    return {
        "network": name, "strategy": strategy, "wer": there["wer"], "down_wer": back["wer"],
        "turn_p95_ms": turn_ms(up, down, 95), "turn_p50_ms": turn_ms(up, down, 50),
        "kbps": round(float(np.mean(kbps)), 1), "up_kbps": round(float(up_kbps), 1),
        "down_kbps": round(float(down_kbps), 1), "up_p95_ms": there["delay_p95_ms"],
        "down_p95_ms": back["delay_p95_ms"], "down_concealed": back["concealed"],
        "down_pesq": back["pesq"], "plans_a_minute": round(plans * 60 / seconds, 1),
    }  # fmt: skip


def turn_ms(up: list[Utterance], down: list[Utterance], q: float) -> float | None:
    """Percentile of a way there plus a way back that have nothing to do with each other."""
    there, back = ([delay for u in side for delay in u.delays] for side in (up, down))
    if not there or not back:
        return None
    rng = np.random.default_rng(0)
    both = rng.choice(there, 10_000) + rng.choice(back, 10_000)
    return round(float(np.percentile(both, q)) * 1e3, 1)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Over all networks: `regret`, by how much more the adaptive policy's words are wrong than the
    oracle's; `bits_saved` against the cheapest fixed plan with at most its word error rate (None:
    there is none); `over_plain`, bits on the clean network beyond plain Opus."""

    def of(strategy: str, figure: Callable[[dict[str, Any]], float]) -> float:
        return float(np.mean([figure(row) for row in rows if row["strategy"] == strategy]))

    def wer(row: dict[str, Any]) -> float:
        return float(row["wer"] + row["down_wer"]) / 2

    def kbps(row: dict[str, Any]) -> float:
        return float(row["kbps"])

    known = {row["strategy"] for row in rows}
    found: dict[str, Any] = {"regret": None, "bits_saved": None, "over_plain": None}
    if {"adaptive", "oracle"} <= known and of("oracle", wer) > 0:
        found["regret"] = round(of("adaptive", wer) / of("oracle", wer) - 1, 4)
    if "adaptive" in known:
        least = of("adaptive", wer) + SAME_WER
        as_good = [of(s, kbps) for s in FIXED if s in known and of(s, wer) <= least]
        if as_good:
            found["bits_saved"] = round(1 - of("adaptive", kbps) / min(as_good), 4)
    on_clean = {row["strategy"]: row["kbps"] for row in rows if row["network"] == "clean"}
    if {"adaptive", "plain"} <= set(on_clean):
        found["over_plain"] = round(on_clean["adaptive"] / on_clean["plain"] - 1, 4)
    return found


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--networks", nargs="+", choices=list(COURSES), default=list(COURSES))
    parser.add_argument("--strategies", nargs="+", choices=list(STRATEGIES),
                        default=list(STRATEGIES))  # fmt: skip
    parser.add_argument("--n", type=int, default=24, help="utterances a row")
    parser.add_argument("--split", choices=("tuning", "testing"), default="testing")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.quick:
        options.n, options.networks = 3, ["clean", "bursts30"]
        options.strategies = ["plain", "fixed", "adaptive", "oracle"]
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        futures = [
            pool.submit(trial, network, strategy, options.split, options.n)
            for network in options.networks
            for strategy in options.strategies
        ]
        for future in futures:
            rows.append(future.result())
            if not options.json:
                print(" ".join(f"{key}={value}" for key, value in rows[-1].items()), flush=True)
    found = summary(rows)
    config = {"networks": options.networks, "strategies": options.strategies, "n": options.n,
              "split": options.split}  # fmt: skip
    said = ", ".join(f"{name} {value}" for name, value in found.items())
    finish(options, "adaptation", f"{table(rows)}\n\nOver all networks: {said}.",
           {"n": options.n, "rows": rows, **found, "config_hash": config_hash(config)})  # fmt: skip


if __name__ == "__main__":
    main()
