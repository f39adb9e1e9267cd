"""Fits what makes the end of a turn likely, on the tuning speakers: `python -m turns.fit`.

Logistic regression, held to weights that seem right before anything is known, so that cues of which
the recordings have no case keep those. Ends and pauses count the same in sum, and every speaker at
most so much. Two sets of cues: with a language model that says whether a sentence ends (weights of
`cadence` and `turn_end`), and without one, with the turn model (`smart_turn` and `turn_end`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from turns.cases import PAUSE_S
from turns.moments import Moment, moments
from visavis.conversation.pace import Pace
from visavis.conversation.phrase import phrase
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.turn_end import wait_s
from visavis.odds import log_odds

NAMES = ("base", "network", "read", "fall", "fade", "hanging", "comma", "filler", "dictated")
BEFORE = np.array([0.0, 0.5, 0.5, 0.15, 0.1, -1.5, -0.7, -2.0, -1.5])
WITHOUT = {"with the turn model": "read", "with the language model": "network"}
"""The two sets of cues, and the one each does without."""
HOLD = 2.0
ASKED_S = 0.15
"""Silence before which the turn model has not answered."""
_MOST = 40
"""More moments of one speaker than that weigh no more."""

Matrix = NDArray[np.float64]


def cues(moment: Moment) -> list[float]:
    said, end = phrase(moment.text), moment.ending
    fall, fade = (0.0, 0.0) if end is None else (end.falls, end.fades)
    read = 0.0 if moment.sentence_end is None else log_odds(moment.sentence_end)
    return [1.0, log_odds(moment.score), read, fall, fade,
            said.hanging, said.comma, said.filler, said.dictated]  # fmt: skip


def matrix(found: Sequence[Moment], without: str) -> tuple[Matrix, Matrix]:
    """Cues and truth of every moment."""
    x = np.array([cues(moment) for moment in found], float)
    x[:, NAMES.index(without)] = 0.0
    return x, np.array([moment.end for moment in found], float)


def fit(found: Sequence[Moment], without: str) -> Matrix:
    """Newton's method."""
    speakers = Counter(moment.speaker for moment in found)
    x, y = matrix(found, without)
    w = np.array([min(1.0, _MOST / speakers[moment.speaker]) for moment in found])
    for truth in (0.0, 1.0):
        w[y == truth] *= len(found) / 2 / w[y == truth].sum()
    hold = np.full(len(BEFORE), HOLD)
    hold[0] = 1e-6
    beta = BEFORE.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        slope = x.T @ (w * (y - p)) - hold * (beta - BEFORE)
        beta += np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x + np.diag(hold), slope)
    return beta


def separation(scores: Matrix, ends: Matrix) -> float:
    """Area under the ROC curve."""
    high, low = scores[ends == 1], scores[ends == 0]
    if not len(high) or not len(low):
        return float("nan")
    return float((high[:, None] > low[None]).mean() + 0.5 * (high[:, None] == low[None]).mean())


def operating_point(odds: Matrix, ends: Matrix, pace: Pace) -> str:
    """Pauses of `PAUSE_S` that would be taken over, and how long ends would be waited for."""
    settings = ConversationSettings()
    waits = np.array([max(ASKED_S, wait_s(each, settings, pace)) for each in odds])
    low, high = PAUSE_S
    longer = np.clip((high - np.maximum(waits[ends == 0], low)) / (high - low), 0, 1)
    middle, late = np.percentile(waits[ends == 1], [50, 90])
    return f"{longer.mean():.3f} of pauses taken over; wait p50 / p90 {middle:.2f} / {late:.2f} s"


def report(name: str, found: Sequence[Moment], beta: Matrix, without: str) -> None:
    x, y = matrix(found, without)
    odds = x @ beta
    alone = ", ".join(
        f"{cue} {separation(x[:, NAMES.index(cue)], y):.3f}"
        for cue in ("network", "read", "fall", "fade")
        if cue != without
    )
    print(f"{name}: {int(y.sum())} ends, {int((1 - y).sum())} pauses")
    print(f"  AUC {separation(odds, y):.3f}; alone {alone}")
    if not (y == 1).any():
        return
    known = Pace()
    for end in odds[y == 1][:20]:
        known.answered(float(end))
    print(f"  speaker not known: {operating_point(odds, y, Pace())}")
    print(f"  speaker known:     {operating_point(odds, y, known)}")


def main() -> None:
    found = moments()
    tuning = [moment for moment in found if moment.split == "tuning"]
    for kind, without in WITHOUT.items():
        beta = fit(tuning, without)
        weights = zip(NAMES, beta, strict=True)
        print(f"# {kind}: " + ", ".join(f"{n} {b:.2f}" for n, b in weights if n != without))
        for speaker in sorted({m.speaker for m in tuning if m.end}):
            rest = fit([m for m in tuning if m.speaker != speaker], without)
            of = [m for m in tuning if m.speaker == speaker]
            report(f"left out: {speaker}", of, rest, without)
        report("tuning", tuning, beta, without)
        for speaker in ("allison", "lecturer"):
            report(f"testing: {speaker}", [m for m in found if m.speaker == speaker], beta, without)


if __name__ == "__main__":
    main()
