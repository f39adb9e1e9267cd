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


def melody(f0: Frames, pitch: float, pitch_range: float) -> Frames:
    """The pitch curve (Hz, one value a frame) moved by semitones, its ups and downs scaled around
    its mean, both on the logarithm; unvoiced frames stay."""
    voiced = f0 >= _VOICED_HZ
    if not voiced.any():
        return f0
    log = np.log2(f0[voiced])
    moved = log.mean() + (log - log.mean()) * pitch_range + pitch / 12
    out = f0.copy()
    out[voiced] = np.exp2(moved).clip(_LOWEST_HZ, _HIGHEST_HZ)
    return out


def colour(loudness: float, warmth: float) -> tuple[Frames, float]:
    """What is added to the logarithms of every frame's spectra, per bin, and to the noise."""
    tilt = (_TILT_DB * warmth + _EFFORT_DB * loudness) * _OCTAVES
    body = _BODY_DB * warmth * (_HZ < 500)
    bins = ((loudness + tilt + body) * _DECIBEL).astype(np.float32)
    return bins[:, None], float(_BREATH_DB * warmth * _DECIBEL)


def restyle(spectra: list[Frames], voice: Voice) -> list[Frames]:
    """hibari's `lh, theta, ln, lr, phi, f0`, as the voice should say it."""
    lh, theta, ln, lr, phi, f0 = spectra
    if voice.pitch or voice.pitch_range != 1.0:
        f0 = melody(f0, voice.pitch, voice.pitch_range)
    if voice.loudness or voice.warmth:
        bins, breath = colour(voice.loudness, voice.warmth)
        lh, ln, lr = lh + bins, ln + (bins + breath), lr + bins
    return [lh, theta, ln, lr, phi, f0]
