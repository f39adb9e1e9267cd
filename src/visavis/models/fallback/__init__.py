"""Several providers behind one model: who is late or breaks is noticed, and the next takes over.

In: models of one kind, in the order they are preferred. Out: one model of that kind, and how its
providers do (`standings`).
"""

from visavis.models.fallback.breaker import Breaker, Health, Pauses
from visavis.models.fallback.hearing import FallbackSpeechToText
from visavis.models.fallback.language import FallbackLanguageModel
from visavis.models.fallback.providers import (
    LOCAL,
    REMOTE,
    Patience,
    Provider,
    Standing,
    standings,
)
from visavis.models.fallback.voice import FallbackTextToSpeech

__all__ = [
    "LOCAL",
    "REMOTE",
    "Breaker",
    "FallbackLanguageModel",
    "FallbackSpeechToText",
    "FallbackTextToSpeech",
    "Health",
    "Patience",
    "Pauses",
    "Provider",
    "Standing",
    "standings",
]
