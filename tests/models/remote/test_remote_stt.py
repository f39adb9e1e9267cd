"""The remote recogniser against a real server."""

from __future__ import annotations

import asyncio
import io
import threading
import wave
from email import message_from_bytes

import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from visavis.errors import ModelError
from visavis.models.protocols import Transcript
from visavis.models.remote import RemoteSpeechToText

from .conftest import Provider

SECOND = np.arange(16_000, dtype=np.int16)


def transcribe(provider: Provider, *pushes: np.ndarray) -> Transcript:
    async def main() -> Transcript:
        model = RemoteSpeechToText(provider.endpoint())
        stream = model.stream(language="en")
        for pcm in pushes:
            stream.push(pcm)
        try:
            return await stream.decode(final=True)
        finally:
            await model.aclose()

    return asyncio.run(main())


def test_an_utterance_arrives_as_wav(provider: Provider) -> None:
    seen: dict[str, object] = {}

    async def behave(request: Request) -> Response:
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = message_from_bytes(head + await request.body()).get_payload()
        form = {part.get_param("name", header="content-disposition"): part for part in parts}
        with wave.open(io.BytesIO(form["file"].get_payload(decode=True))) as file:
            seen.update(rate=file.getframerate(), width=file.getsampwidth())
            seen.update(pcm=np.frombuffer(file.readframes(file.getnframes()), "<i2"))
        seen.update({name: form[name].get_payload() for name in ("model", "language")})
        return JSONResponse({"text": " Hello there. "})

    provider.behave = behave
    result = transcribe(provider, SECOND, SECOND)
    assert (result.text, result.final) == ("Hello there.", True)
    assert [word.text for word in result.words] == ["Hello", "there."]
    assert (seen["rate"], seen["width"], seen["model"]) == (16_000, 2, "test-model")
    assert seen["language"] == "en"
    assert np.array_equal(seen["pcm"], np.concatenate([SECOND, SECOND]))  # type: ignore[arg-type]
    assert provider.seen == ["/v1/audio/transcriptions"]


def test_nothing_new_asks_nothing(provider: Provider) -> None:
    async def main() -> list[str]:
        model = RemoteSpeechToText(provider.endpoint())
        stream = model.stream()
        texts = [(await stream.decode()).text]
        stream.push(SECOND)
        texts += [(await stream.decode()).text, (await stream.decode(final=True)).text]
        stream.reset()
        texts.append((await stream.decode()).text)
        await model.aclose()
        return texts

    provider.streams(b'{"text": "Yes."}', kind="application/json")
    assert asyncio.run(main()) == ["", "Yes.", "Yes.", ""]
    assert len(provider.seen) == 1


def test_a_newer_decode_breaks_off_the_older(provider: Provider) -> None:
    arrived = threading.Event()

    async def behave(request: Request) -> Response:
        if len(provider.seen) == 1:
            arrived.set()
            await asyncio.sleep(3)
        return JSONResponse({"text": f"number {len(provider.seen)}"})

    async def main() -> list[str]:
        model = RemoteSpeechToText(provider.endpoint())
        stream = model.stream()
        stream.push(SECOND)
        older = asyncio.create_task(stream.decode())
        assert await asyncio.to_thread(arrived.wait, 5)
        stream.push(SECOND)
        newer = await stream.decode()
        texts = [(await older).text, newer.text]
        await model.aclose()
        return texts

    provider.behave = behave
    assert asyncio.run(main()) == ["", "number 2"]


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"{}", b'{"text": 3}'])
def test_answers_without_text(provider: Provider, body: bytes) -> None:
    provider.streams(body, kind="application/json")
    with pytest.raises(ModelError, match="transcript"):
        transcribe(provider, SECOND)


def test_an_endless_answer(provider: Provider) -> None:
    provider.streams(*[b"x" * 65_536] * 8, kind="application/json")
    with pytest.raises(ModelError, match="more than a transcript"):
        transcribe(provider, SECOND)


def test_a_refusal(provider: Provider) -> None:
    provider.refuses(401, "no such key")
    with pytest.raises(ModelError, match=r"speech recogniser at 127\.0\.0\.1 answered 401"):
        transcribe(provider, SECOND)


def test_a_half_open_provider(half_open: Provider) -> None:
    async def main() -> None:
        model = RemoteSpeechToText(half_open.endpoint(first_byte_s=0.3))
        stream = model.stream()
        stream.push(SECOND)
        try:
            await stream.decode()
        finally:
            await model.aclose()

    with pytest.raises(ModelError, match=r"gave no answer for 0\.3 s"):
        asyncio.run(main())
