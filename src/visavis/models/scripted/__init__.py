"""Models that follow a script: for tests, simulation and replay.

They do what the protocols promise with no weights, no threads and no randomness. Whatever
would take time waits with `asyncio.sleep`, so a whole conversation runs under a virtual
clock and gives the same result twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from visavis.models.protocols import ModelSet
from visavis.models.scripted.hearing import (
    EnergyVoiceActivity,
    EnergyVoiceActivityStream,
    FixedTurnDetector,
    ScriptedSpeechStream,
    ScriptedSpeechToText,
    ScriptedUtterance,
    level_dbfs,
)
from visavis.models.scripted.language import (
    EchoLanguageModel,
    Reply,
    ScriptedLanguageModel,
)
from visavis.models.scripted.voice import ToneTextToSpeech

__all__ = [
    "EchoLanguageModel",
    "EnergyVoiceActivity",
    "EnergyVoiceActivityStream",
    "FixedTurnDetector",
    "Reply",
    "ScriptedLanguageModel",
    "ScriptedSpeechStream",
    "ScriptedSpeechToText",
    "ScriptedUtterance",
    "ToneTextToSpeech",
    "level_dbfs",
    "scripted_models",
]


def scripted_models(
    utterances: Sequence[str | ScriptedUtterance],
    replies: Sequence[str] | Reply | None = None,
) -> ModelSet:
    """A whole set with no delays: scripted recognition, energy VAD, tones. Without `replies`
    the agent echoes what was said."""
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText(utterances),
        turn=FixedTurnDetector(),
        llm=EchoLanguageModel() if replies is None else ScriptedLanguageModel(replies),
        tts=ToneTextToSpeech(),
    )
