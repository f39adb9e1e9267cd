"""Does a server stay as it was? Short calls one after another, then five at once.

One `visavis serve` with scripted models (so that the server, not a model, is measured). After
every batch: resident memory, threads, descriptors, running calls and asyncio tasks of the
server's process; and each call's delay. The memory slope is a least-squares line over the calls
of one kind after a warm-up (five calls at once hold more than one, which is no slope); the delay
drift compares the first and the last fifth.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import httpx
import numpy as np
import structlog
from numpy.typing import NDArray

from harness import arguments, config_hash, finish, percentile, table
from rig import server
from visavis.caller import AfterReply, CallOptions, call, utterance

SCRIPTED = {f"VISAVIS_MODELS__{name}": "scripted" for name in ("STT", "LLM", "TTS")} | {
    "VISAVIS_ADMISSION__MAX_CALLS": "50"
}
WARM_UP = 60
"""Calls, of each kind: the allocator settles."""


def speech() -> NDArray[np.int16]:
    """0.6 s of something that the scripted models take for a word, 16 kHz."""
    t = np.arange(9600) / 16_000
    return (8000 * np.sin(2 * np.pi * 220 * t) * np.sin(np.pi * t / 0.6)).astype(np.int16)


def inside(pid: int) -> dict[str, int]:
    """What the server's process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = {line.partition(":")[0]: line.partition(":")[2].strip() for line in status.split("\n")}
    return {
        "rss_kb": int(fields["VmRSS"].split()[0]),
        "threads": int(fields["Threads"]),
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
    }


async def short_call(url: str) -> float | None:
    """One call with one turn; milliseconds from voice to voice."""
    script = [utterance("tone", speech(), AfterReply(0.2))]
    result = await call(script, CallOptions(url, transport="webrtc", reply_timeout_s=10))
    return result.turns[0].voice_to_voice_ms


async def batch(url: str, at_once: int) -> list[float | None]:
    return list(await asyncio.gather(*(short_call(url) for _ in range(at_once))))


def settled(url: str, pid: int) -> dict[str, int]:
    """The state once the last calls are gone (the server frees them within a moment)."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if httpx.get(f"{url}/health").json().get("calls", 0) == 0:
            break
        time.sleep(0.05)
    time.sleep(0.1)  # the connection that asked is closed, too
    return inside(pid)


def slope(memory: list[tuple[int, int]]) -> float:
    """Kilobytes a call, of (calls made, resident kilobytes)."""
    began = memory[0][0]
    warm = min(WARM_UP, (memory[-1][0] - began) // 3)
    late = [(calls, kb) for calls, kb in memory if calls > began + warm]
    return round(float(np.polyfit(*zip(*late, strict=True), 1)[0]), 2)


def measure(sequential: int, at_once: int, rounds: int) -> tuple[list[dict[str, object]], dict]:
    """Make the calls; returns the table's rows and the figures."""
    delays: list[float] = []
    parallel: list[float] = []
    memory: dict[int, list[tuple[int, int]]] = {1: [], at_once: []}
    rows: list[dict[str, object]] = []
    unanswered = made = 0
    with server(environment=SCRIPTED) as running:
        url, pid = running.url, running.pid
        asyncio.run(batch(url, 1))
        first = settled(url, pid)
        plan = [(1, delays)] * sequential + [(at_once, parallel)] * rounds
        for at, sink in plan:
            for ms in asyncio.run(batch(url, at)):
                made += 1
                if ms is None:
                    unanswered += 1
                else:
                    sink.append(ms)
            memory[at].append((made, inside(pid)["rss_kb"]))
            if made % 20 == 0:
                rows.append({"calls": made, **settled(url, pid)})
        last = settled(url, pid)
    fifth = max(1, len(delays) // 5)
    figures = {
        "n": made,
        "unanswered": unanswered,
        "rss_slope_kb_per_call": slope(memory[1]),
        "at_once_rss_slope_kb_per_call": slope(memory[at_once]),
        "threads_left": last["threads"] - first["threads"],
        "descriptors_left": last["descriptors"] - first["descriptors"],
        "delay_first_fifth_ms": round(percentile(delays[:fifth], 50)),
        "delay_last_fifth_ms": round(percentile(delays[-fifth:], 50)),
        "delay_p95_ms": round(percentile(delays, 95)),
        "at_once": at_once,
        "at_once_p50_ms": round(percentile(parallel, 50)) if parallel else None,
        "at_once_p95_ms": round(percentile(parallel, 95)) if parallel else None,
    }
    return rows, figures


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--sequential", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=40, help="of five calls at once")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sizes = (10, 5, 2) if options.quick else (options.sequential, 5, options.rounds)
    rows, figures = measure(*sizes)
    figures["config_hash"] = config_hash({"environment": SCRIPTED, "sizes": sizes})
    finish(options, "many_calls", f"{table(rows)}\n\n{table([figures])}", figures)


if __name__ == "__main__":
    main()
