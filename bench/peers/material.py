"""What is said to every stack: whole sentences of one speaker, half of them with a pause inside."""

from __future__ import annotations

import numpy as np

from turns.cases import Turn, calls

SEED = 11
TURNS_A_CALL = 4
LONGEST_S = 6.0
_RATE = 16_000


def conversations(count: int) -> list[list[Turn]]:
    """`count` turns by calls, of speakers that nothing was tuned on, in an order that follows from
    the seed; no sentence comes twice."""
    turns = [turn for call in calls("testing") if call.over is None for turn in call.turns]
    turns = [turn for turn in turns if turn.whole and len(turn.pcm) <= LONGEST_S * _RATE]
    rng = np.random.default_rng(SEED)
    order = [turns[i] for i in rng.permutation(len(turns))]
    chosen: dict[str, Turn] = {}
    wanted = {"inserted": (count + 1) // 2, "smooth": count // 2}
    for turn in order:
        name = turn.name.partition("@")[0]
        if name not in chosen and wanted.get(turn.kind, 0) > 0:
            wanted[turn.kind] -= 1
            chosen[name] = turn
    said = list(chosen.values())
    said = [said[i] for i in rng.permutation(len(said))]
    return [said[at : at + TURNS_A_CALL] for at in range(0, len(said), TURNS_A_CALL)]
