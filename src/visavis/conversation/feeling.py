"""How a person seems to feel, from the voice and the words, against how this person speaks.

What a voice tells is mostly how aroused somebody is, and only by comparison: the pitch, melody,
loudness, effort and pace of an utterance are measured against the speaker's own so far. What is
pleasant or not is told by the words. Two numbers, arousal and valence (Russell, "A circumplex model
of affect", 1980), make a label; without evidence it is neutral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from visavis.audio.prosody import Prosody

Label = Literal["neutral", "excited", "upset", "sad", "calm", "pleased"]

_SCALES = {"pitch": 1.5, "spread": 2.0, "level": 3.0, "tilt": 2.5, "pace": 0.9}
"""How much an utterance of someone at rest differs from the next: semitones, semitones, decibels,
decibels, syllables a second. The speaker's own spread takes their place as it becomes known."""
_WEIGHTS = {"pitch": 0.9, "spread": 0.6, "level": 0.8, "tilt": 0.4, "pace": 0.5}
_PRIOR = 6.0
"""Utterances' worth of belief in `_SCALES`."""
_NEEDED = 4
"""Utterances before the voice tells anything."""
_MEMORY = 20
"""Utterances over which a speaker is remembered."""
_MOST_Z = 3.0
_AROUSED = 1.85
"""Standard deviations, over all features, from which it is no rest any more (arousal 0.5). One
feature alone, as of somebody who came nearer to the microphone, does not reach it."""
_WORDS_ALONE = 0.6
"""The most that words without a voice to match are believed: much of it is politeness."""
_SHORT_S = 0.6
"""A shorter utterance tells nothing by its sound."""


@dataclass(slots=True, frozen=True)
class Feeling:
    label: Label = "neutral"
    confidence: float = 0.0
    """0 to 1, of the label."""
    arousal: float = 0.0
    """-1 (subdued) to 1 (aroused)."""
    valence: float = 0.0
    """-1 (unpleasant) to 1 (pleasant)."""


NEUTRAL = Feeling()


@dataclass(slots=True, frozen=True)
class _Manner:
    """What of an utterance is compared."""

    pitch: float
    spread: float
    level: float
    tilt: float
    pace: float


class Speaker:
    """One person's way of speaking, learnt in the call."""

    def __init__(self) -> None:
        self._known = 0
        self._mean: dict[str, float] = {}
        self._square: dict[str, float] = {}
        """Variance, by feature."""

    def judge(self, prosody: Prosody | None, syllables: int, valence: float) -> Feeling:
        """How an utterance sounds: its prosody (None if too little was voiced), how many syllables
        its words have and how pleasant they are, -1 to 1. Changes nothing."""
        arousal = 0.0
        if prosody is not None and self._known >= _NEEDED and prosody.seconds >= _SHORT_S:
            arousal = self._arousal(_manner(prosody, syllables))
        return _feeling(arousal, valence)

    def learn(self, prosody: Prosody | None, syllables: int, feeling: Feeling) -> None:
        """The utterance is over; what was felt strongly says less of how this person speaks."""
        if prosody is None or prosody.seconds < _SHORT_S:
            return
        manner = _manner(prosody, syllables)
        self._known += 1
        share = (1 - 0.5 * abs(feeling.arousal)) / min(self._known, _MEMORY)
        for field in fields(manner):
            name, value = field.name, getattr(manner, field.name)
            mean = self._mean.get(name, value)
            step = value - mean
            self._mean[name] = mean + share * step
            before = self._square.get(name, 0.0)
            self._square[name] = before + share * (step * step * (1 - share) - before)

    def _arousal(self, manner: _Manner) -> float:
        up = weight = 0.0
        for name, usual in _SCALES.items():
            own = self._square[name]
            count = min(self._known, _MEMORY)
            scale = math.sqrt((_PRIOR * usual**2 + count * own) / (_PRIOR + count))
            z = (getattr(manner, name) - self._mean[name]) / scale
            up += _WEIGHTS[name] * max(-_MOST_Z, min(_MOST_Z, z))
            weight += _WEIGHTS[name] ** 2
        return max(-1.0, min(1.0, up / math.sqrt(weight) / (2 * _AROUSED)))


def _manner(prosody: Prosody, syllables: int) -> _Manner:
    spoken = max(0.2, prosody.seconds * (1 - prosody.paused))
    return _Manner(prosody.pitch, prosody.spread, prosody.level, prosody.tilt, syllables / spoken)


def _feeling(arousal: float, valence: float) -> Feeling:
    loud, kind = abs(arousal) >= 0.5, abs(valence) >= 0.4
    label: Label = "neutral"
    if loud and arousal > 0:
        label = "upset" if valence <= -0.2 else "excited"
    elif loud:
        label = "sad" if valence < 0.2 else "calm"
    elif kind:
        label = "pleased" if valence > 0 else "sad" if arousal < 0 else "upset"
    if label == "neutral":
        confidence = 1 - max(abs(arousal), abs(valence))
    else:
        by_voice, by_words = abs(arousal) if loud else 0.0, _WORDS_ALONE * abs(valence)
        confidence = min(1.0, max(by_voice, by_words))
    return Feeling(label, round(confidence, 3), round(arousal, 3), round(valence, 3))
