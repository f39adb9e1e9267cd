"""What the page must show during the three-turn call, whichever browser it runs in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import recordings

Evaluate = Callable[[str], Any]
AUDIBLE = 0.003
"""RMS of the received track above which somebody speaks."""


def watch(
    evaluate: Evaluate,
    *,
    turns: int,
    seconds: float,
    on_moment: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Sample the page's state until so many turns were answered; returns all samples.
    `on_moment` is told when the agent first speaks and when the last turn is answered."""
    samples: list[dict[str, Any]] = []
    began = time.monotonic()
    spoke = False
    while time.monotonic() - began < seconds:
        sample = evaluate("({...window.visavis.state(), levels: window.visavis.levels()})")
        sample["at"] = time.monotonic() - began
        samples.append(sample)
        if not spoke and sample["agent"] == "speaking":
            spoke = True
            on_moment("speaking")
        if len(sample["transcripts"]["agent"]) >= turns and answered(sample) >= turns:
            time.sleep(2.0)
            on_moment("answered")
            break
        time.sleep(0.1)
    return samples


def answered(sample: dict[str, Any]) -> int:
    """Turns whose reply has begun to be played."""
    return sum("first_played" in ledger["stages"] for ledger in sample["ledgers"])


def check(
    samples: list[dict[str, Any]], said: list[recordings.Prompt], *, transport: str = "webrtc"
) -> None:
    """Three turns heard, all answered audibly, the first answer interrupted and cut."""
    last = samples[-1]
    assert last["transport"] == transport
    assert last["problem"] is None
    heard = " ".join(last["transcripts"]["user"])
    for prompt in said:
        assert recordings.word_overlap(heard, prompt.text) >= 0.6, heard
    assert answered(last) >= len(said), [ledger["stages"] for ledger in last["ledgers"]]
    levels = [sample["levels"]["agent"]["max"] for sample in samples]
    assert max(levels) > AUDIBLE * 3, "the agent was never audible at the page"
    assert last["ledgers"][0]["interrupted"] or any(
        line["role"] == "agent" and line["heard"] is not None for line in last["lines"]
    ), "the first answer was not interrupted"


def silent_after_interruption(samples: list[dict[str, Any]]) -> bool:
    """Whether the received track fell silent between the first and the second answer."""
    cut = next(
        (
            s["at"]
            for s in samples
            if any(x["role"] == "agent" and x["heard"] is not None for x in s["lines"])
        ),
        None,
    )
    if cut is None:
        return False
    return any(
        s["levels"]["agent"]["rms"] < AUDIBLE for s in samples if cut - 0.5 <= s["at"] <= cut + 2.5
    )
