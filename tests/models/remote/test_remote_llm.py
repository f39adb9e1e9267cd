"""The remote language model against a real server."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions
from visavis.models.remote import Endpoint, RemoteLanguageModel

from .conftest import Provider

MESSAGES = (ChatMessage("system", "Be brief."), ChatMessage("user", "Hi"))


def event(text: str, *, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def ask(endpoint: Endpoint, options: GenerateOptions = DEFAULT_OPTIONS) -> str:
    async def main() -> str:
        model = RemoteLanguageModel(endpoint)
        try:
            return "".join([piece async for piece in model.generate(MESSAGES, options)])
        finally:
            await model.aclose()

    return asyncio.run(main())


def test_a_reply_streams(provider: Provider) -> None:
    provider.streams(b": hello\n\n", event("Good "), event("day."), event("", finish="stop"), DONE)
    options = GenerateOptions(max_tokens=9, stop=("X",), extra={"seed": 3})
    assert ask(provider.endpoint(), options) == "Good day."
    body = json.loads(provider.bodies[0])
    assert provider.seen == ["/v1/chat/completions"]
    assert body["messages"][1] == {"role": "user", "content": "Hi"}
    assert (body["stream"], body["max_tokens"], body["stop"], body["seed"]) == (True, 9, ["X"], 3)
    assert provider.headers[0]["authorization"] == "Bearer sk-secret-1"


def test_unicode_split_between_chunks(provider: Provider) -> None:
    whole = event("你好，Zoë 👋") + DONE
    provider.streams(*(whole[i : i + 1] for i in range(len(whole))))
    assert ask(provider.endpoint()) == "你好，Zoë 👋"


@pytest.mark.parametrize("status", [401, 404])
def test_refusals_are_told_at_once_and_without_the_key(provider: Provider, status: int) -> None:
    provider.refuses(status, "Incorrect API key provided: sk-secret-1. " + "x" * 500)
    with pytest.raises(ModelError, match=f"answered {status}: Incorrect") as caught:
        ask(provider.endpoint())
    assert "sk-secret-1" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert len(provider.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_tried_again(provider: Provider, status: int) -> None:
    provider.streams(event("Here.", finish="stop"), DONE)
    provider.refuses(status, "overloaded", times=1)
    assert ask(provider.endpoint()) == "Here."
    assert len(provider.seen) == 2


def test_lasting_failures_are_told_after_the_retries(provider: Provider) -> None:
    provider.refuses(500, "broken")
    with pytest.raises(ModelError, match="answered 500: broken"):
        ask(provider.endpoint(retries=1))
    assert len(provider.seen) == 2


def test_a_half_open_provider_is_noticed(half_open: Provider) -> None:
    start = time.monotonic()
    with pytest.raises(ModelError, match=r"gave no answer for 0\.3 s"):
        ask(half_open.endpoint(first_byte_s=0.3))
    assert time.monotonic() - start < 2


def test_nobody_there() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with pytest.raises(ModelError, match="cannot be reached"):
        ask(Endpoint(f"http://127.0.0.1:{port}/v1", "m", retries=0))


def test_a_slow_first_byte_is_waited_for_and_a_pause_later_is_not(provider: Provider) -> None:
    async def behave(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            await asyncio.sleep(0.4)
            yield event("One")
            await asyncio.sleep(3)
            yield DONE

        return StreamingResponse(body(), media_type="text/event-stream")

    async def main(pieces: list[str]) -> None:
        model = RemoteLanguageModel(provider.endpoint(first_byte_s=3.0, idle_s=0.3))
        try:
            async for piece in model.generate(MESSAGES):
                pieces.append(piece)
        finally:
            await model.aclose()

    provider.behave = behave
    pieces: list[str] = []
    with pytest.raises(ModelError, match=r"gave no answer for 0\.3 s"):
        asyncio.run(main(pieces))
    assert pieces == ["One"]


def test_a_stream_that_drops_is_an_error_and_not_tried_again(provider: Provider) -> None:
    async def behave(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield event("Half a")
            raise ConnectionResetError

        return StreamingResponse(body(), media_type="text/event-stream")

    provider.behave = behave
    with pytest.raises(ModelError, match="broke off"):
        ask(provider.endpoint())
    assert len(provider.seen) == 1


@pytest.mark.parametrize(
    ("pieces", "match"),
    [
        ([event("Half")], "middle of a reply"),
        ([], "middle of a reply"),
        ([b"data: {nonsense\n\n"], "not a piece of a reply"),
        ([b"data: [1, 2]\n\n"], "not a piece of a reply"),
        ([b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'], "not a piece of a reply"),
        ([event("a"), b'data: {"error": {"message": "out of credit"}}\n\n'], "out of credit"),
        ([b"data: " + b"x" * 300_000], "more than 262144 bytes"),
        ([b"<html>not events</html>"], "middle of a reply"),
    ],
)
def test_bad_streams(provider: Provider, pieces: list[bytes], match: str) -> None:
    provider.streams(*pieces)
    with pytest.raises(ModelError, match=match):
        ask(provider.endpoint())


def test_closing_closes_the_connection(provider: Provider) -> None:
    async def behave(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield event("on and on ")
                    await asyncio.sleep(0.01)
            finally:
                provider.gone.set()

        return StreamingResponse(body(), media_type="text/event-stream")

    async def main() -> float:
        model = RemoteLanguageModel(provider.endpoint())
        reply = model.generate(MESSAGES)
        await anext(reply)
        start = time.monotonic()
        await reply.aclose()
        took = time.monotonic() - start
        await model.aclose()
        return took

    provider.behave = behave
    assert asyncio.run(main()) < 0.5
    assert provider.gone.wait(5)


def test_cancelling_before_the_first_byte(half_open: Provider) -> None:
    async def main() -> None:
        model = RemoteLanguageModel(half_open.endpoint())
        task = asyncio.create_task(anext(model.generate(MESSAGES)))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await model.aclose()

    asyncio.run(main())


def test_an_address_must_be_a_url() -> None:
    with pytest.raises(ModelError, match="must begin with http"):
        RemoteLanguageModel(Endpoint("localhost:8080", "m"))


def test_the_key_is_not_shown() -> None:
    assert "sk-secret" not in repr(Endpoint("http://x/v1", "m", "sk-secret"))
