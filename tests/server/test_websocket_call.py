"""Calls by WebSocket against a real server on a real socket."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.fakes import Puppets, eventually, running, settings_for
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from visavis.seam import AudioIn


async def until(ws: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Events up to and with the first of this type."""
    events = []
    async with asyncio.timeout(5):
        while True:
            events.append(json.loads(await ws.recv()))
            if events[-1]["type"] == kind:
                return events


async def say(ws: ClientConnection, **event: Any) -> None:
    await ws.send(json.dumps(event))


def ws_url(url: str) -> str:
    return url.replace("http", "ws", 1) + "/v1/realtime?model=any"


def test_a_typed_turn_is_answered_with_sound_and_kept(tmp_path: Path) -> None:
    async def run() -> None:
        puppets = Puppets()
        async with running(settings_for(tmp_path), make_session=puppets) as (url, app):
            async with connect(ws_url(url)) as ws:
                hello = await until(ws, "visavis.hello")
                assert hello[0]["type"] == "session.created"
                call_id = hello[0]["session"]["id"]
                text = [{"type": "input_text", "text": "Good day."}]
                item = {"type": "message", "role": "user", "content": text}
                await say(ws, type="conversation.item.create", item=item)
                await say(ws, type="response.create")
                await say(
                    ws, type="input_audio_buffer.append", audio=b64encode(bytes(9600)).decode()
                )
                events = await until(ws, "response.done")
                sound = b"".join(
                    b64decode(e["delta"])
                    for e in events
                    if e["type"] == "response.output_audio.delta"
                )
                assert len(sound) == 9600
                typed = [e for e in events if e["type"] == "conversation.item.added"]
                assert [e["item"]["role"] for e in typed] == ["user", "assistant"]
                await eventually(lambda: puppets.made[0].frames >= 9)
            await eventually(lambda: puppets.made[0].closed)
            over = puppets.made[0].over
            assert over is not None and over.reason == "hangup"
            async with httpx.AsyncClient(base_url=url) as client:
                (kept,) = (await client.get("/v1/calls")).json()["data"]
                assert (kept["id"], kept["transport"]) == (call_id, "websocket")
                assert kept["reason"] == "hangup"
                whole = (await client.get(f"/v1/calls/{call_id}")).json()
                assert [i["text"] for i in whole["items"]] == ["Good day.", "Hello."]
            assert len(app.state.server.calls) == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "invalid_json"),
        ('{"type": "response.dance"}', "unknown_event"),
        ('{"type": "session.update", "session": 5}', "invalid_event"),
        ('{"type": "input_audio_buffer.append", "audio": "%%%"}', "invalid_audio"),
        ('{"type": "x", "pad": "' + "y" * 300_000 + '"}', "message_too_large"),
        (b"\x00\x01", "invalid_event"),
    ],
)
def test_a_bad_message_is_told_and_the_call_goes_on(
    tmp_path: Path, message: str | bytes, code: str
) -> None:
    async def run() -> None:
        settings = settings_for(tmp_path)
        async with (
            running(settings, make_session=Puppets()) as (url, _),
            connect(ws_url(url)) as ws,
        ):
            await until(ws, "visavis.hello")
            await ws.send(message)
            error = (await until(ws, "error"))[-1]["error"]
            assert (error["type"], error["code"]) == ("invalid_request_error", code)
            await say(ws, type="response.create")
            await until(ws, "response.done")

    asyncio.run(run())


def test_ten_megabytes_end_that_call_only(tmp_path: Path) -> None:
    async def run() -> None:
        settings = settings_for(tmp_path)
        async with (
            running(settings, make_session=Puppets()) as (url, app),
            connect(ws_url(url)) as bad,
            connect(ws_url(url)) as good,
        ):
            await until(good, "visavis.hello")
            with pytest.raises(ConnectionClosed) as closed:
                await bad.send("x" * 10_000_000)
                async with asyncio.timeout(5):
                    while True:
                        await bad.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
            await eventually(lambda: len(app.state.server.calls) == 1)
            await say(good, type="response.create")
            await until(good, "response.done")

    asyncio.run(run())


