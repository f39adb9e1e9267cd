"""Whose speech the cases are made of, by speaker.

What is tuned is tuned on `tuning`: the training meetings, a reader, actors, television news.
Figures come from `testing`: the telephone prompts (one speaker), a lecturer who hesitates, and the
other meetings. No speaker is in both.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.io import wavfile

from turns import packages

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
import recordings

RATE = 16_000
Split = Literal["tuning", "testing"]
Samples = NDArray[np.int16]

_AMI = ("pyannote-audio==4.0.7", "*/tests/data/*")
_READ = (
    (
        ("moonshine-voice==0.1.0", "moonshine_voice/assets/*.wav"),
        ("two_cities.wav", "beckett.wav", "endgame_nagg_nell.wav"),
        False,
    ),
    (("silero-vad==6.2.3", "*.wav"), ("aepyx.wav",), True),
)
_LECTURE = ("silero-vad==6.2.3", "*.wav")
_LECTURE_TURNS = ((0.0, 6.95), (9.2, 28.6), (28.55, 46.6), (48.7, 50.1))
"""Seconds, found by listening: each begins and ends with a thought, and hesitates in between."""
_FRAME = RATE // 100
EDGE_S = 0.06
"""What is left around a stretch of speech."""


@dataclass(frozen=True)
class Clip:
    """Somebody speaks; `whole` if it is a sentence to its end, as far as is known."""

    speaker: str
    name: str
    pcm: Samples
    text: str = ""
    whole: bool = False

    @property
    def seconds(self) -> float:
        return len(self.pcm) / RATE


def sentences(split: Split) -> list[Clip]:
    """Whole sentences."""
    if split == "tuning":
        return [clip for clip in _readers() if 1.0 <= clip.seconds <= 9.0]
    return _prompts()


def lecture() -> list[Clip]:
    """Long, hesitant turns of a speaker who is only tested on."""
    pcm = load(packages.files(*_LECTURE, source=True)["test.wav"])
    return [
        Clip(
            "lecturer", f"lecture-{begin:g}", trimmed(pcm[round(begin * RATE) : round(end * RATE)])
        )
        for begin, end in _LECTURE_TURNS
    ]


def stretches(split: Split, *, seconds: tuple[float, float]) -> list[Clip]:
    """Speech of one person in a meeting while no other speaks; it may end anywhere."""
    return [c for c in _meetings(split) if seconds[0] <= c.seconds <= seconds[1]]


def short_turns(split: Split) -> list[Clip]:
    """What others say in passing: most are acknowledgements."""
    return [clip for clip in _meetings(split) if 0.2 <= clip.seconds <= 1.0]


@cache
def _prompts() -> list[Clip]:
    found = []
    for name, text in sorted(recordings.transcripts().items()):
        whole = text[:1].isupper() and text[-1:] in ".!?" and len(text.split()) >= 4
        if whole and (recordings.SOUNDS / f"{name}.g722").is_file():
            pcm = trimmed(recordings.prompt(name).pcm)
            if 1.2 <= len(pcm) / RATE <= 9.0:
                found.append(Clip("allison", name, pcm, text, whole=True))
    return found


@cache
def _meetings(split: Split) -> list[Clip]:
    """Stretches with exactly one speaker, by the reference annotation of the AMI corpus."""
    files = packages.files(*_AMI, source=True)
    wanted = ("train",) if split == "tuning" else ("development", "test")
    found = []
    for part in wanted:
        turns: dict[str, list[tuple[float, float, str]]] = {}
        for line in files[f"debug.{part}.rttm"].read_text("utf-8").splitlines():
            fields = line.split()
            begin, length = float(fields[3]), float(fields[4])
            turns.setdefault(fields[1], []).append((begin, begin + length, fields[7]))
        for meeting, said in sorted(turns.items()):
            path = files.get(f"{meeting}.wav")
            if path is None:
                continue  # one name is written with an accent that unpacking may change
            pcm = load(path)
            for number, (begin, end, speaker) in enumerate(_alone(said)):
                clip = trimmed(pcm[round(begin * RATE) : round(end * RATE)])
                if len(clip) > 0.2 * RATE:
                    found.append(Clip(speaker, f"{meeting}-{number}", clip))
    return found


def _alone(said: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """The parts of each turn in which nobody else speaks."""
    out = []
    for begin, end, who in sorted(said):
        at = begin
        for b, e, other in sorted(said):
            if other == who or e <= at or b >= end:
                continue
            if b - at > 0.2:
                out.append((at, b, who))
            at = max(at, e)
        if end - at > 0.2:
            out.append((at, end, who))
    return out


@cache
def _readers() -> list[Clip]:
    """What a reader, actors and people in a conversation say between two pauses."""
    found = []
    for package, names, source in _READ:
        files = packages.files(*package, source=source)
        for name in names:
            pcm = load(files[name])
            speaker = name.partition(".")[0]
            for number, (begin, end) in enumerate(spoken(pcm, gap_s=0.3, below_db=26.0)):
                found.append(Clip(speaker, f"{speaker}-{number}", pcm[begin:end]))
    return found


def load(path: Path) -> Samples:
    """A WAV file as mono int16 at 16 kHz."""
    rate, data = wavfile.read(path)
    x = data.astype(np.float32) / (1 if data.dtype.kind == "f" else 32768)
    if x.ndim > 1:
        x = x.mean(1)
    if rate != RATE:
        x = soxr.resample(x, rate, RATE)
    return clipped(x * 32767)


def clipped(wave: NDArray[np.floating[Any]]) -> Samples:
    """The nearest samples."""
    return np.round(wave).clip(-32768, 32767).astype(np.int16)


def levels(pcm: Samples) -> NDArray[np.float64]:
    """dB of every 10 ms, relative to full scale."""
    whole = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    found: NDArray[np.float64] = 10 * np.log10((whole**2).mean(1) / 32768.0**2 + 1e-10)
    return found


def spoken(
    pcm: Samples, *, gap_s: float, below_db: float = 32.0, edge_s: float = EDGE_S
) -> list[tuple[int, int]]:
    """Stretches of sound within `below_db` of the loudest, parted by at least `gap_s`, and so much
    around each."""
    level = levels(pcm)
    loud = np.flatnonzero(level > np.percentile(level, 98) - below_db)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > gap_s * 100)
    firsts = [loud[0], *(loud[i + 1] for i in breaks)]
    lasts = [*(loud[i] for i in breaks), loud[-1]]
    edge = round(edge_s * RATE)
    return [
        (max(0, int(a) * _FRAME - edge), min(len(pcm), (int(b) + 1) * _FRAME + edge))
        for a, b in zip(firsts, lasts, strict=True)
        if b - a >= 15
    ]


def trimmed(pcm: Samples) -> Samples:
    """From the first to the last sound."""
    parts = spoken(pcm, gap_s=1e9)
    return pcm[parts[0][0] : parts[0][1]] if parts else pcm[:0]


def loudness(pcm: Samples) -> float:
    """Root mean square of what is speech in it, int16 units."""
    level = levels(pcm)
    if not len(level):
        return 1.0
    loud = np.repeat(level > np.percentile(level, 95) - 20, _FRAME)
    part = pcm[: len(loud)][loud].astype(np.float64)
    return float(np.sqrt((part**2).mean())) if len(part) else 1.0
