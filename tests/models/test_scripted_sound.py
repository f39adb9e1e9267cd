"""Tones, energy voice activity and the fixed turn detector."""

from __future__ import annotations

import asyncio

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visavis.clock import run_virtual
from visavis.models.protocols import DEFAULT_VOICE, Speech, Voice
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ToneTextToSpeech,
    level_dbfs,
)
from visavis.seam import Pcm


async def speak(tts: ToneTextToSpeech, text: str, voice: Voice = DEFAULT_VOICE) -> list[Speech]:
    return [piece async for piece in tts.synthesize(text, voice)]


def test_speech_is_audible_and_the_same_twice() -> None:
    async def main() -> list[Pcm]:
        tts = ToneTextToSpeech()
        return [(await speak(tts, "Hello there."))[0].pcm for _ in range(2)]

    first, second = run_virtual(main())
    assert np.array_equal(first, second)
    assert first.dtype == np.int16
    assert -20 < level_dbfs(first) < -10


def test_word_ends_are_exact() -> None:
    async def main() -> Speech:
        tts = ToneTextToSpeech(seconds_per_char=0.1, pause_s=0.05)
        (piece,) = await speak(tts, "abc de")
        return piece

    piece = run_virtual(main())
    assert piece.words == (("abc", 7200), ("de", 7200 + 1200 + 4800))
    assert len(piece.pcm) == piece.words[-1][1]
    assert not piece.pcm[7200:8400].any()
    assert piece.pcm[8400:].any()


def test_pieces_join_to_the_whole() -> None:
    async def main() -> tuple[list[Speech], list[Speech]]:
        text = "one two three four five"
        return (
            await speak(ToneTextToSpeech(), text),
            await speak(ToneTextToSpeech(words_per_piece=2), text),
        )

    whole, pieces = run_virtual(main())
    assert len(pieces) == 3
    assert np.array_equal(whole[0].pcm, np.concatenate([piece.pcm for piece in pieces]))


def test_speed_shortens() -> None:
    async def main() -> list[int]:
        tts = ToneTextToSpeech()
        return [len((await speak(tts, "hello", Voice(speed=s)))[0].pcm) for s in (1.0, 2.0)]

    normal, fast = run_virtual(main())
    assert normal == 2 * fast


def test_the_first_piece_takes_its_time() -> None:
    async def main() -> float:
        start = asyncio.get_running_loop().time()
        await speak(ToneTextToSpeech(first_piece_s=0.25), "hello")
        return asyncio.get_running_loop().time() - start

    assert round(run_virtual(main()), 6) == 0.25


def test_no_words_no_speech() -> None:
    assert run_virtual(speak(ToneTextToSpeech(), "  ")) == []


@given(st.lists(st.integers(0, 700), max_size=20))
def test_voice_activity_does_not_depend_on_how_audio_is_cut(sizes: list[int]) -> None:
    time = np.arange(sum(sizes)) / 16_000
    pcm = np.round(9000 * np.sin(2 * np.pi * 300 * time) * (time % 0.2 > 0.1)).astype(np.int16)
    whole = EnergyVoiceActivity().stream().push(pcm)
    stream, cut, at = EnergyVoiceActivity().stream(), [], 0
    for size in sizes:
        cut += stream.push(pcm[at : at + size])
        at += size
    assert cut == whole
    assert len(whole) == len(pcm) // 256


def test_tones_are_voice_and_pauses_are_not() -> None:
    async def main() -> Pcm:
        tts = ToneTextToSpeech(seconds_per_char=0.1, pause_s=0.3)
        (piece,) = await speak(tts, "aaaa bbbb")
        return piece.pcm

    probabilities = EnergyVoiceActivity().stream().push(run_virtual(main()))
    assert 1.0 in probabilities and 0.0 in probabilities


def test_turn_detector_gives_its_score() -> None:
    silence = np.zeros(160, np.int16)
    assert run_virtual(FixedTurnDetector(0.3, delay_s=0.1).score(silence)) == 0.3
    assert run_virtual(FixedTurnDetector(lambda pcm: float(len(pcm))).score(silence)) == 160.0
