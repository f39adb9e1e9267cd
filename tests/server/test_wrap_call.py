"""Something put between transport and conversation sees everything that crosses the seam."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.server.fakes import Puppets, eventually, running, settings_for
from websockets.asyncio.client import connect

from visavis.seam import AudioIn, CallPort, CallSink, Closed, Connected, Played, Text, UpEvent


class Tap:
    def __init__(self, port: CallPort, sink: CallSink) -> None:
        self.port, self.sink = port, sink
        self.up: list[UpEvent] = []
        self.down: list[str] = []

    def on_event(self, event: UpEvent) -> None:
        self.up.append(event)
        self.sink.on_event(event)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.port, name)
        if callable(found):
            self.down.append(name)
        return found


def test_a_wrapped_call(tmp_path: Path) -> None:
    async def run() -> None:
        taps: list[Tap] = []

        def wrap(port: CallPort, sink: CallSink) -> tuple[CallPort, CallSink]:
            taps.append(Tap(port, sink))
            return taps[-1], taps[-1]

        settings = settings_for(tmp_path)
        async with running(settings, make_session=Puppets(), wrap_call=wrap) as (url, _):
            async with connect(url.replace("http", "ws", 1) + "/v1/realtime") as ws:
                await ws.send(
                    json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 6400})
                )
                await ws.send(json.dumps({"type": "response.create"}))
                async for message in ws:
                    if json.loads(message)["type"] == "response.done":
                        break
            (tap,) = taps
            await eventually(lambda: isinstance(tap.up[-1], Closed))
            assert {type(e) for e in tap.up} == {Connected, AudioIn, Text, Played, Closed}
            assert {"play", "finish", "send"} <= set(tap.down)

    asyncio.run(run())
