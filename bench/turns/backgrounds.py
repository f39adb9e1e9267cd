"""What goes on around a person: a crowd, a street, music, a fan. At a speech's level, to be scaled.

The crowd and the music are recordings; street and fan are made: a low rumble with cars that pass
and a horn now and then, and a steady hiss with the hum and the beat of blades.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from turns import sounds
from turns.voices import RATE, Split, loudness

Background = Literal["babble", "street", "music", "fan"]
BACKGROUNDS: tuple[Background, ...] = get_args(Background)
Wave = NDArray[np.float64]
_MUSIC_S = 8.0


def background(kind: Background, rng: np.random.Generator, seconds: float, split: Split) -> Wave:
    """Float samples at 16 kHz with a root mean square of 1 while it is loud."""
    if kind == "babble":
        wave = sounds.babble(rng, seconds, split).astype(np.float64)
    elif kind == "music":
        pieces = [sounds.music(rng, _MUSIC_S) for _ in range(int(seconds / _MUSIC_S) + 1)]
        wave = np.concatenate(pieces)[: round(seconds * RATE)].astype(np.float64)
    else:
        wave = (_street if kind == "street" else _fan)(rng, round(seconds * RATE))
    scaled = np.round(wave * (8000 / np.abs(wave).max())).astype(np.int16)
    result: Wave = wave * (8000 / np.abs(wave).max()) / loudness(scaled)
    return result


def _coloured(rng: np.random.Generator, count: int, pole: float) -> Wave:
    """Noise that falls off with frequency, the more the nearer the pole is to 1."""
    wave: Wave = lfilter([1 - pole], [1, -pole], rng.normal(size=count))
    return wave / wave.std()


def _street(rng: np.random.Generator, count: int) -> Wave:
    t = np.arange(count) / RATE
    wave = _coloured(rng, count, 0.985)
    at = rng.exponential(3.0)
    while at < count / RATE:
        # A car: tyres on the road, loudest as it passes.
        near = np.exp(-(((t - at) / rng.uniform(0.6, 1.6)) ** 2))
        wave += rng.uniform(0.8, 2.5) * near * _coloured(rng, count, rng.uniform(0.6, 0.9))
        if rng.random() < 0.15:
            honk = (t > at) & (t < at + rng.uniform(0.15, 0.6))
            tones = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (420.0, 510.0))
            wave += 0.5 * honk * tones
        at += rng.exponential(4.0)
    return wave


def _fan(rng: np.random.Generator, count: int) -> Wave:
    t = np.arange(count) / RATE
    beat = 1 + 0.2 * np.sin(2 * np.pi * rng.uniform(7, 15) * t)
    hum = sum(np.sin(2 * np.pi * 100 * k * t) / k for k in (1, 2, 3))
    wave: Wave = _coloured(rng, count, 0.8) * beat + 0.4 * hum
    return wave
