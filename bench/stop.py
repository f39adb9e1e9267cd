"""How soon does the agent give way when spoken over, and come back after a false alarm?

`visavis call` over loopback WebRTC. While the agent tells a long story, the caller speaks over
it (real human recordings) or makes a false alarm (a knock or a cough-like noise). Measured on
the agent's received track, from the first voiced sample of the interruption: ducked by 20 dB,
silent, and, after a false alarm, back at its level.
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
from visavis.caller import (
    AfterReply,
    AtTime,
    CallOptions,
    DuringReply,
    TurnResult,
    call,
    utterance,
)
from visavis.caller.measure import Interruption

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import recordings

INTERRUPT_AT_S = 12.0
"""When the real interruption comes; the story lasts well beyond it."""

NOTICED_MS = 300
"""A duck that begins later after a noise has another cause."""

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


async def one(
    url: str, opening: recordings.Prompt, noise: NDArray[np.int16], over: recordings.Prompt
) -> tuple[TurnResult, Interruption | None]:
    """One call: a story, a false alarm in it, then a real interruption. Gives the false alarm's
    turn and how the agent gave way."""
    script = [
        utterance(opening.name, opening.pcm, AfterReply(1.0), opening.text),
        utterance("noise", noise, DuringReply(2.0)),
        utterance(over.name, over.pcm, AtTime(INTERRUPT_AT_S), over.text),
    ]
    options = CallOptions(
        url, transport="webrtc", session={"type": "realtime", "instructions": INSTRUCTIONS}
    )
    result = await call(script, options)
    return result.turns[1], result.turns[2].interruption


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
    prompts = recordings.sentences(count, seconds=(1.8, 6.0))
    # Odd enough that even a small model tells a story instead of regretting.
    opening = recordings.prompt("tt-weasels")
    real: list[Interruption] = []
    false: list[TurnResult] = []
    with server() as running:
        url = running.url
        health = httpx.get(f"{url}/health").json()
        for i in range(count):
            noise = (knock if i % 2 else cough)(rng)
            alarm, gave_way = asyncio.run(one(url, opening, noise, prompts[i]))
            false.append(alarm)
            if gave_way is not None:
                real.append(gave_way)
    ducked = [gave_way.ducked_ms for gave_way in real]
    silent = [gave_way.silent_ms for gave_way in real]
    # A sentence's own pause is no duck: what the noise did begins with it.
    noticed = [
        t
        for t in false
        if t.interruption
        and t.interruption.ducked_ms is not None
        and t.interruption.ducked_ms <= (t.end - t.start) * 1e3 + NOTICED_MS
    ]
    # Counted from the end of the noise.
    resumed = [
        max(0.0, t.interruption.resumed_ms - (t.end - t.start) * 1e3)
        for t in noticed
        if t.interruption and t.interruption.resumed_ms is not None
    ]
    stopped = sum(t.interruption is not None and t.interruption.silent_ms is not None
                  for t in noticed)  # fmt: skip
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
        "false_alarms": len(false),
        "false_alarms_that_stopped_it": stopped,
        "false_alarms_unnoticed": len(false) - len(noticed),
        "config_hash": config_hash({"health": health, "instructions": INSTRUCTIONS}),
    }
    finish(options, "stop", f"server: {health}\n\n{table(rows)}\n\n{table([figures])}", figures)


if __name__ == "__main__":
    main()
