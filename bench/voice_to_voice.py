"""How long after a person's last word does the answer's first word reach their ear?

`visavis call` over loopback WebRTC, embedded models, real human utterances (the telephone
prompts that Debian packages), several turns a call. Measured on the caller's two tracks: from
the last voiced sample of the recording to the first audible sample of the committed reply.

`hit_rate`: turns whose reply was begun before the end was noticed; `speculations`, `dropped` and
`tokens_dropped`: replies begun, thrown away unheard, and their tokens, a turn.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import httpx
import structlog

from harness import arguments, config_hash, finish, percentile, table
from rig import server
from visavis.caller import AfterReply, CallOptions, CallResult, call, utterance

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import recordings

TURNS_A_CALL = 5


def ledger_rows(ledgers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Median and 90th percentile of each stage over the turns."""
    stages: dict[str, list[float]] = {}
    for ledger in ledgers:
        for stage, ms in ledger["stages"].items():
            stages.setdefault(stage, []).append(ms)
    return [
        {"stage": stage, "n": len(ms), "p50_ms": round(percentile(ms, 50)),
         "p90_ms": round(percentile(ms, 90))}
        for stage, ms in stages.items()
    ]  # fmt: skip


def mean(ledgers: list[dict[str, Any]], field: str) -> float:
    """A turn's, on average."""
    return round(sum(ledger[field] for ledger in ledgers) / max(1, len(ledgers)), 1)


async def hold(url: str, prompts: list[recordings.Prompt], transport: str) -> CallResult:
    script = [
        utterance(p.name, p.pcm, AfterReply(0.6 if i else 1.0), p.text)
        for i, p in enumerate(prompts)
    ]
    return await call(script, CallOptions(url, transport=transport))  # type: ignore[arg-type]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--llm", default="auto", help="as `visavis serve --llm`")
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--transport", default="webrtc", choices=["webrtc", "ws"])
    options = parser.parse_args()
    # Logs must not follow the JSON line.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    count = 5 if options.quick else options.n
    prompts = recordings.sentences(count, seconds=(1.0, 9.0), words=3)
    results = []
    with server("--llm", options.llm) as running:
        url = running.url
        health = httpx.get(f"{url}/health").json()
        for first in range(0, len(prompts), TURNS_A_CALL):
            part = prompts[first : first + TURNS_A_CALL]
            results.append(asyncio.run(hold(url, part, options.transport)))
    turns = [turn for result in results for turn in result.turns]
    measured = [t for t in turns if t.voice_to_voice_ms is not None and not t.cut_off]
    delays = [t.voice_to_voice_ms for t in measured if t.voice_to_voice_ms is not None]
    ledgers = [t.ledger for t in measured if t.ledger is not None]
    firsts = [x["stages"]["first_played"] for x in ledgers if "first_played" in x["stages"]]
    # A hit: the released reply was begun on a partial, before the end was noticed.
    held = [x for x in ledgers if x["stages"]["llm_start"] < x["stages"]["silence_seen"]]
    figures = {
        "n": len(turns),
        "p50_ms": round(percentile(delays, 50)),
        "p90_ms": round(percentile(delays, 90)),
        "p95_ms": round(percentile(delays, 95)),
        "min_ms": round(min(delays)),
        "first_sound_ms": round(percentile(firsts or delays, 50)),
        "cut_offs": sum(t.cut_off for t in turns),
        "unanswered": sum(t.unanswered or t.voice_to_voice_ms is None for t in turns),
        "hit_rate": round(len(held) / max(1, len(ledgers)), 3),
        "speculations": mean(ledgers, "speculations"),
        "dropped": mean(ledgers, "dropped"),
        "tokens_dropped": mean(ledgers, "tokens_dropped"),
        "config_hash": config_hash({"health": health, "transport": options.transport,
                                    "prompts": [p.name for p in prompts]}),
    }  # fmt: skip
    text = (
        f"{len(turns)} utterances, {len(results)} calls, {options.transport}; "
        f"server: {health}\n\n{table([figures])}\n\n"
        f"From the true end of speech, as the server's ledger has it:\n\n"
        f"{table(ledger_rows(ledgers))}"
    )
    finish(options, "voice_to_voice", text, figures)


if __name__ == "__main__":
    main()
