"""A short real call over each transport, with scripted models: a turn, and what was measured."""

import asyncio

import numpy as np
import pytest
import uvicorn

from visavis.caller import AfterReply, CallOptions, CallResult, TransportChoice, call, utterance
from visavis.errors import CallFailed
from visavis.line import native_available
from visavis.models.scripted import scripted_models
from visavis.server import create_app, listen, server_config
from visavis.settings import load_settings


async def hold(transport: TransportChoice) -> CallResult:
    settings = load_settings(
        None, {"http": {"port": 0}, "store": {"enabled": False}, "log": {"level": "error"}}
    )
    app = create_app(settings, scripted_models(["who are you"], ["I am an agent."]))
    listener = listen(settings.http)
    server = uvicorn.Server(server_config(settings, app))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0.02)
        await app.state.server.hub.wait()
        noise = np.random.default_rng(2).normal(0, 3000, 9600).astype(np.int16)
        quiet = np.zeros(3200, np.int16)
        said = utterance("noise", np.concatenate([quiet, noise, quiet]), AfterReply(0.3))
        return await call([said], CallOptions(url, transport=transport, reply_timeout_s=10))
    finally:
        server.should_exit = True
        await serving
        listener.close()


@pytest.mark.parametrize(
    "transport",
    [
        "ws",
        pytest.param(
            "webrtc",
            marks=[
                pytest.mark.native,
                pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
            ],
        ),
    ],
)
def test_one_turn(transport: TransportChoice) -> None:
    result = asyncio.run(hold(transport))
    (turn,) = result.turns
    assert result.transport == ("websocket" if transport == "ws" else "webrtc")
    assert (turn.heard_as, turn.reply.strip()) == ("who are you", "I am an agent.")
    assert not turn.cut_off
    assert not turn.unanswered
    assert turn.voice_to_voice_ms is not None
    assert turn.ledger is not None
    assert turn.voice_to_voice_ms == pytest.approx(turn.ledger["stages"]["first_played"], abs=80)
    assert turn.end_error_ms == pytest.approx(0, abs=60)
    assert result.tracks is not None
    assert np.abs(result.tracks.right).max() > 1000
    assert result.errors == []


def test_a_server_that_is_not_there() -> None:
    options = CallOptions("http://127.0.0.1:9", transport="ws")
    noise = np.random.default_rng(2).normal(0, 3000, 9600).astype(np.int16)
    with pytest.raises(CallFailed, match="cannot reach"):
        asyncio.run(call([utterance("x", noise, AfterReply())], options))


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://x:99999999", ""])
def test_a_wrong_url(url: str) -> None:
    noise = np.random.default_rng(2).normal(0, 3000, 9600).astype(np.int16)
    with pytest.raises(CallFailed):
        asyncio.run(call([utterance("x", noise, AfterReply())], CallOptions(url)))
