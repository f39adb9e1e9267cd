"""How fast the embedded models run here, against what a conversation needs of them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from visavis.cli.checks import Check, State, failed
from visavis.cli.serve import needed_sets
from visavis.errors import VisavisError
from visavis.models.weights import WeightsStore
from visavis.seam import RATE_IN, RATE_OUT, Pcm
from visavis.settings import Settings

# What keeps a conversation fluent; MODELS.md has the figures of two ordinary cores.
_VAD_MS = 1.0
_DECODE_MS = 250.0
_TURN_MS = 150.0
_SPEECH_MS = 100.0
_TOKEN_MS = 500.0


def speeds(settings: Settings) -> list[Check]:
    """One check a model; models whose weights are missing are left out."""
    store = WeightsStore()
    found: list[Check] = []
    sets = needed_sets(settings)
    if "speech" in sets and store.has("speech"):
        found += asyncio.run(_speech(store))
    for name in sets:
        if name.startswith("llm-") and store.has(name):
            found += asyncio.run(_language(store, name))
    return found


def _check(name: str, ms: float, needed: float, unit: str) -> Check:
    slow = ms > needed
    return Check(
        f"speed of {name}",
        State.LACKS if slow else State.GOOD,
        f"{ms:.0f} ms {unit}; {needed:.0f} or less is needed" if ms >= 1 else f"{ms:.2f} ms {unit}",
        "close other programs, or use a remote model (OPENAI_BASE_URL)" if slow else "",
    )


async def _speech(store: WeightsStore) -> list[Check]:
    from visavis.models.embedded.speech import load_speech_models

    try:
        models = await asyncio.to_thread(load_speech_models, store)
    except VisavisError as error:
        return [failed("speech models", error)]
    try:
        pieces, spoke_ms = await _voice(models.tts)
        speech = pieces if len(pieces) else np.zeros(2 * RATE_OUT, np.int16)
        heard = speech[: 2 * RATE_IN]
        return [
            _check("voice activity", _vad(models.vad, heard), _VAD_MS, "for 20 ms of sound"),
            _check("recogniser", await _decode(models.stt, heard), _DECODE_MS, "for 2 s of speech"),
            _check("end of turn", await _score(models.turn, heard), _TURN_MS, "a decision"),
            _check("voice", spoke_ms, _SPEECH_MS, "to the first sound"),
        ]
    except VisavisError as error:
        return [failed("speech models", error)]
    finally:
        for model in (models.stt, models.turn, models.tts):
            await model.aclose()


async def _voice(tts: Any) -> tuple[Pcm, float]:
    best, pcm = float("inf"), np.zeros(0, np.int16)
    for _ in range(3):
        before = time.perf_counter()
        first = None
        async for speech in tts.synthesize("It is good to hear you."):
            first = first or time.perf_counter()
            pcm = speech.pcm
        best = min(best, ((first or time.perf_counter()) - before) * 1e3)
    return pcm, best


def _vad(vad: Any, pcm: Pcm) -> float:
    stream = vad.stream()
    frames = [pcm[at : at + 320] for at in range(0, len(pcm) - 319, 320)]
    before = time.perf_counter()
    for frame in frames:
        stream.push(frame)
    return (time.perf_counter() - before) / max(1, len(frames)) * 1e3


async def _decode(stt: Any, pcm: Pcm) -> float:
    best = float("inf")
    for _ in range(3):
        stream = stt.stream()
        stream.push(pcm)
        before = time.perf_counter()
        await stream.decode(final=True)
        best = min(best, (time.perf_counter() - before) * 1e3)
        await stream.aclose()
    return best


async def _score(turn: Any, pcm: Pcm) -> float:
    best = float("inf")
    for _ in range(3):
        before = time.perf_counter()
        await turn.score(pcm)
        best = min(best, (time.perf_counter() - before) * 1e3)
    return best


async def _language(store: WeightsStore, name: str) -> list[Check]:
    from visavis.models.embedded.llama import LlamaModel

    try:
        model = await LlamaModel.load(store.path(name))
    except VisavisError as error:
        return [failed("language model", error)]
    measured = model.capacity()
    await model.aclose()
    rate = f"to the first words, then {measured.generate_tokens_per_s:.0f} tokens a second"
    return [_check(f"language model {name}", measured.first_words_s * 1e3, _TOKEN_MS, rate)]
