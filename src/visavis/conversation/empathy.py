"""How the person sounds in the utterance going on, for the events and the language model."""

from __future__ import annotations

from visavis.audio.prosody import ProsodyMeter
from visavis.conversation.feeling import NEUTRAL, Feeling, Speaker
from visavis.conversation.mood import syllables, valence
from visavis.seam import AudioIn, Mark

SURE = 0.5
"""The language model is told of what is at least so certain."""


class Empathy:
    """One call's. Nothing it does takes longer than a fraction of a millisecond."""

    def __init__(self) -> None:
        self._speaker = Speaker()
        self._meter: ProsodyMeter | None = None

    def begin(self) -> None:
        """An utterance begins with the next frame."""
        self._meter = ProsodyMeter()

    def push(self, frame: AudioIn) -> None:
        if self._meter is not None and frame.mark in (Mark.RECEIVED, Mark.RECOVERED):
            self._meter.push(frame.pcm)

    def so_far(self, text: str) -> Feeling:
        """How the utterance sounds up to now, with these words."""
        if self._meter is None:
            return NEUTRAL
        return self._speaker.judge(self._meter.read(), syllables(text), valence(text))

    def note(self, text: str) -> str:
        """The same for a language model; "" if there is nothing certain to tell."""
        feeling = self.so_far(text)
        if feeling.label == "neutral" or feeling.confidence < SURE:
            return ""
        return f"(The person sounds {feeling.label}.)"

    def commit(self, text: str) -> Feeling:
        """The utterance is over and these were its words; the speaker is known better by it."""
        if self._meter is None:
            return NEUTRAL
        prosody, count = self._meter.read(), syllables(text)
        feeling = self._speaker.judge(prosody, count, valence(text))
        self._speaker.learn(prosody, count, feeling)
        self._meter = None
        return feeling

    def drop(self) -> None:
        """It was no utterance of the person's."""
        self._meter = None
