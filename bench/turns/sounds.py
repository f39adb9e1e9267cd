"""Sounds that are not for the agent: acknowledgements, noises, and the quiet of a room."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from turns import voices
from turns.voices import RATE, Clip, Samples, Split, clipped, levels
from visavis.models.embedded.hibari_voice import HibariVoice
from visavis.models.protocols import Voice
from visavis.models.workers import Cancel

MUSIC = Path("/usr/share/asterisk/moh")
_ACKNOWLEDGED: dict[Split, tuple[str, ...]] = {
    "tuning": ("trn01-0", "trn01-2", "trn02-0", "trn04-0", "trn04-4", "trn04-5", "trn05-1",
               "trn06-2", "trn08-1"),
    "testing": ("dev01-7", "tst00-2", "tst00-3", "tst01-1", "tst01-2"),
}  # fmt: skip
"""Short turns in the meetings that only say "I am listening", found by listening."""
_SPOKEN: dict[Split, tuple[str, ...]] = {
    "tuning": ("Yes.", "Good.", "All right.", "Aha.", "Hmm.", "Nice."),
    "testing": ("Right.", "Okay.", "Yeah.", "I see.", "Sure.", "Got it.", "Great.", "Exactly.",
                "Wow.", "Okay, right."),
}  # fmt: skip


def acknowledgements(split: Split) -> list[Clip]:
    """People's, and as many different ones of the project's own voice."""
    human = [clip for clip in voices.short_turns(split) if clip.name in _ACKNOWLEDGED[split]]
    return [*human, *_spoken(split)]


@cache
def _spoken(split: Split) -> list[Clip]:
    voice = HibariVoice()
    return [
        Clip(
            "hibari", f"hibari-{text}", resampled(voice.speak(Cancel(), text, Voice()).pcm, 24_000)
        )
        for text in _SPOKEN[split]
    ]


def resampled(pcm: Samples, rate: int) -> Samples:
    x = soxr.resample(pcm.astype(np.float32), rate, RATE)
    return clipped(x)


def babble(rng: np.random.Generator, seconds: float, split: Split) -> Samples:
    """Six people who speak at once."""
    crowd = voices.stretches(split, seconds=(1.0, 30.0))
    out = np.zeros(round(seconds * RATE))
    for index in rng.permutation(len(crowd))[:6]:
        pcm = crowd[index].pcm.astype(np.float64) / voices.loudness(crowd[index].pcm)
        out += np.resize(np.roll(pcm, int(rng.integers(len(pcm)))), len(out))
    return _scaled(out)


def music(rng: np.random.Generator, seconds: float) -> Samples:
    """A piece of what telephones play to those who wait."""
    names = sorted(path.name for path in MUSIC.glob("*.g722"))
    if not names:
        raise FileNotFoundError(f"{MUSIC}: install asterisk-moh-opsound-g722")
    pcm = _decoded(names[int(rng.integers(len(names)))])
    at = int(rng.integers(RATE * 5, len(pcm) - RATE * 10))
    return _scaled(pcm[at : at + round(seconds * RATE)].astype(np.float64))


@cache
def _decoded(name: str) -> Samples:
    raw = subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-f", "g722", "-i", MUSIC / name, "-f", "s16le",
         "-ar", "16000", "-ac", "1", "-"],
        check=True,
        capture_output=True,
    ).stdout  # fmt: skip
    return np.frombuffer(raw, np.int16)


def knock(rng: np.random.Generator) -> Samples:
    """A door: two or three dull knocks."""
    t = np.arange(RATE // 8) / RATE
    tone = np.exp(-t * 60) * np.sin(2 * np.pi * rng.uniform(120, 260) * t)
    one = tone + 0.3 * np.exp(-t * 200) * rng.normal(size=len(t))
    gap = np.zeros(round(rng.uniform(0.06, 0.15) * RATE))
    parts = [one, gap] * int(rng.integers(2, 4))
    return _scaled(np.concatenate(parts))


def cough(rng: np.random.Generator) -> Samples:
    """One or two bursts of coloured noise with a cough's envelope."""
    t = np.arange(round(rng.uniform(0.2, 0.35) * RATE)) / RATE
    noise = np.convolve(rng.normal(size=len(t)), np.ones(6) / 6, "same")
    one = noise * np.minimum(1, t / 0.02) * np.exp(-t * 9)
    gap = np.zeros(round(0.15 * RATE))
    return _scaled(np.concatenate([one, gap] * int(rng.integers(1, 3))))


def room_tone(pcm: Samples, count: int, rng: np.random.Generator) -> Samples:
    """So many samples of the quiet in a recording: its quietest tenths of a second, faded into
    one another in random order."""
    size, fade = RATE // 10, RATE // 50
    loudest = _tenths(levels(pcm))
    worst = np.argsort(loudest, kind="stable")[:5]
    ramp = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    out = np.zeros(count + size)
    at = 0
    while at < count:
        begin = int(worst[int(rng.integers(len(worst)))]) * (RATE // 100)
        piece = pcm[begin : begin + size].astype(np.float64)
        piece = np.resize(piece, size) if len(piece) < size else piece.copy()
        if at:
            piece[:fade] *= ramp
            out[at : at + fade] *= ramp[::-1]
        out[at : at + size] += piece
        at += size - fade
    return clipped(out[:count])


def quiet_db(pcm: Samples) -> float:
    """How far the quietest tenth of a second of a recording lies below its speech."""
    level = levels(pcm)
    return float(np.percentile(level, 98) - _tenths(level).min())


def _tenths(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """The loudest 10 ms of every tenth of a second."""
    if len(level) <= 10:
        return level.max(keepdims=True)
    return np.lib.stride_tricks.sliding_window_view(level, 10)[:-1].max(1)


def _scaled(x: np.ndarray) -> Samples:
    return np.round(x / (np.abs(x).max() + 1e-9) * 12_000).astype(np.int16)