def test_a_client_that_vanishes_is_forgotten(tmp_path: Path) -> None:
    async def run() -> None:
        puppets = Puppets()
        settings = settings_for(tmp_path, limits={"silence_timeout_s": 0.4})
        async with running(settings, make_session=puppets) as (url, app):
            before = len(asyncio.all_tasks())
            gone = await connect(ws_url(url))
            async with connect(ws_url(url)) as good:
                await until(good, "visavis.hello")
                # Neither reads, answers pings, nor says goodbye.
                gone.transport.pause_reading()
                await eventually(lambda: len(app.state.server.calls) == 1)
                over = puppets.made[0].over
                assert over is not None and over.reason == "timeout"
                await say(good, type="response.create")
                await until(good, "response.done")
            gone.transport.abort()
            await eventually(lambda: len(app.state.server.calls) == 0)
            await eventually(lambda: len(asyncio.all_tasks()) <= before)
            assert all(p.closed for p in puppets.made)

    asyncio.run(run())


def test_a_silent_client_keeps_its_call(tmp_path: Path) -> None:
    async def run() -> None:
        settings = settings_for(tmp_path, limits={"silence_timeout_s": 0.2})
        async with (
            running(settings, make_session=Puppets()) as (url, _),
            connect(ws_url(url)) as ws,
        ):
            await until(ws, "visavis.hello")
            await asyncio.sleep(0.5)
            await say(ws, type="response.create")
            await until(ws, "response.done")

    asyncio.run(run())


def test_a_crash_in_one_session_harms_no_other(tmp_path: Path) -> None:
    async def run() -> None:
        puppets = Puppets()
        settings = settings_for(tmp_path)
        async with (
            running(settings, make_session=puppets) as (url, app),
            connect(ws_url(url)) as bad,
            connect(ws_url(url)) as good,
        ):
            await until(bad, "visavis.hello")
            await until(good, "visavis.hello")
            puppets.made[0].crash_on = AudioIn
            await say(bad, type="input_audio_buffer.append", audio="A" * 6400)
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(5):
                    while True:
                        await bad.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1011
            await say(good, type="response.create")
            await until(good, "response.done")
            assert len(app.state.server.calls) == 1

    asyncio.run(run())


def test_a_full_server_says_so(tmp_path: Path) -> None:
    async def run() -> None:
        settings = settings_for(tmp_path, admission={"max_calls": 1})
        async with (
            running(settings, make_session=Puppets()) as (url, _),
            connect(ws_url(url)) as first,
            connect(ws_url(url)) as second,
        ):
            await until(first, "visavis.hello")
            refused = json.loads(await second.recv())
            assert (refused["type"], refused["error"]["code"]) == ("error", "busy")
            assert "all 1 places are taken" in refused["error"]["message"]
            with pytest.raises(ConnectionClosed) as closed:
                await second.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013
            await say(first, type="response.create")
            await until(first, "response.done")

    asyncio.run(run())


def test_stopping_tells_running_calls(tmp_path: Path) -> None:
    async def run() -> None:
        puppets = Puppets()
        async with running(settings_for(tmp_path), make_session=puppets) as (url, app):
            ws = await connect(ws_url(url))
            await until(ws, "visavis.hello")
            await app.state.server.calls.close_all("server_shutdown", "The server stops.")
            error = (await until(ws, "error"))[-1]["error"]
            assert error["code"] == "server_shutdown"
            await ws.wait_closed()
        assert puppets.made[0].closed

    asyncio.run(run())


def test_pages_of_other_origins_are_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(settings_for(tmp_path), make_session=Puppets()) as (url, _):
            with pytest.raises(Exception, match="403"):
                await connect(ws_url(url), origin="https://evil.example")  # type: ignore[arg-type]
            async with connect(ws_url(url), origin=url) as ws:  # type: ignore[arg-type]
                await until(ws, "visavis.hello")

    asyncio.run(run())
