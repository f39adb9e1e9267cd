"""Which utterances are spoken, and the streams made of them.

Every recorded prompt of four words or more belongs to one of two sets: what is tuned is tuned
on `tuning`, figures come from `testing`. A stream never stops: between utterances there is the
noise floor of a quiet room, so every stack encodes all of it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
import recordings

RATE = 16_000
FRAME = RATE // 50
PAUSE_S = 1.2
LEAD_S = 4.0
"""Before the first utterance: what a jitter buffer takes to know the network."""
TAIL_S = 2.5
"""After the last one: what the longest queue takes to drain."""
FLOOR_LSB = 6.0

Split = Literal["tuning", "testing"]


@dataclass(frozen=True)
class Spoken:
    """An utterance in a stream, in samples at 16 kHz."""

    name: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Stream:
    pcm: NDArray[np.int16]
    spoken: tuple[Spoken, ...]

    @property
    def seconds(self) -> float:
        return len(self.pcm) / RATE


def replies(stream: Stream) -> list[int]:
    """First samples of the parts that a voice engine would make of it: each begins with an
    utterance, at a whole frame, and all of them together are the stream."""
    return [0, *(spoken.start // FRAME * FRAME for spoken in stream.spoken)]


def utterances(split: Split) -> list[str]:
    """The names of one set, in order."""
    names = [
        name
        for name, text in sorted(recordings.transcripts().items())
        if len(text.split()) >= 4 and (recordings.SOUNDS / f"{name}.g722").is_file()
        and 1.2 <= (recordings.SOUNDS / f"{name}.g722").stat().st_size / 8000 <= 9.0
    ]  # fmt: skip
    # By position, so that both sets have every kind of prompt.
    return names[split == "testing" :: 2]


def streams(names: list[str], count: int, *, calls: int) -> list[Stream]:
    """`count` utterances on so many calls, all about equally long. If there are fewer prompts
    they come again, on another call or at another time, so that they meet other losses."""
    rng = np.random.default_rng(5)
    order: list[str] = []
    while len(order) < count:
        order += [names[i] for i in rng.permutation(len(names))]
    dealt: list[list[recordings.Prompt]] = [[] for _ in range(calls)]
    for prompt in map(recordings.prompt, order[:count]):
        min(
            dealt, key=lambda hand: sum(len(p.pcm) for p in hand) + len(hand) * PAUSE_S * RATE
        ).append(prompt)
    drafts = [_stream(hand, rng) for hand in dealt]
    longest = max(len(draft.pcm) for draft in drafts)
    return [Stream(_floor(draft.pcm, longest, rng), draft.spoken) for draft in drafts]


def _stream(hand: list[recordings.Prompt], rng: np.random.Generator) -> Stream:
    parts: list[NDArray[np.int16]] = [np.zeros(int(LEAD_S * RATE), np.int16)]
    at = len(parts[0])
    spoken = []
    for prompt in hand:
        # An odd pause, lest utterances begin in step with packets.
        pause = int(PAUSE_S * RATE + rng.integers(-4000, 4000))
        spoken.append(Spoken(prompt.name, prompt.text, at, at + len(prompt.pcm)))
        parts += [prompt.pcm, np.zeros(pause, np.int16)]
        at += len(prompt.pcm) + pause
    parts.append(np.zeros(int((TAIL_S - PAUSE_S) * RATE), np.int16))
    return Stream(np.concatenate(parts), tuple(spoken))


def _floor(pcm: NDArray[np.int16], length: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """The same on a noise floor, padded to whole frames."""
    whole = rng.normal(0, FLOOR_LSB, -(-length // 320) * 320)
    whole[: len(pcm)] += pcm
    return whole.round().clip(-32768, 32767).astype(np.int16)
