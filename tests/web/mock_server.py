"""A server the page can talk to, without models and without WebRTC: tests push the events.

By hand: `python -m tests.web.mock_server` serves the page on port 8499 and plays a short talk.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

WEB = Path(__file__).resolve().parents[2] / "web"
RATE = 24_000
Event = dict[str, Any]


def tone(seconds: float, hertz: float = 330.0, gain: float = 0.3) -> bytes:
    """PCM16 at 24 kHz."""
    values = (
        round(32767 * gain * math.sin(2 * math.pi * hertz * n / RATE))
        for n in range(round(seconds * RATE))
    )
    return b"".join(struct.pack("<h", value) for value in values)


class MockServer:
    """Runs in a thread of its own. `webrtc` says yes in `/config.json` but never answers SDP."""

    def __init__(self) -> None:
        self.busy = False
        self.webrtc = False
        self.refuse_config = False
        self.offers: list[str] = []
        self.received: list[Event] = []
        self.calls = 0
        self.protocols: list[str] = []
        self._socket: WebSocket | None = None
        self._dropped = asyncio.Event()
        self._changed = threading.Condition()
        app = Starlette(
            routes=[
                Route("/config.json", self._config),
                Route("/v1/realtime/calls", self._offer, methods=["POST"]),
                WebSocketRoute("/v1/realtime", self._call),
                Mount("/", StaticFiles(directory=WEB, html=True)),
            ]
        )
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        config = uvicorn.Config(
            app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mock-server")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> MockServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._server.serve([self._listener]))
        self._loop.close()

    def send(self, *events: Event) -> None:
        """Send events to the page in order."""
        self._on_loop(self._send(events))

    def say(self, response: str, item: str, seconds: float) -> None:
        """Send a tone as the agent's voice, all at once as a fast synthesiser does."""
        pcm = tone(seconds)
        step = RATE // 5 * 2
        self.send(
            *(
                {
                    "type": "response.output_audio.delta",
                    "response_id": response,
                    "item_id": item,
                    "delta": base64.b64encode(pcm[at : at + step]).decode(),
                }
                for at in range(0, len(pcm), step)
            )
        )

    def drop(self) -> None:
        """The call breaks."""
        assert self._socket is not None
        self._loop.call_soon_threadsafe(self._dropped.set)

    def wait(self, ready: Callable[[list[Event]], bool], timeout: float = 10.0) -> None:
        """Until what the page sent satisfies `ready`."""
        with self._changed:
            done = self._changed.wait_for(lambda: ready(self.received), timeout)
        assert done, f"the page did not send it; got {[e['type'] for e in self.received[-5:]]}"

    def sent(self, kind: str) -> list[Event]:
        with self._changed:
            return [event for event in self.received if event["type"] == kind]

    def _on_loop(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _send(self, events: tuple[Event, ...]) -> None:
        assert self._socket is not None
        for event in events:
            await self._socket.send_text(json.dumps(event))

    async def _config(self, _: Request) -> Response:
        if self.refuse_config:
            return Response(status_code=502)
        config = {"version": "0.0-mock", "webrtc": self.webrtc, "ice_servers": [], "model": "mock"}
        return JSONResponse(config)

    async def _offer(self, request: Request) -> Response:
        self.offers.append((await request.body()).decode())
        error = {"code": "busy" if self.busy else "native_missing", "message": "no media here"}
        return JSONResponse({"error": error}, status_code=503)

    async def _call(self, socket_: WebSocket) -> None:
        await socket_.accept("realtime")
        if self.busy:
            busy = {"type": "error", "error": {"code": "busy", "message": "full"}}
            await socket_.send_text(json.dumps(busy))
            await socket_.close(1013)
            return
        self._socket = socket_
        # Before the page hears anything: it may be dropped as soon as it is in the call.
        self._dropped = asyncio.Event()
        self.calls += 1
        self.protocols = socket_.scope["subprotocols"]
        await self._send(
            (
                {"type": "session.created", "session": {"id": "sess_1"}},
                {"type": "visavis.hello", "version": "0.0-mock"},
                {"type": "visavis.state", "user": "listening", "agent": "listening"},
            )
        )
        reading = asyncio.create_task(self._read(socket_))
        dropped = asyncio.create_task(self._dropped.wait())
        _, rest = await asyncio.wait((reading, dropped), return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        if dropped.done() and not dropped.cancelled():
            await socket_.close(1011)

    async def _read(self, socket_: WebSocket) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                event = json.loads(await socket_.receive_text())
                with self._changed:
                    self.received.append(event)
                    self._changed.notify_all()


def demo(server: MockServer) -> None:
    """Play a short talk to every call that comes, for eyes."""
    from tests.web.script import turn

    served = 0
    while True:
        time.sleep(0.5)
        if server.calls == served:
            continue
        served = server.calls
        for number in (1, 2, 3):
            turn(server, number, pause=0.4)


def main() -> None:
    with MockServer() as server:
        print(f"open {server.url} and press Talk")
        demo(server)


if __name__ == "__main__":
    main()
