"""Generated loss sequences as link reports, ten a second of five packets each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from visavis.network.features import of_up
from visavis.network.recognise import Recogniser, Verdict
from visavis.seam import LinkReport, LossRuns

PACKETS = 5
WINDOW_S = 0.1


def independent(loss: float, seconds: float, seed: int = 1) -> list[bool]:
    """True for each packet that is lost."""
    rng = random.Random(seed)
    return [rng.random() < loss for _ in range(round(seconds * 50))]


def gilbert(loss: float, burst: float, seconds: float, seed: int = 1) -> list[bool]:
    rng = random.Random(seed)
    leave, bad, lost = 1 / burst, False, []
    enter = leave * loss / (1 - loss)
    for _ in range(round(seconds * 50)):
        bad = rng.random() >= leave if bad else rng.random() < enter
        lost.append(bad)
    return lost


def bursts(every_s: float, length_s: float, seconds: float) -> list[bool]:
    """Everything is lost for `length_s` at the end of every `every_s`."""
    return [(n / 50) % every_s >= every_s - length_s for n in range(round(seconds * 50))]


def reports(lost: Iterable[bool], start: float = 0.0, **delays: float) -> Iterator[LinkReport]:
    """What the line would tell of these packets."""
    run, quiet_ms = 0, 0.0
    fates = list(lost)
    for first in range(0, len(fates) - PACKETS + 1, PACKETS):
        runs, longest, gone = [0, 0, 0, 0], 0, 0
        for fate in fates[first : first + PACKETS]:
            if fate:
                run, gone, quiet_ms = run + 1, gone + 1, quiet_ms + 20
                longest = max(longest, run)
                continue
            if run:
                runs[(run > 1) + (run > 3) + (run > 9)] += 1
            run, quiet_ms = 0, 0.0
        yield LinkReport(
            at=start + (first / PACKETS + 1) * WINDOW_S,
            window_ms=100.0,
            received=PACKETS - gone,
            lost=gone,
            loss_runs=_four(runs),
            longest_loss=longest,
            quiet_ms=quiet_ms,
            **delays,  # type: ignore[arg-type]
        )


def _four(runs: list[int]) -> LossRuns:
    one, few, several, many = runs
    return one, few, several, many


def verdicts(coming: Iterable[LinkReport]) -> list[Verdict]:
    recogniser = Recogniser()
    return [recogniser.add(of_up(report)) for report in coming]
