"""Does noise become words, and are words kept in noise?

The real session with its real ears in virtual time, as in `turn_taking`. First nothing but noise,
15 to 25 dB under a person's level, a minute a call: every turn that comes of it is invented. Then
sentences of the testing speaker in each noise at each distance: how many became turns, and how
many of their words were wrong or invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

import jiwer
import numpy as np

from harness import arguments, config_hash, finish, table
from turn_taking import hear
from turns import voices
from turns.backgrounds import BACKGROUNDS, Background, Wave, background
from turns.cases import SPEECH_DBFS, Call, Turn, level
from turns.charged import Costs
from turns.virtual import ANSWER_S, Heard
from turns.voices import RATE, Clip, Samples, clipped
from visavis.conversation import ConversationSettings
from visavis.conversation.words import normalize

SEED = 8
MINUTE_S = 60.0
UNDER_DB = (15.0, 25.0)
"""How far noise alone is under a person's level."""
SNR_DB = (20, 10, 5, 0)
LEAD_S, TAIL_S = 1.0, 2.5
"""Noise before and after a sentence."""
SENTENCES_A_CALL = 5


def empty(kind: Background, number: int) -> Call:
    """A minute of noise."""
    rng = np.random.default_rng([SEED, BACKGROUNDS.index(kind), number])
    wave = background(kind, rng, MINUTE_S, "testing")
    pcm = _scaled(wave, -rng.uniform(*UNDER_DB))
    return Call(f"{kind}-{number}", (Turn(f"{kind}-{number}", "", "smooth", pcm, (), False),))


def full(kind: Background, snr: int, clips: Sequence[Clip], number: int) -> Call:
    """Some sentences, each in its noise."""
    rng = np.random.default_rng([SEED, BACKGROUNDS.index(kind), snr, number])
    turns = []
    for clip in clips:
        said = level(clip).astype(np.float64)
        seconds = LEAD_S + len(said) / RATE + TAIL_S
        mixed = _scaled(background(kind, rng, seconds, "tuning"), -snr).astype(np.float64)
        start = round(LEAD_S * RATE)
        mixed[start : start + len(said)] += said
        span = (start, start + len(said))
        turns.append(Turn(clip.name, clip.speaker, "smooth", clipped(mixed), (span,), True))
    return Call(f"{kind}@{snr}-{number}", tuple(turns))


def _scaled(wave: Wave, db: float) -> Samples:
    """So much louder than a person."""
    return clipped(wave * 32768 * 10 ** ((SPEECH_DBFS + db) / 20))


@cache
def _texts() -> dict[str, str]:
    return {clip.name: clip.text for clip in voices.sentences("testing")}


def score(heard: Sequence[Heard]) -> dict[str, float | int]:
    """Of the turns of some calls: how many were kept, and the words."""
    kept = errors = words = invented = 0
    for call in heard:
        for turn, begin in call.turns:
            until = begin + len(turn.pcm) / RATE + ANSWER_S
            said = " ".join(text for at, text in call.said if begin <= at < until)
            truth = normalize(_texts()[turn.name])
            found = jiwer.process_words(truth, normalize(said))
            kept += found.hits > 0
            errors += found.substitutions + found.deletions + found.insertions
            invented += found.insertions
            words += len(truth.split())
    turns = sum(len(call.turns) for call in heard)
    return {"turns": turns, "kept": round(kept / turns, 4), "wer": round(errors / words, 4),
            "invented_words": round(invented / words, 4)}  # fmt: skip


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="of noise alone")
    parser.add_argument("--n", type=int, default=20, help="sentences in each noise at each level")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    if options.quick:
        options.minutes, options.n = 4, 2
    settings, costs = ConversationSettings(), Costs()
    alone = {kind: [empty(kind, i) for i in range(options.minutes // 4)] for kind in BACKGROUNDS}
    clips = voices.sentences("testing")
    pick = np.random.default_rng(SEED).permutation(len(clips))[: options.n]
    groups = [
        [clips[i] for i in pick[first : first + SENTENCES_A_CALL]]
        for first in range(0, len(pick), SENTENCES_A_CALL)
    ]
    mixed = {
        (kind, snr): [full(kind, snr, group, i) for i, group in enumerate(groups)]
        for kind in BACKGROUNDS
        for snr in SNR_DB
    }
    every = [call for part in (*alone.values(), *mixed.values()) for call in part]
    heard = {found.name: found for found in hear(every, settings, costs, options.jobs)}

    def of(calls: Sequence[Call]) -> list[Heard]:
        return [heard[call.name] for call in calls]

    first = [
        {"noise alone": kind, "minutes": len(calls),
         "invented turns": sum(len(found.said) for found in of(calls))}
        for kind, calls in alone.items()
    ]  # fmt: skip
    rows = [{"noise": kind, "dB": snr, **score(of(calls))} for (kind, snr), calls in mixed.items()]
    levels = {
        level_db: score([f for (_, snr), calls in mixed.items() if snr == level_db
                         for f in of(calls)])
        for level_db in SNR_DB
    }  # fmt: skip
    minutes = sum(map(len, alone.values()))
    invented = sum(int(row["invented turns"]) for row in first)
    figures = {
        "minutes": minutes, "invented_turns": invented,
        "invented_turns_per_hour": round(invented * 60 / minutes, 2),
        "turns_at_10_db": levels[10]["turns"], "real_turns_kept_10db": levels[10]["kept"],
        "wer": {snr: found["wer"] for snr, found in levels.items()},
        "invented_words": {snr: found["invented_words"] for snr, found in levels.items()},
        "config_hash": config_hash({"settings": asdict(settings), "calls": sorted(heard)}),
    }  # fmt: skip
    text = f"{table(first)}\n\n{table(rows)}\n\n{table([figures])}"
    finish(options, "noise", text, figures)


if __name__ == "__main__":
    main()
