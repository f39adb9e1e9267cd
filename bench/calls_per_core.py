"""How many calls does one processor core carry?

Each stack serves the same calls in a process of its own: real DTLS-SRTP from our native client
in this process, speech coming in all the time, the product's voice activity detector on every
call, the agent speaking all the time (full duplex) or 40 % of it. What a call costs is the slope
of the server's processor time (user and system, all its threads) over three numbers of calls
(`callscore/slope.py`), with its standard error; calls a core are one over it. Lateness is that of
each stack's 20 ms clock, memory the slope of its resident set.

The floor is `floor/floor.c` (recvmmsg, SRTP, Opus, sendmmsg and nothing else) with what the same
detector costs in a tight loop added, measured in this run. Stacks take turns. Root is needed for
a network of its own, because libwebrtc uses no loopback interface.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from callscore.build_floor import FloorMissing, build_floor
from callscore.load import own_network
from callscore.points import HOPS_PER_S, Point, detector_us, floor_point, serve_point
from callscore.slope import slope
from harness import arguments, config_hash, finish, percentile, table
from visavis.audio import resample
from visavis.seam import RATE_OUT, SendPlan

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import recordings

TALK = {"full_duplex": 1.0, "talk40": 0.4}
COUNTS = {
    "visavis": (10, 20, 30),
    "floor": (10, 20, 30),
    "wrtc": (5, 12, 20),
    "aiortc": (4, 10, 16),
}
QUICK = {"visavis": (20,), "floor": (20,), "wrtc": (15,), "aiortc": (8,)}
MODULES = {"visavis": "visavis_line", "wrtc": "wrtc", "aiortc": "aiortc"}


def measure(given: argparse.Namespace, speech: Path) -> tuple[dict[str, list[Point]], float]:
    """All points by "stack talk", and the detector's cost."""
    counts = QUICK if given.quick else COUNTS
    stacks = [s for s, module in MODULES.items() if importlib.util.find_spec(module)]
    try:
        floor: Path | None = build_floor()
    except FloorMissing as missing:
        floor = None
        print(f"no floor: {missing}", file=sys.stderr)
    points: dict[str, list[Point]] = {}
    costs = []
    pcm = np.fromfile(speech, np.int16)
    for round_ in range(1 if given.quick else given.rounds):
        for name, talk in TALK.items():
            for step in range(len(counts["visavis"])):
                costs.append(detector_us(pcm))
                for stack in [*stacks, *(["floor"] if floor else [])]:
                    calls = counts[stack][step]
                    if stack == "floor":
                        assert floor is not None
                        point = floor_point(floor, calls, talk, given, speech)
                    else:
                        point = serve_point(stack, calls, talk, given, speech)
                    points.setdefault(f"{stack} {name}", []).append(point)
                    if not given.json:
                        print(f"  {round_ + 1}: {name} {point}", file=sys.stderr)
    return points, min(costs)


def fit(points: Sequence[Point], figure: str) -> tuple[float, float]:
    """What one call adds to a figure of the points, and the standard error."""
    return slope([p.calls for p in points], [float(getattr(p, figure)) for p in points])


def summary(points: dict[str, list[Point]], vad_us: float) -> dict[str, dict[str, Any]]:
    """Figures of each stack. `_pm`: the standard error of the figure before it."""
    found: dict[str, dict[str, Any]] = {}
    for key, of_key in points.items():
        stack, name = key.split()
        cost, error = fit(of_key, "cores")
        if stack == "floor":
            cost += vad_us * 1e-6 * HOPS_PER_S
        figures = found.setdefault(stack, {})
        figures[name] = round(1 / cost, 1)
        figures[f"{name}_pm"] = None if math.isnan(error) else round(error / cost**2, 1)
        figures[f"{name}_us"] = round(cost * 0.02 * 1e6)
        late = percentile([p.late_p99_ms for p in of_key], 50)
        figures["tick_p99_ms"] = round(max(late, figures.get("tick_p99_ms", 0.0)), 2)
        figures["heard"] = round(min(figures.get("heard", 1.0), *(p.heard for p in of_key)), 3)
        if stack != "floor" and len({p.calls for p in of_key}) > 1:
            figures["mb_per_call"] = round(fit(of_key, "rss_mb")[0], 2)
    return found


def ratios(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Ours over theirs, in calls a core, with the standard error: a row for each of them."""
    ours = found["visavis"]
    rows = []
    for other in found:
        row: dict[str, Any] = {"visavis over": other}
        for name in TALK:
            ratio = ours[name] / found[other][name]
            row[name] = round(ratio, 2)
            errors = [of[f"{name}_pm"] for of in (ours, found[other])]
            if None not in errors:
                parts = (errors[0] / ours[name], errors[1] / found[other][name])
                row[f"{name}_pm"] = round(ratio * math.hypot(*parts), 2)
        if other != "visavis":
            rows.append(row)
    return rows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--complexity", type=int, default=SendPlan().complexity)
    parser.add_argument("--seconds", type=float, default=8.0, help="measured at each point")
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    if given.quick:
        given.seconds = 3.0
    parts = [p.pcm for p in recordings.sentences(8)]
    own_network()
    os.sched_setaffinity(0, set(range(1, os.cpu_count() or 1)) or {0})
    with tempfile.TemporaryDirectory() as folder:
        speech = Path(folder) / "speech.raw"
        resample(np.concatenate(parts), 16_000, RATE_OUT).tofile(speech)
        points, vad_us = measure(given, speech)
    found = summary(points, vad_us)
    ours = found["visavis"]
    floor = found.get("floor", {})
    figures = {
        "n": sum(len(of) for of in points.values()),
        **{key: ours.get(key) for key in (*TALK, "tick_p99_ms", "mb_per_call")},
        **{f"floor_{name}": floor.get(name) for name in TALK},
        "peers": {s: f for s, f in found.items() if s not in ("visavis", "floor")},
        "ratios": ratios(found),
        "detector_us": round(vad_us, 1),
        "complexity": given.complexity,
        "config_hash": config_hash(
            {"plan": SendPlan(complexity=given.complexity), "counts": COUNTS, "talk": TALK}
        ),
    }
    rows = [{"stack": stack, **of} for stack, of in found.items()]
    rows.sort(key=lambda row: len(row), reverse=True)
    text = f"{table(rows)}\n\n{table(figures['ratios'])}" if floor else table(rows)
    finish(given, "calls_per_core", text, figures)


if __name__ == "__main__":
    main()
