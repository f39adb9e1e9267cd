"""WS /v1/realtime: the same conversation where UDP does not pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from visavis.errors import BusyError, VisavisError
from visavis.realtime import WebSocketPort
from visavis.realtime.server_events import error as error_event
from visavis.seam import CallSink, Text
from visavis.server.access import WS_KEY_PREFIX
from visavis.server.call import Call

if TYPE_CHECKING:
    from visavis.server.app import Server

log = structlog.get_logger(__name__)

OUTBOX_MESSAGES = 2000
"""About 40 s of speech: a client that is further behind has stopped reading."""
BINARY = "binary messages are not taken; send events as JSON in text messages."
TRY_AGAIN_LATER = 1013
GOING_AWAY = 1001
INTERNAL_ERROR = 1011
NORMAL = 1000


class RealtimeSocket:
    """One connection. `run` returns when it is over, whoever ended it."""

    def __init__(self, server: Server, socket: WebSocket) -> None:
        self._server = server
        self._socket = socket
        self._outbox: asyncio.Queue[str | None] = asyncio.Queue(OUTBOX_MESSAGES)
        self._port: WebSocketPort | None = None

    async def run(self) -> None:
        if (refused := self._server.access.refusal(self._socket)) is not None:
            log.info("websocket.refused", code=refused[1])
            await self._socket.close(1008, refused[2])
            return
        offered = self._socket.scope.get("subprotocols", [])
        await self._socket.accept("realtime" if "realtime" in offered else _harmless(offered))
        try:
            call, self._port, sink = self._server.calls.take_websocket(self._put)
        except VisavisError as error:
            await self._refuse(error)
            return
        reader = asyncio.create_task(self._read(call, self._port, sink), name="websocket-read")
        writer = asyncio.create_task(self._write(), name="websocket-write")
        ended = call.task
        assert ended is not None, "a taken call runs"
        try:
            # The end of the connection ends the call (`lost`), the end of the call the connection.
            await asyncio.wait({reader, writer, ended}, return_when=asyncio.FIRST_COMPLETED)
            self._port.lost("local")
            await asyncio.wait({ended})
            await self._drain(writer)
            await self._close(call)
        finally:
            self._port.lost("local")
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)

    def _put(self, text: str) -> None:
        try:
            self._outbox.put_nowait(text)
        except asyncio.QueueFull:
            if self._port is not None:
                self._port.close("error: the client stopped reading")

    async def _refuse(self, error: VisavisError) -> None:
        """The first event says why; the code lets a client that looks at nothing else retry."""
        body = error_event(error.code, str(error), kind="server_error")
        await self._socket.send_json({"event_id": "event_1", **body})
        busy = isinstance(error, BusyError)
        await self._socket.close(TRY_AGAIN_LATER if busy else INTERNAL_ERROR, error.code)

    async def _read(self, call: Call, port: WebSocketPort, sink: CallSink) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                port.lost("timeout")
                return
            if message["type"] == "websocket.disconnect":
                # uvicorn says 1005 when the connection broke off or no ping was answered.
                polite = message.get("code") in (NORMAL, GOING_AWAY)
                port.lost("hangup" if polite else "timeout")
                return
            text = message.get("text")
            if text is not None:
                sink.on_event(Text(data=text, at=loop.time()))
            else:
                call.tell("invalid_event", BINARY, kind="invalid_request_error")

    async def _write(self) -> None:
        while (text := await self._outbox.get()) is not None:
            try:
                await self._socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                return

    async def _drain(self, writer: asyncio.Task[None]) -> None:
        """Let the last events out, if the client still takes them."""
        if not self._outbox.full():
            self._outbox.put_nowait(None)
            await asyncio.wait({writer}, timeout=1.0)

    async def _close(self, call: Call) -> None:
        if self._socket.application_state is not WebSocketState.CONNECTED:
            return
        if self._socket.client_state is not WebSocketState.CONNECTED:
            return
        wrong = call.reason.startswith("error")
        code = INTERNAL_ERROR if wrong else NORMAL
        try:
            await self._socket.close(code, call.reason[:120])
        except (WebSocketDisconnect, RuntimeError) as gone:
            log.debug("websocket.gone", call=call.id, why=str(gone))


def _harmless(offered: list[str]) -> str | None:
    """A browser fails unless one of its subprotocols is chosen; never one that holds a key."""
    return next((name for name in offered if not name.startswith(WS_KEY_PREFIX)), None)
