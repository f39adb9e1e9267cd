"""The remote synthesiser against a real server."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

from visavis.errors import ModelError
from visavis.models.protocols import Speech, Voice
from visavis.models.remote import RemoteTextToSpeech

from .conftest import Provider

QUIET = np.zeros(24_000, np.int16)


def tone(seconds: float, rate: int = 24_000) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return np.round(9000 * np.cos(2 * np.pi * 300 * time)).astype(np.int16)


def speak(
    provider: Provider,
    text: str = "one two three",
    *,
    rate: int = 24_000,
    speed: float = 1.0,
    voice: Voice | None = None,
) -> list[Speech]:
    async def main() -> list[Speech]:
        model = RemoteTextToSpeech(provider.endpoint(), voice="nova", rate=rate)
        try:
            return [piece async for piece in model.synthesize(text, voice or Voice(speed=speed))]
        finally:
            await model.aclose()

    return asyncio.run(main())


def test_pcm_streams_however_it_is_cut(provider: Provider) -> None:
    pcm = tone(1.0)
    data = pcm.astype("<i2").tobytes()
    provider.streams(*(data[i : i + 3333] for i in range(0, len(data), 3333)), kind="audio/pcm")
    pieces = speak(provider, speed=1.5)
    assert np.array_equal(np.concatenate([piece.pcm for piece in pieces]), pcm)
    assert len(pieces) > 5
    body = json.loads(provider.bodies[0])
    assert body == {
        "model": "test-model",
        "input": "one two three",
        "voice": "nova",
        "response_format": "pcm",
        "speed": 1.5,
    }


def test_a_style_becomes_an_instruction(provider: Provider) -> None:
    provider.streams(tone(0.1).tobytes(), kind="audio/pcm")
    speak(provider, voice=Voice(pitch=2, loudness=-6, warmth=1, speed=0.9))
    body = json.loads(provider.bodies[0])
    assert body["instructions"] == "Speak higher, softly, warmly."
    assert body["speed"] == 0.9


def test_every_word_ends_once_and_inside_the_speech(provider: Provider) -> None:
    data = tone(0.5).tobytes()
    provider.streams(*(data[i : i + 4000] for i in range(0, len(data), 4000)), kind="audio/pcm")
    pieces = speak(provider)
    assert [word for piece in pieces for word, _ in piece.words] == ["one", "two", "three"]
    assert all(0 <= end <= len(piece.pcm) for piece in pieces for _, end in piece.words)


def test_silence_at_both_ends_goes(provider: Provider) -> None:
    pcm = np.concatenate([QUIET, tone(0.5), QUIET[:6000], tone(0.5), QUIET])
    data = pcm.tobytes()
    provider.streams(*(data[i : i + 5001] for i in range(0, len(data), 5001)), kind="audio/pcm")
    length = sum(len(piece.pcm) for piece in speak(provider)) / 24_000
    assert length == pytest.approx(0.5 + 0.25 + 0.5 + 0.12, abs=0.01)


def test_other_rates_are_converted(provider: Provider) -> None:
    provider.streams(tone(1.0, 16_000).tobytes(), kind="audio/pcm")
    pcm = np.concatenate([piece.pcm for piece in speak(provider, rate=16_000)])
    assert len(pcm) == pytest.approx(24_000, abs=200)
    spectrum = np.abs(np.fft.rfft(pcm[:20_000]))
    assert int(spectrum.argmax()) * 24_000 / 20_000 == pytest.approx(300, abs=2)


def test_no_words_no_request(provider: Provider) -> None:
    assert speak(provider, "  ") == []
    assert provider.seen == []


@pytest.mark.parametrize("body", [b'{"audio": "base64"}', b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_not_pcm(provider: Provider, body: bytes) -> None:
    provider.streams(body, kind="audio/pcm")
    with pytest.raises(ModelError, match="other than raw PCM"):
        speak(provider)


def test_too_long_a_text(provider: Provider) -> None:
    with pytest.raises(ModelError, match="5000 characters"):
        speak(provider, "x" * 5000)


def test_a_refusal(provider: Provider) -> None:
    provider.refuses(500, "no voice today")
    with pytest.raises(ModelError, match="answered 500: no voice today"):
        speak(provider)


def test_a_half_open_provider(half_open: Provider) -> None:
    with pytest.raises(ModelError, match="no answer"):
        _impatient(half_open)


def _impatient(provider: Provider) -> None:
    async def main() -> None:
        model = RemoteTextToSpeech(provider.endpoint(first_byte_s=0.3))
        try:
            async for _ in model.synthesize("hello"):
                pass
        finally:
            await model.aclose()

    asyncio.run(main())
