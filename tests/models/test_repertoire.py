"""What a voice has learnt it says from memory, also when it is broken; memory is bounded."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.clock import run_virtual
from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_VOICE, Voice
from visavis.models.repertoire import Repertoire
from visavis.models.scripted import ToneTextToSpeech, scripted_models
from visavis.seam import RATE_OUT


async def say(voice: Repertoire, text: str, how: Voice = DEFAULT_VOICE) -> int:
    return sum([len(speech.pcm) async for speech in voice.synthesize(text, how)])


def test_what_was_learnt_is_not_asked_for_again() -> None:
    async def main() -> None:
        tts = ToneTextToSpeech(words_per_piece=1)
        voice = Repertoire(tts)
        await voice.learn("one two", within_s=1.0)
        await voice.learn("one two", within_s=1.0)
        made = [speech async for speech in ToneTextToSpeech().synthesize("one two")]
        assert await say(voice, "one two") == sum(len(speech.pcm) for speech in made)
        assert tts.requests == ["one two"]
        await say(voice, "one two", Voice(speed=1.5))
        await say(voice, "three")
        await say(voice, "three")
        assert tts.requests == ["one two", "one two", "three", "three"]

    run_virtual(main())


@pytest.mark.parametrize("fault", ["breaks", "hangs", "says nothing"])
def test_a_failure_is_not_learnt(fault: str) -> None:
    class Faulty(ToneTextToSpeech):
        async def synthesize(self, text, voice=DEFAULT_VOICE):  # type: ignore[no-untyped-def]
            async for speech in super().synthesize(text, voice):
                yield replace(speech, pcm=np.zeros(0, np.int16)) if "noth" in fault else speech
            if fault == "breaks":
                raise ModelError("the line is cut")
            if fault == "hangs":
                await asyncio.sleep(1e6)

    async def main() -> None:
        voice = Repertoire(Faulty())
        if "noth" in fault:
            await voice.learn("one", within_s=1.0)
        else:
            with pytest.raises(ModelError):
                await voice.learn("one", within_s=1.0)
        assert voice.recall("one") is None

    run_virtual(main())


@settings(max_examples=30)
@given(st.lists(st.text("ab", min_size=1, max_size=12), max_size=12))
def test_memory_is_bounded_and_keeps_what_was_said_last(texts: list[str]) -> None:
    async def main() -> None:
        voice = Repertoire(ToneTextToSpeech(seconds_per_char=0.1), kept_s=2.0)
        for text in texts:
            await voice.learn(text, within_s=1.0)
            known = [t for t in set(texts) if voice.recall(t) is not None]
            assert sum(len(t) * 0.1 for t in known) <= 2.0 + 1 / RATE_OUT
            assert voice.recall(text) is not None

    run_virtual(main())


def test_the_calls_of_a_set_share_one_memory_and_another_voice_has_its_own() -> None:
    models = scripted_models([])
    assert models.voice is models.voice
    other = replace(models, tts=ToneTextToSpeech())
    assert other.voice is not models.voice
    assert other.voice.tts is other.tts
