"""The cases, in the form of Full-Duplex-Bench: turns with and without pauses, and what comes while
the agent speaks. All of it follows from the recordings and the seed."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from turns import cuts, sounds, voices
from turns.packages import CACHE
from turns.voices import RATE, Clip, Samples, Split, clipped

SEED = 5
TURNS_A_CALL = 5
PAUSE_S = (0.4, 2.0)
"""Length of an inserted pause."""
NATURAL_S = 0.4
"""From here on a speaker's own silence is a pause."""
SPEECH_DB = 28.0
"""Sound so far below the loudest is none of the speaker's."""
FADE = RATE // 200
SPEECH_DBFS = -26.0
"""Level of the person, give or take `SPREAD_DB`."""
SPREAD_DB = 4.0
LONGEST_FALSE = 3.0
ROOM_DB = 40.0
"""What is so far below the speech is the room."""

OverKind = Literal["interruption", "acknowledgement", "side", "noise"]


@dataclass(frozen=True)
class Turn:
    """Something the person says. The agent should be silent until its end, then answer."""

    name: str
    speaker: str
    kind: Literal["inserted", "natural", "smooth"]
    pcm: Samples
    spans: tuple[tuple[int, int], ...]
    """Speech in it, in samples; between them the speaker pauses."""
    whole: bool
    """It ends where a sentence ends: an answer is due."""


@dataclass(frozen=True)
class Over:
    """What comes while the agent speaks."""

    name: str
    kind: OverKind
    pcm: Samples


@dataclass(frozen=True)
class Call:
    name: str
    turns: tuple[Turn, ...]
    over: Over | None = None
    """Comes during the reply to the only turn."""


def calls(split: Split, *, share: float = 1.0) -> list[Call]:
    """All of one split, or about a `share` of them. Made once, and kept for the next run."""
    here = Path(__file__).parent
    made_by = hashlib.sha256(split.encode())
    for name in ("cases.py", "cuts.json", "packages.py", "sounds.py", "voices.py"):
        made_by.update((here / name).read_bytes())
    kept = CACHE / f"calls-{made_by.hexdigest()[:16]}.pickle"
    if kept.exists():
        every: list[Call] = pickle.loads(kept.read_bytes())
    else:
        rng = np.random.default_rng(SEED)
        every = [*_talks(split, rng), *_overs(split, rng)]
        kept.write_bytes(pickle.dumps(every))
    return every[:: max(1, round(1 / share))]


def _talks(split: Split, rng: np.random.Generator) -> list[Call]:
    """Calls of a few turns of one speaker."""
    said: dict[str, list[Turn]] = {}
    places = cuts.known()
    for clip in cuts.clips(split):
        if clip.whole or split == "tuning":
            said.setdefault(clip.speaker, []).append(_plain(clip))
        where = places.get(clip.name, [])
        for at in rng.permutation(where)[: 1 if clip.seconds < 6 else 2]:
            said.setdefault(clip.speaker, []).append(_paused(clip, int(at), split, rng))
    if split == "testing":
        said["lecturer"] = [_plain(clip) for clip in voices.lecture()]
    out = []
    for speaker, turns in sorted(said.items()):
        order = [turns[i] for i in rng.permutation(len(turns))]
        gain = _gain(rng)
        for first in range(0, len(order), TURNS_A_CALL):
            part = tuple(_louder(turn, gain) for turn in order[first : first + TURNS_A_CALL])
            out.append(Call(f"talk-{speaker}-{first // TURNS_A_CALL}", part))
    return out


