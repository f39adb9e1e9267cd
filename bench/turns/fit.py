"""Fits what makes the end of a turn likely, on the tuning speakers: `python -m turns.fit`.

Logistic regression, held to weights that seem right before anything is known, so that cues of which
the recordings have no case keep those. Ends and pauses count the same in sum, and every speaker at
most so much. The weights of the sound are `smart_turn`'s, those of the words `turn_end`'s.
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

BEFORE = {
    "base": 0.0, "network": 0.5, "fall": 0.15, "fade": 0.1,
    "hanging": -1.5, "comma": -0.7, "filler": -2.0, "dictated": -1.5,
}  # fmt: skip
HOLD = 2.0
ASKED_S = 0.15
"""Silence before which the turn model has not answered."""
_MOST = 40
"""More moments of one speaker than that weigh no more."""

Matrix = NDArray[np.float64]


def cues(moment: Moment) -> list[float]:
    said, end = phrase(moment.text), moment.ending
    fall, fade = (0.0, 0.0) if end is None else (end.falls, end.fades)
    return [1.0, log_odds(moment.score), fall, fade,
            said.hanging, said.comma, said.filler, said.dictated]  # fmt: skip


def matrix(found: Sequence[Moment]) -> tuple[Matrix, Matrix]:
    """Cues and truth of every moment."""
    return np.array([cues(m) for m in found], float), np.array([m.end for m in found], float)


def fit(found: Sequence[Moment]) -> Matrix:
    """Newton's method."""
    speakers = Counter(moment.speaker for moment in found)
    x, y = matrix(found)
    w = np.array([min(1.0, _MOST / speakers[moment.speaker]) for moment in found])
    for truth in (0.0, 1.0):
        w[y == truth] *= len(found) / 2 / w[y == truth].sum()
    before = np.array(list(BEFORE.values()))
    hold = np.full(len(before), HOLD)
    hold[0] = 1e-6
    beta = before.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        slope = x.T @ (w * (y - p)) - hold * (beta - before)
        beta += np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x + np.diag(hold), slope)
    return beta


def separation(scores: Matrix, ends: Matrix) -> float:
    """Area under the ROC curve."""
    high, low = scores[ends == 1], scores[ends == 0]
    if not len(high) or not len(low):
        return float("nan")
    return float((high[:, None] > low[None]).mean() + 0.5 * (high[:, None] == low[None]).mean())


def operating_point(found: Sequence[Moment], beta: Matrix, pace: Pace) -> str:
    """Pauses of `PAUSE_S` that would be taken over, and how long ends would be waited for."""
    settings = ConversationSettings()
    x, y = matrix(found)
    waits = np.array([max(ASKED_S, wait_s(odds, settings, pace)) for odds in x @ beta])
    low, high = PAUSE_S
    longer = np.clip((high - np.maximum(waits[y == 0], low)) / (high - low), 0, 1)
    middle, late = np.percentile(waits[y == 1], [50, 90]) if (y == 1).any() else (np.nan, np.nan)
    return f"{longer.mean():.3f} of pauses taken over; wait p50 / p90 {middle:.2f} / {late:.2f} s"


def report(name: str, found: Sequence[Moment], beta: Matrix) -> None:
    x, y = matrix(found)
    odds = x @ beta
    print(f"{name}: {int(y.sum())} ends, {int((1 - y).sum())} pauses")
    print(f"  AUC {separation(odds, y):.3f}; the network alone {separation(x[:, 1], y):.3f}, "
          f"fall {separation(x[:, 2], y):.3f}, fade {separation(x[:, 3], y):.3f}")  # fmt: skip
    if not (y == 1).any():
        return
    known = Pace()
    for end in odds[y == 1][:20]:
        known.answered(float(end))
    print(f"  speaker not known: {operating_point(found, beta, Pace())}")
    print(f"  speaker known:     {operating_point(found, beta, known)}")


def main() -> None:
    found = moments()
    tuning = [moment for moment in found if moment.split == "tuning"]
    beta = fit(tuning)
    print(", ".join(f"{name} {b:.2f}" for name, b in zip(BEFORE, beta, strict=True)))
    for speaker in sorted({m.speaker for m in tuning if m.end}):
        rest = [m for m in tuning if m.speaker != speaker]
        report(f"left out: {speaker}", [m for m in tuning if m.speaker == speaker], fit(rest))
    report("tuning", tuning, beta)
    for speaker in ("allison", "lecturer"):
        report(f"testing: {speaker}", [m for m in found if m.speaker == speaker], beta)


if __name__ == "__main__":
    main()
