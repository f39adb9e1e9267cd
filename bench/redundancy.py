"""Which redundancy makes the most of the same bits over the same losses?

The native line at both ends, in virtual time. Every plan's Opus bitrate is set so that all of
them send the same number of bits a second on the wire, headers included; then each meets the
same losses. `up` is what the server's recogniser gets, `down` what the client's ear gets.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import repeat
from typing import Any

import visavis_line

from harness import arguments, config_hash, finish, table
from lineloss.material import Stream, streams, utterances
from lineloss.networks import NETWORKS, Network
from lineloss.score import Utterance, figures, score
from lineloss.virtual import RateCurve, call
from visavis.seam import DEFAULT_PLAN

PLANS: dict[str, dict[str, Any]] = {
    "none": {"fec": False},
    "lbrr": {"fec": True},
    "dred200": {"fec": False, "dred_ms": 200},
    "dred500": {"fec": False, "dred_ms": 500},
    "dred1000": {"fec": False, "dred_ms": 1000},
    "lbrr+dred500": {"fec": True, "dred_ms": 500},
    "lbrr+dred500, told 10 %": {"fec": True, "dred_ms": 500, "expected_loss": 0.1},
    "lbrr+dred500, told 30 %": {"fec": True, "dred_ms": 500, "expected_loss": 0.3},
    "red1": {"fec": False, "red": (1,)},
    "red1,2": {"fec": False, "red": (1, 2)},
    "red2,9": {"fec": False, "red": (2, 9)},
    "red4,10,16": {"fec": False, "red": (4, 10, 16)},
    "lbrr+red1": {"fec": True, "red": (1,)},
    "lbrr+red2": {"fec": True, "red": (2,)},
    "lbrr+red16": {"fec": True, "red": (16,)},
    "win8, 1 in 2": {"fec": False, "repair_window": 8, "repair_every": 2},
    "win16, 1 in 2": {"fec": False, "repair_window": 16, "repair_every": 2},
    "win24, 1 in 2": {"fec": False, "repair_window": 24, "repair_every": 2},
    "win16, 1 in 3": {"fec": False, "repair_window": 16, "repair_every": 3},
    "win16, each": {"fec": False, "repair_window": 16, "repair_every": 1},
    "red1+dred500": {"fec": False, "red": (1,), "dred_ms": 500},
    "lbrr+red2+dred500": {"fec": True, "red": (2,), "dred_ms": 500},
    "lbrr+red16+dred500": {"fec": True, "red": (16,), "dred_ms": 500},
}
RATES_KBPS = (60.0, 96.0)
"""On the wire: what libwebrtc sends with in-band FEC, and with FEC and RED."""
EXPECTED_LOSS = 0.2
"""What the encoder is told unless a plan says otherwise; for more, libopus gives DRED more bits."""
CALLS = 4


def full(plan: dict[str, Any]) -> dict[str, Any]:
    """All but the bitrate. Nothing before its time: then there is time to ask, and no redundancy
    is needed."""
    told = {"expected_loss": EXPECTED_LOSS, "red": (), "ahead_ms": 0}
    return {**dataclasses.asdict(DEFAULT_PLAN), **told, **plan}


@cache
def material(split: str, count: int) -> tuple[Stream, ...]:
    return tuple(streams(utterances(split)[:count], count, calls=min(CALLS, count)))  # type: ignore[arg-type]


def curve(name: str, split: str, count: int) -> RateCurve:
    return RateCurve(material(split, count)[0], full(PLANS[name]))


def trial(
    plan: dict[str, Any], network: str, split: str, count: int
) -> tuple[list[Utterance], list[Utterance], float]:
    """What came up, what came down, kb/s up."""
    chosen: Network = next(n for n in NETWORKS if n.name == network)
    up: list[Utterance] = []
    down: list[Utterance] = []
    kbps = []
    for seed, stream in enumerate(material(split, count)):
        outcome = call(stream, chosen, plan, seed)
        up += score(stream, outcome.down.spoke_at, outcome.up)
        down += score(stream, outcome.up.spoke_at, outcome.down)
        kbps.append(outcome.up_kbps)
    return up, down, sum(kbps) / len(kbps)


def row(
    network: str, rate: float, name: str, plan: dict[str, Any], result: tuple[Any, Any, float]
) -> dict[str, Any]:
    up, down = figures(result[0]), figures(result[1])
    return {
        "network": network, "rate": rate, "plan": name, "bitrate": plan["bitrate"],
        "kbps": round(result[2], 1), "wer": up["wer"], "wer_low": up["wer_low"],
        "wer_high": up["wer_high"], "up_concealed": up["concealed"], "up_stoi": up["stoi"],
        "up_p95_ms": up["delay_p95_ms"], "down_wer": down["wer"],
        "down_concealed": down["concealed"],
        "down_stoi": down["stoi"], "down_pesq": down["pesq"], "down_p50_ms": down["delay_p50_ms"],
        "down_p95_ms": down["delay_p95_ms"],
    }  # fmt: skip


def main() -> None:
    parser = arguments(__doc__)
    names = [network.name for network in NETWORKS]
    parser.add_argument("--networks", nargs="+", choices=names, default=names)
    parser.add_argument("--plans", nargs="+", choices=list(PLANS), default=list(PLANS))
    parser.add_argument("--rates", nargs="+", type=float, default=list(RATES_KBPS))
    parser.add_argument("--n", type=int, default=70, help="utterances a row")
    parser.add_argument("--split", choices=("tuning", "testing"), default="tuning")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.quick:
        options.n, options.rates = 4, [RATES_KBPS[1]]
        options.networks, options.plans = ["bursts30"], ["lbrr", "lbrr+dred500"]
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        curves = dict(
            zip(
                options.plans,
                pool.map(curve, options.plans, repeat(options.split), repeat(options.n)),
                strict=True,
            )
        )
        plans = {(rate, name): curves[name].at(rate) for rate in options.rates for name in curves}
        cannot = [f"{name} at {rate:g} kb/s" for (rate, name), plan in plans.items() if not plan]
        jobs = [
            (network, rate, name, plan)
            for network in options.networks
            for (rate, name), plan in plans.items()
            if plan
        ]
        futures = [
            pool.submit(trial, plan, network, options.split, options.n)
            for network, _, _, plan in jobs
        ]
        for job, future in zip(jobs, futures, strict=True):
            rows.append(row(*job, future.result()))
            if not options.json:
                print(" ".join(f"{key}={value}" for key, value in rows[-1].items()), flush=True)
    text = table(rows)
    if cannot:
        text += "\n\nNot to be had at that rate: " + ", ".join(cannot) + "."
    config = {"plans": {name: PLANS[name] for name in options.plans}, "n": options.n,
              "split": options.split, "rates": options.rates,
              "opus": visavis_line.opus_version()}  # fmt: skip
    finish(options, "redundancy", text,
           {"n": options.n, "rows": rows, "config_hash": config_hash(config)})  # fmt: skip


if __name__ == "__main__":
    main()
