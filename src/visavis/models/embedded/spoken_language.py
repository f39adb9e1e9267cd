"""Which of two languages is being spoken: English or Chinese.

All in log odds, more than 0 for Chinese. Three things tell: what the call has been in so far, how
sure the English recogniser is of its words (of Chinese it makes words it does not believe), and the
language that Whisper hears. The first two cost nothing; the last is asked only when they leave
doubt, so a call in English pays for little but its beginning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from visavis.odds import log_odds

SURE = 2.0
"""Log odds at which nobody needs to be asked any more (0.88)."""
FIRST_ASK_S = 1.0
"""Speech of which Whisper can tell the language well."""
ASK_AGAIN_S = 1.0
"""So much more speech is worth another question."""
_STICKY = 1.5
_MOST_STICKY = 3.0
"""Each turn in a language makes the next one likelier to be in it, up to this."""
_HEARD_MOST = 6.0
_BELIEVED, _DOUBTED = 0.92, 0.75
"""The English recogniser's confidence in its words, where they speak for English and where for
Chinese; in between, in proportion."""
_ENGLISH_MOST, _CHINESE_MOST = -4.0, 2.0
_FEW_WORDS = 3
"""Fewer words tell less, in proportion."""


@dataclass(slots=True, frozen=True)
class Belief:
    """What is known of the language of the utterance going on."""

    prior: float = 0.0
    """From the call so far; infinite if the language is given."""
    words: float = 0.0
    """From the English recogniser's confidence."""
    heard: float = 0.0
    """From Whisper."""
    asked_s: float = 0.0
    """Of how much speech Whisper has told last; 0 if it was not asked."""

    @property
    def odds(self) -> float:
        return self.prior + self.words + self.heard

    @property
    def is_chinese(self) -> bool:
        return self.odds > 0

    def recognised(self, confidence: float, count: int) -> Belief:
        """With so many English words recognised, so sure on average."""
        return replace(self, words=of_words(confidence, count))

    def listened(self, chinese: float, seconds: float) -> Belief:
        """With Whisper's probability of Chinese, from so much speech."""
        return replace(self, heard=of_sound(chinese, seconds), asked_s=seconds)

    def wants_whisper(self, seconds: float, *, final: bool) -> bool:
        """Whether Whisper should listen to so much speech: there is doubt, and enough to hear."""
        if self.odds <= -SURE or math.isinf(self.prior):
            return False
        if self.asked_s:
            return seconds - self.asked_s >= ASK_AGAIN_S
        return final or seconds >= FIRST_ASK_S

    def next_turn(self) -> Belief:
        """What is known of the next utterance, this one having been in the language it seems."""
        step = _STICKY if self.is_chinese else -_STICKY
        if math.isinf(self.prior):
            return Belief(self.prior)
        return Belief(min(_MOST_STICKY, max(-_MOST_STICKY, self.prior + step)))


def of_words(confidence: float, count: int) -> float:
    """Log odds of Chinese from the English recogniser's mean confidence in `count` words."""
    if not count:
        return 0.0
    share = (confidence - _DOUBTED) / (_BELIEVED - _DOUBTED)
    odds = _CHINESE_MOST + (_ENGLISH_MOST - _CHINESE_MOST) * min(1.0, max(0.0, share))
    return odds * min(1.0, count / _FEW_WORDS)


def of_sound(chinese: float, seconds: float) -> float:
    """Log odds of Chinese from Whisper's probability, less of it from less than a second."""
    odds = min(_HEARD_MOST, max(-_HEARD_MOST, log_odds(chinese)))
    return odds * min(1.0, seconds / FIRST_ASK_S)
