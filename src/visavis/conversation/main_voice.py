"""Whose call it is: the voice of the person who spoke first, learnt from clear turns. Pure.

An embedding is a direction (`models.protocols.SpeakerModel`); how alike two voices are is their
cosine. Who is refused twice in a row with one and the same voice has been handed the telephone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visavis.conversation.settings import ConversationSettings
from visavis.models.protocols import Embedding

WHOLE_S = 1.0
"""From so much voice on it is told whose it is; of less, only what is very unlike is sure: the
cosine must be lower by `SHORT` for each second that lacks."""
SHORT = 0.25
MEMORY_S = 30.0
"""Speech over which a voice is remembered; later turns move it by so much less."""


@dataclass(slots=True, frozen=True)
class Likeness:
    """Of a voice to those known."""

    main: float
    """Cosine to the main speaker's, -1 to 1."""
    strange: bool
    """It is surely another's, …"""
    again: bool
    """… though it may be the one that was refused just before."""


class MainVoice:
    """One call's."""

    def __init__(self, settings: ConversationSettings) -> None:
        self._set = settings
        self._main: Embedding | None = None
        self._seconds = 0.0
        self._refused: Embedding | None = None

    @property
    def known(self) -> bool:
        """Enough was heard of the main speaker to tell others from them."""
        return self._main is not None and self._seconds >= self._set.enrol_s

    def compare(self, voice: Embedding, seconds: float) -> Likeness | None:
        """Of so many seconds of a voice; None before the main speaker is known."""
        if self._main is None or not self.known:
            return None
        again = self._refused is not None and _alike(self._refused, voice) >= self._set.same_voice
        alike = _alike(self._main, voice)
        below = self._set.stranger_voice - SHORT * max(0.0, WHOLE_S - seconds)
        return Likeness(alike, alike < below, again)

    def learn(self, voice: Embedding, seconds: float, *, clear: bool) -> None:
        """A turn in this voice was answered. `clear`: it was recognised with confidence and stood
        out from its surroundings."""
        likeness = self.compare(voice, seconds)
        if likeness is not None and likeness.strange and likeness.again:
            self._main, self._seconds = voice, max(seconds, self._set.enrol_s)
        elif clear and self._main is None:
            self._main, self._seconds = voice, seconds
        elif clear and self._main is not None:
            alike = _alike(self._main, voice)
            if alike >= self._set.same_voice:
                weight = min(self._seconds, MEMORY_S)
                mixed = weight * self._main + seconds * voice
                length = max(1e-9, float(np.linalg.norm(mixed)))
                self._main = (mixed / length).astype(np.float32)
                self._seconds += seconds
            elif not self.known and seconds > self._seconds:
                self._main, self._seconds = voice, seconds  # what came first was somebody else's
        self._refused = None

    def refuse(self, voice: Embedding) -> None:
        """A turn in this voice was not answered."""
        self._refused = voice


def _alike(one: Embedding, other: Embedding) -> float:
    return float(one @ other)
