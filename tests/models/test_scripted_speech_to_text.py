"""Scripted recognition: words grow with the audio, utterances follow one another."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.clock import run_virtual
from visavis.errors import ModelError
from visavis.models.scripted import ScriptedSpeechToText, ScriptedUtterance
from visavis.seam import RATE_IN, Pcm


def voiced(seconds: float) -> Pcm:
    time = np.arange(round(seconds * RATE_IN)) / RATE_IN
    return np.round(8000 * np.sin(2 * np.pi * 200 * time)).astype(np.int16)


def silent(seconds: float) -> Pcm:
    return np.zeros(round(seconds * RATE_IN), np.int16)


def test_words_come_when_their_audio_was_pushed() -> None:
    async def main() -> list[str]:
        utterance = ScriptedUtterance("what time is it", (0.2, 0.5, 0.6, 1.0))
        stream = ScriptedSpeechToText([utterance]).stream()
        stream.push(silent(1.0))
        texts = [(await stream.decode()).text]
        for _ in range(11):
            stream.push(voiced(0.1))
            texts.append((await stream.decode()).text)
        return texts

    texts = run_virtual(main())
    assert texts[0] == ""
    assert texts[3] == "what"
    assert texts[7] == "what time is"
    assert texts[-1] == "what time is it"


def test_a_plain_text_is_whole_at_the_final() -> None:
    async def main() -> tuple[str, str, bool]:
        stream = ScriptedSpeechToText(["one two three four"], words_per_s=2.0).stream()
        stream.push(voiced(1.1))
        partial, final = await stream.decode(), await stream.decode(final=True)
        return partial.text, final.text, final.final

    assert run_virtual(main()) == ("one two", "one two three four", True)


def test_reset_goes_on_only_after_speech() -> None:
    async def main() -> list[str]:
        stream = ScriptedSpeechToText(["first", "second"]).stream()
        texts = []
        for _ in range(3):
            stream.push(silent(0.5))
            stream.reset()
            stream.push(voiced(0.5))
            texts.append((await stream.decode(final=True)).text)
            stream.reset()
        return texts

    assert run_virtual(main()) == ["first", "second", ""]


def test_streams_do_not_share_their_place_in_the_script() -> None:
    async def main() -> list[str]:
        model = ScriptedSpeechToText(["first", "second"])
        streams = [model.stream(), model.stream()]
        texts = []
        for stream in streams:
            stream.push(voiced(0.5))
            texts.append((await stream.decode(final=True)).text)
        return texts

    assert run_virtual(main()) == ["first", "first"]


def test_a_newer_decode_makes_the_older_one_stale() -> None:
    async def main() -> tuple[str, str]:
        stream = ScriptedSpeechToText(["one two three"], words_per_s=2.0, decode_s=0.3).stream()
        stream.push(voiced(0.6))
        older = asyncio.create_task(stream.decode())
        await asyncio.sleep(0.1)
        stream.push(voiced(0.6))
        newer = asyncio.create_task(stream.decode())
        return (await older).text, (await newer).text

    assert run_virtual(main()) == ("", "one two")


def test_word_ends_must_match_the_words() -> None:
    with pytest.raises(ModelError, match="2 words but 1 word ends"):
        ScriptedUtterance("two words", (0.5,))


@given(st.lists(st.integers(1, 4000), max_size=30))
def test_text_never_shrinks_however_audio_is_cut(sizes: list[int]) -> None:
    async def main() -> None:
        stream = ScriptedSpeechToText(["a b c d e f g h"]).stream()
        before = ""
        for size in sizes:
            stream.push(voiced(size / RATE_IN))
            now = (await stream.decode()).text
            assert now.startswith(before)
            before = now

    run_virtual(main())
