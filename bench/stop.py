"""How soon does the agent give way when spoken over, and come back after a false alarm?

`visavis call` over loopback WebRTC. While the agent tells a long story, the caller speaks over
it (real human recordings) or makes a false alarm (a knock, a cough-like noise, "mm-hm" in the
project's own voice). Measured on the agent's received track, from the first voiced sample of
the interruption: ducked by 20 dB, silent, and, after a false alarm, back at its level.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import httpx
import numpy as np
import structlog
from numpy.typing import NDArray

from harness import arguments, config_hash, finish, percentile, table
from rig import server
from visavis.caller import AfterReply, CallOptions, DuringReply, TurnResult, call, utterance

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import recordings

INSTRUCTIONS = (
    "You are a storyteller on a phone call. Whatever is said, tell a long story of at least ten "
    "sentences about a lighthouse keeper and the sea. Plain spoken sentences only."
)


def knock(rng: np.random.Generator) -> NDArray[np.int16]:
    """Two dull knocks, 16 kHz."""
    t = np.arange(16_000 // 8) / 16_000
    one = np.exp(-t * 60) * np.sin(2 * np.pi * 180 * t) + 0.3 * np.exp(-t * 200) * rng.normal(
        size=len(t)
    )
    return (
        (np.concatenate([one, np.zeros(1600), one]) * 12_000).clip(-32768, 32767).astype(np.int16)
    )


def cough(rng: np.random.Generator) -> NDArray[np.int16]:
    """A 300 ms burst of coloured noise with a cough's envelope, 16 kHz."""
    t = np.arange(4800) / 16_000
    noise = np.convolve(rng.normal(size=4800), np.ones(6) / 6, "same")
    shape = np.minimum(1, t / 0.02) * np.exp(-t * 9)
    return (noise * shape * 14_000).clip(-32768, 32767).astype(np.int16)


async def one(url: str, opening: recordings.Prompt, over: list[tuple[str, NDArray[np.int16]]]
              ) -> list[TurnResult]:  # fmt: skip
    script = [utterance(opening.name, opening.pcm, AfterReply(1.0), opening.text)]
    script += [utterance(name, pcm, DuringReply(2.0)) for name, pcm in over]
    options = CallOptions(
        url, transport="webrtc", session={"type": "realtime", "instructions": INSTRUCTIONS}
    )
    return (await call(script, options)).turns[1:]


def summary(name: str, values: list[float]) -> dict[str, object]:
    if not values:
        return {"measure": name, "n": 0}
    return {"measure": name, "n": len(values), "p50_ms": round(percentile(values, 50)),
            "p95_ms": round(percentile(values, 95)), "max_ms": round(max(values))}  # fmt: skip


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--n", type=int, default=20, help="interruptions; as many false alarms")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    count = 2 if options.quick else options.n
    rng = np.random.default_rng(1)
    prompts = recordings.sentences(count + 1, seconds=(1.8, 6.0))
    real: list[TurnResult] = []
    false: list[TurnResult] = []
    with server() as (url, _):
        health = httpx.get(f"{url}/health").json()
        for i in range(count):
            real += asyncio.run(one(url, prompts[-1], [(prompts[i].name, prompts[i].pcm)]))
            noise = (knock if i % 2 else cough)(rng)
            false += asyncio.run(one(url, prompts[-1], [("noise", noise)]))
    ducked = [t.interruption.ducked_ms for t in real if t.interruption]
    silent = [t.interruption.silent_ms for t in real if t.interruption]
    alarms = [t.interruption for t in false if t.interruption]
    # Counted from the end of the noise.
    resumed = [
        max(0.0, t.interruption.resumed_ms - (t.end - t.start) * 1e3)
        for t in false
        if t.interruption and t.interruption.resumed_ms is not None
    ]
    stopped = sum(a.silent_ms is not None for a in alarms)
    undisturbed = sum(a.ducked_ms is None for a in alarms)
    rows = [
        summary("ducked by 20 dB", [x for x in ducked if x is not None]),
        summary("silent", [x for x in silent if x is not None]),
        summary("back after a false alarm", resumed),
    ]
    figures = {
        "n": len(real),
        "duck_p95_ms": rows[0].get("p95_ms"),
        "stop_p95_ms": rows[1].get("p95_ms"),
        "resume_p95_ms": rows[2].get("p95_ms"),
        "never_ducked": sum(x is None for x in ducked),
        "never_silent": sum(x is None for x in silent),
        "false_alarms": len(alarms),
        "false_alarms_that_stopped_it": stopped,
        "false_alarms_unnoticed": undisturbed,
        "config_hash": config_hash({"health": health, "instructions": INSTRUCTIONS}),
    }
    finish(options, "stop", f"server: {health}\n\n{table(rows)}\n\n{table([figures])}", figures)


if __name__ == "__main__":
    main()
