"""How many calls the models can carry on this machine: measured, then reckoned."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from visavis.models.protocols import ChatMessage, GenerateOptions, ModelSet
from visavis.seam import RATE_IN, RATE_OUT

TURN_S = 8.0
"""A turn of a lively conversation: the person speaks, the agent answers."""
SPEECH_S = 3.0
REPLY_S = 5.0
REPLY_TOKENS = 30
DECODES = 2.0
"""How often the same speech is recognised: partial words, then all of it."""
SPECULATION = 1.5
"""Replies begun for each reply heard."""
HEADROOM = 0.8
"""Of the machine; the rest is for the line, the event loop and bad luck."""
MEASURE_TIMEOUT_S = 60.0


@dataclass(slots=True, frozen=True)
class Costs:
    """Seconds that the machine's models need; zero for models that run elsewhere."""

    stt: float = 0.0
    """For a second of speech, recognised once."""
    llm_first: float = 0.0
    """To the first token."""
    llm_token: float = 0.0
    """For each token after it."""
    tts: float = 0.0
    """For a second of speech."""

    def per_turn(self) -> float:
        llm = self.llm_first + REPLY_TOKENS * self.llm_token
        return DECODES * SPEECH_S * self.stt + SPECULATION * llm + SPECULATION * REPLY_S * self.tts


def capacity(costs: Costs, *, most: int) -> int:
    """Calls that fit: each model runs one job at a time, and the busiest one is full first.

    At least 1: a slow machine may still talk with one person. At most `most`.
    """
    llm = SPECULATION * (costs.llm_first + REPLY_TOKENS * costs.llm_token)
    busiest = max(
        DECODES * SPEECH_S * costs.stt, llm, SPECULATION * REPLY_S * costs.tts, costs.per_turn() / 2
    )
    if busiest <= 0:
        return most
    return max(1, int(min(most, TURN_S * HEADROOM / busiest)))


async def measure(models: ModelSet, *, local: frozenset[str]) -> Costs:
    """Run each model that is in `local` ("stt", "llm", "tts") once warm; takes about a second.

    Also the warm-up: the first call would otherwise pay for lazy initialisation.
    """
    async with asyncio.timeout(MEASURE_TIMEOUT_S):
        stt = await _stt(models) if "stt" in local else 0.0
        first, token = await _llm(models) if "llm" in local else (0.0, 0.0)
        tts = await _tts(models) if "tts" in local else 0.0
    return Costs(stt=stt, llm_first=first, llm_token=token, tts=tts)


async def _stt(models: ModelSet) -> float:
    noise = np.random.default_rng(0).normal(0, 800, 2 * RATE_IN).astype(np.int16)
    took = 0.0
    for _ in range(2):
        stream = models.stt.stream()
        stream.push(noise)
        before = time.perf_counter()
        await stream.decode(final=True)
        took = time.perf_counter() - before
        await stream.aclose()
    return took * RATE_IN / len(noise)


async def _llm(models: ModelSet) -> tuple[float, float]:
    first = token = 0.0
    for text in ("Say hello.", "Count from one to ten."):
        before = time.perf_counter()
        times: list[float] = []
        messages = [ChatMessage("user", text)]
        pieces = models.llm.generate(messages, GenerateOptions(max_tokens=12))
        async with aclosing(pieces) as stream:  # type: ignore[type-var]  # every model yields from an async generator
            async for _ in stream:
                times.append(time.perf_counter())
        if times:
            first = times[0] - before
            token = (times[-1] - times[0]) / max(1, len(times) - 1)
    return first, token


async def _tts(models: ModelSet) -> float:
    factor = 0.0
    for text in ("Hello.", "It is good to hear your voice today."):
        before = time.perf_counter()
        samples = 0
        async for speech in models.tts.synthesize(text):
            samples += len(speech.pcm)
        factor = (time.perf_counter() - before) * RATE_OUT / max(1, samples)
    return factor