def _overs(split: Split, rng: np.random.Generator) -> list[Call]:
    """A turn, and while the agent answers it at length, something else."""
    main = [c for c in voices.sentences(split) if 1.4 <= c.seconds <= 4.5]
    meeting = voices.stretches(split, seconds=(1.2, 5.0))
    acknowledged = sounds.acknowledgements(split)
    count = 48 if split == "testing" else 24
    out = []

    def add(kind: OverKind, number: int, name: str, opening: Clip, pcm: Samples, db: float) -> None:
        gain = _gain(rng)
        loud = 10 ** ((SPEECH_DBFS + 20 * np.log10(gain) + db) / 20) * 32768
        scaled = clipped(pcm * (loud / voices.loudness(pcm)))
        turn = _louder(_plain(opening), gain)
        out.append(Call(f"{kind}-{number}", (turn,), Over(name, kind, scaled)))

    for number in range(count):
        opening, over = (main[i] for i in rng.choice(len(main), 2, replace=False))
        if number % 4 == 0:
            over = meeting[number // 4 % len(meeting)]
            own = [c for c in meeting if c.speaker == over.speaker and c is not over]
            opening = own[0] if own else over
        add("interruption", number, over.name, opening, over.pcm, rng.uniform(-3, 3))
    for number in range(count * 3 // 4):
        opening = main[int(rng.integers(len(main)))]
        clip = acknowledged[number % len(acknowledged)]
        add("acknowledgement", number, clip.name, opening, clip.pcm, rng.uniform(-6, 0))
    for number in range(count * 3 // 4):
        opening = main[int(rng.integers(len(main)))]
        clip = meeting[int(rng.integers(len(meeting)))]
        pcm = clip.pcm[: round(LONGEST_FALSE * RATE)]
        add("side", number, clip.name, opening, pcm, rng.uniform(-20, -10))
    for number in range(count * 3 // 4):
        opening = main[int(rng.integers(len(main)))]
        name = ("babble", "music", "knock", "cough")[number % 4]
        seconds = rng.uniform(1.0, LONGEST_FALSE)
        if name == "babble":
            pcm, db = sounds.babble(rng, seconds, split), rng.uniform(-20, -8)
        elif name == "music":
            pcm, db = sounds.music(rng, seconds), rng.uniform(-20, -6)
        else:
            pcm = sounds.knock(rng) if name == "knock" else sounds.cough(rng)
            db = rng.uniform(-6, 3)
        add("noise", number, name, opening, pcm, db)
    return out


def _plain(clip: Clip) -> Turn:
    """As it was recorded."""
    spans = _spans(clip.pcm)
    kind: Literal["natural", "smooth"] = "natural" if len(spans) > 1 else "smooth"
    return Turn(clip.name, clip.speaker, kind, level(clip), spans, clip.whole)


def _paused(clip: Clip, at: int, split: Split, rng: np.random.Generator) -> Turn:
    """With a pause of the room's own tone between two words."""
    pcm = level(clip).astype(np.float64)
    length = round(rng.uniform(*PAUSE_S) * RATE)
    tone = sounds.room_tone(room(clip, split), length, rng).astype(np.float64)
    before, after = pcm[:at].copy(), pcm[at:].copy()
    ramp = np.linspace(0, 1, FADE)
    before[-FADE:] *= ramp[::-1]
    after[:FADE] *= ramp
    whole = clipped(np.concatenate([before, tone, after]))
    later = at + length
    spans = (
        *_spans(clip.pcm[:at]),
        *((a + later, b + later) for a, b in _spans(clip.pcm[at:])),
    )
    return Turn(f"{clip.name}@{at}", clip.speaker, "inserted", whole, spans, clip.whole)


def _spans(pcm: Samples) -> tuple[tuple[int, int], ...]:
    return tuple(voices.spoken(pcm, gap_s=NATURAL_S, below_db=SPEECH_DB, edge_s=0.0))


def room(clip: Clip, split: Split) -> Samples:
    """A recording of this speaker with moments in which only the room is heard: this one, if it has
    any. Prompts are cut so close that the quietest of many is still the voice."""
    own = level(clip)
    if sounds.quiet_db(own) >= ROOM_DB:
        return own
    other = _quietest(clip.speaker, split)
    return own if other is None else other


@cache
def _quietest(speaker: str, split: Split) -> Samples | None:
    clips = [level(clip) for clip in cuts.clips(split) if clip.speaker == speaker]
    quiet = [clip for clip in clips if sounds.quiet_db(clip) >= ROOM_DB]
    if quiet:
        return min(quiet, key=sounds.quiet_db)
    return max(clips, key=sounds.quiet_db, default=None)


def level(clip: Clip) -> Samples:
    """A clip as loud as the others."""
    return clipped(clip.pcm * (10 ** (SPEECH_DBFS / 20) * 32768 / voices.loudness(clip.pcm)))


def _gain(rng: np.random.Generator) -> float:
    return float(10 ** (rng.uniform(-SPREAD_DB, SPREAD_DB) / 20))


def _louder(turn: Turn, gain: float) -> Turn:
    pcm = clipped(turn.pcm * gain)
    return Turn(turn.name, turn.speaker, turn.kind, pcm, turn.spans, turn.whole)
