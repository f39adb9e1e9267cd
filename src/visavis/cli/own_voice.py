"""Questions in the project's own voice, for machines without a recording."""

from __future__ import annotations

import asyncio

import numpy as np

from visavis.audio import resample
from visavis.caller import AfterReply, Utterance, utterance
from visavis.errors import ModelError
from visavis.seam import RATE_IN, RATE_OUT, Pcm

QUESTIONS = (
    "Hello, what is the capital of France?",
    "And what is that city famous for?",
    "Thank you, and goodbye.",
)
MAX_TURNS = 100
_LEAD_S = 0.2
"""Silence around the speech, as in a recording."""


def spoken_questions(turns: int) -> list[Utterance]:
    """So many questions, repeated if there are not enough. ModelError without the voice."""
    if not 1 <= turns <= MAX_TURNS:
        raise ModelError(f"a call of {turns} turns; expected 1 to {MAX_TURNS}")
    texts = [QUESTIONS[n % len(QUESTIONS)] for n in range(turns)]
    sounds = {text: say(text) for text in dict.fromkeys(texts)}
    return [utterance(f'"{text}"', sounds[text], AfterReply(), text) for text in texts]


def say(text: str) -> Pcm:
    """The text spoken, 16 kHz, with a little silence at both ends. ModelError without the
    voice's package."""
    return asyncio.run(_say(text))


async def _say(text: str) -> Pcm:
    from visavis.models.embedded.hibari import HibariSpeech

    voice = HibariSpeech.load()
    try:
        pieces = [speech.pcm async for speech in voice.synthesize(text)]
    finally:
        await voice.aclose()
    if not pieces:
        raise ModelError(f"the voice said nothing for {text!r}; give it words")
    silence = np.zeros(round(_LEAD_S * RATE_IN), np.int16)
    speech = resample(np.concatenate(pieces), RATE_OUT, RATE_IN)
    return np.concatenate([silence, speech, silence])
