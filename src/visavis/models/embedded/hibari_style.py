"""How hibari's frames are changed so that the voice says the same in another way.

The network gives, for each 12.5 ms frame, the pitch and three spectra (harmonics, noise, and a part
with free phases), 601 bins from 0 to 12 kHz, as natural logarithms of magnitude. Pitch and melody
are changed in the pitch alone, so the formants stay where they are; loudness and warmth in the
spectra.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visavis.models.protocols import Voice

Frames = NDArray[np.float32]

BINS = 601
_HZ = np.linspace(0, 12_000, BINS, dtype=np.float32)
_VOICED_HZ = 40.0
"""Below this a frame is unvoiced, as hibari has it."""
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 500.0
_DECIBEL = np.float32(np.log(10) / 20)
_TILT_DB = -2.0
"""Per octave above 1 kHz at full warmth."""
_BODY_DB = 1.5
"""Below 500 Hz at full warmth."""
_BREATH_DB = 3.0
"""More noise at full warmth."""
_EFFORT_DB = 0.25
"""Who speaks up by a decibel raises the octaves above 1 kHz by this much more, each."""
_OCTAVES = np.log2(np.maximum(_HZ, 1000) / 1000).clip(0, 3)


_PACES = ((0.5, 0.48), (0.7, 0.69), (1.0, 1.0))
"""What the network is asked for, and how fast it then speaks. It rounds the length of each phoneme
to 25 ms: little comes of what lies between, and faster than 1 it swallows the short ones."""


def pace(speed: float) -> tuple[float, float]:
    """The speed to ask the network for, and the factor by which its frames must be sped up."""
    asked, real = min(_PACES, key=lambda known: abs(np.log(speed / known[1])))
    return asked, speed / real


def resample(spectra: list[Frames], factor: float) -> list[Frames]:
    """Frames repeated or left out, evenly, so that there are 1/`factor` times as many. The pulses
    that carry the voice are made of the pitch afterwards, so their phases stay whole."""
    count = spectra[0].shape[1]
    # A fiftieth more or less is not heard, and the frames' own phases are kept.
    if abs(factor - 1) < 0.02 or count < 2:
        return spectra
    chosen = np.linspace(0, count - 1, max(2, round(count / factor))).round().astype(np.intp)
    return [np.ascontiguousarray(array[..., chosen]) for array in spectra]


def melody(f0: Frames, pitch: float, pitch_range: float) -> Frames:
    """The pitch curve (Hz, one value a frame) moved by semitones, its ups and downs scaled around
    its median, both on the logarithm; unvoiced frames stay."""
    voiced = f0 >= _VOICED_HZ
    if not voiced.any():
        return f0
    log = np.log2(f0[voiced])
    middle = np.median(log)
    moved = middle + (log - middle) * pitch_range + pitch / 12
    out = f0.copy()
    out[voiced] = np.exp2(moved).clip(_LOWEST_HZ, _HIGHEST_HZ)
    return out


def colour(loudness: float, warmth: float) -> tuple[Frames, float]:
    """What is added to the logarithms of every frame's spectra, per bin, and to the noise. The
    level is not set here."""
    tilt = (_TILT_DB * warmth + _EFFORT_DB * loudness) * _OCTAVES
    body = _BODY_DB * warmth * (_HZ < 500)
    bins = ((tilt + body) * _DECIBEL).astype(np.float32)
    return bins[:, None], float(_BREATH_DB * warmth * _DECIBEL)


def is_plain(voice: Voice) -> bool:
    """Whether the network's own frames are wanted, whatever their pace."""
    return (voice.pitch, voice.pitch_range, voice.loudness, voice.warmth) == (0.0, 1.0, 0.0, 0.0)


def levelled(wave: Frames, plain: Frames, loudness: float) -> Frames:
    """The wave, `loudness` decibels above the plain one: another pitch or colour alone would make
    it louder or softer as well."""
    power = float((wave**2).mean())
    if power <= 0:
        return wave
    gain = np.sqrt(float((plain**2).mean()) / power) * 10 ** (loudness / 20)
    return (wave * np.float32(gain)).astype(np.float32)


def restyle(spectra: list[Frames], voice: Voice) -> list[Frames]:
    """hibari's `lh, theta, ln, lr, phi, f0`, as the voice should say it."""
    lh, theta, ln, lr, phi, f0 = spectra
    if voice.pitch or voice.pitch_range != 1.0:
        f0 = melody(f0, voice.pitch, voice.pitch_range)
    if voice.loudness or voice.warmth:
        bins, breath = colour(voice.loudness, voice.warmth)
        lh, ln, lr = lh + bins, ln + (bins + breath), lr + bins
    return [lh, theta, ln, lr, phi, f0]
