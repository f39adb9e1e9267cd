"""A call over a WebSocket: PCM16 at 24 kHz in the Realtime events, played here at its pace."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import ssl
from collections import deque
from typing import Any

import numpy as np
import websockets
from websockets.asyncio.client import ClientConnection, connect

from visavis.audio import StreamResampler
from visavis.caller.link import (
    CONNECT_TIMEOUT_S,
    Listener,
    TakeMicrophone,
    Transport,
    parse_event,
    refusal,
)
from visavis.errors import BusyError, CallFailed
from visavis.seam import FRAME_IN, FRAME_OUT, FRAME_S, RATE_IN, RATE_OUT, Pcm

START_S = 0.06
"""Sound kept waiting before a reply starts to play, against uneven arrival."""
MAX_QUEUE_S = 120.0
MAX_MESSAGE = 4 << 20
_REPORT_FRAMES = 5
_FADE = 120
"""Samples (5 ms) of fade where playing is broken off."""


class Playout:
    """The client's loudspeaker queue: deltas in as they come, a frame out every 20 ms."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[str, Pcm]] = deque()
        self._samples = 0
        self._playing = False
        self._ended = False
        self._fade: Pcm | None = None
        self.item = ""
        self.played = 0
        """Samples of `item` played so far."""

    def push(self, item: str, pcm: Pcm) -> None:
        """Queue sound of a reply's item; beyond two minutes it is dropped."""
        if self._samples + len(pcm) <= MAX_QUEUE_S * RATE_OUT and len(pcm):
            self._pieces.append((item, pcm))
            self._samples += len(pcm)
            self._ended = False

    def end(self) -> None:
        """No more of this reply comes: what is there may be played however little it is."""
        self._ended = True

    def clear(self) -> None:
        """Stop within 5 ms."""
        if self._playing and self._pieces:
            tail = self._pieces[0][1][:_FADE].astype(np.float32)
            self._fade = (tail * np.linspace(1, 0, len(tail))).astype(np.int16)
        self._pieces.clear()
        self._samples = 0
        self._playing = False

    def take(self) -> tuple[Pcm, bool]:
        """The next frame, int16 [480], and whether any of it is a reply's sound."""
        frame = np.zeros(FRAME_OUT, np.int16)
        if self._fade is not None:
            frame[: len(self._fade)] = self._fade
            self._fade = None
            return frame, False
        if not self._playing:
            if self._samples < START_S * RATE_OUT and not (self._ended and self._samples):
                return frame, False
            self._playing = True
        filled = 0
        while filled < FRAME_OUT and self._pieces:
            item, pcm = self._pieces[0]
            if item != self.item:
                self.item, self.played = item, 0
            count = min(len(pcm), FRAME_OUT - filled)
            frame[filled : filled + count] = pcm[:count]
            filled += count
            self.played += count
            if count == len(pcm):
                self._pieces.popleft()
            else:
                self._pieces[0] = (item, pcm[count:])
        self._samples -= filled
        if not self._pieces:
            self._playing = False
        return frame, filled > 0


class WebSocketLink:
    """WS /v1/realtime, for where UDP does not pass or the native module is missing."""

    transport: Transport = "websocket"

    def __init__(
        self,
        server: str,
        microphone: TakeMicrophone,
        listener: Listener,
        *,
        headers: dict[str, str],
        verify: bool = True,
        model: str = "default",
    ) -> None:
        scheme, rest = server.split("://", 1)
        self._url = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/v1/realtime?model={model}"
        self._microphone = microphone
        self._listener = listener
        self._headers = headers
        self._tls: ssl.SSLContext | None = None
        if scheme == "https":
            self._tls = ssl.create_default_context()
            if not verify:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._upsample = StreamResampler(RATE_IN, RATE_OUT)
        self._playout = Playout()
        self._outbox: asyncio.Queue[str] = asyncio.Queue(500)
        self._over = False
        self.call_id = ""

    async def open(self) -> float:
        try:
            self._socket = await connect(
                self._url,
                additional_headers=self._headers,
                open_timeout=CONNECT_TIMEOUT_S,
                max_size=MAX_MESSAGE,
                ssl=self._tls,
            )
        except websockets.InvalidStatus as error:
            response = error.response
            body = (response.body or b"").decode("utf-8", "replace")
            raise refusal(response.status_code, body, self._url) from error
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise CallFailed(
                f"cannot reach {self._url}: {error or type(error).__name__}"
            ) from error
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._until_session(self._socket)
        except BaseException as error:
            await self.close()
            if isinstance(error, TimeoutError | websockets.ConnectionClosed):
                raise CallFailed(f"{self._url} opened no session: {error}") from error
            raise
        began = asyncio.get_running_loop().time()
        self._tasks = [
            asyncio.create_task(self._receive(self._socket), name="caller-receive"),
            asyncio.create_task(self._send(self._socket), name="caller-send"),
            asyncio.create_task(self._tick(began), name="caller-tick"),
        ]
        return began

    async def _until_session(self, socket: ClientConnection) -> None:
        """Wait for session.created; an error instead of it ends the call."""
        now = asyncio.get_running_loop().time
        while True:
            event = parse_event(await socket.recv())
            if event is None:
                continue
            self._listener.on_event(event, now())
            if event.get("type") == "error":
                body = event.get("error")
                body = body if isinstance(body, dict) else {}
                words = f"{self._url} refused the call: {body.get('message')}"
                raise (BusyError if body.get("code") == "busy" else CallFailed)(words)
            if event.get("type") == "session.created":
                session = event.get("session")
                self.call_id = str(session.get("id", "")) if isinstance(session, dict) else ""
                return

    async def _receive(self, socket: ClientConnection) -> None:
        now = asyncio.get_running_loop().time
        reason = "hangup"
        try:
            async for message in socket:
                event = parse_event(message)
                if event is not None:
                    self._take(event)
                    self._listener.on_event(event, now())
        except websockets.ConnectionClosedError as error:
            reason = f"error: {error}"
        self._end(reason, now())

    def _take(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind == "response.output_audio.delta":
            try:
                data = base64.b64decode(str(event.get("delta", "")), validate=True)
            except binascii.Error:
                return
            pcm = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)
            self._playout.push(str(event.get("item_id", "")), pcm)
        elif kind == "response.output_audio.done":
            self._playout.end()
        elif kind == "output_audio_buffer.cleared":
            self._playout.clear()

    async def _send(self, socket: ClientConnection) -> None:
        try:
            while True:
                await socket.send(await self._outbox.get())
        except websockets.ConnectionClosed:
            return  # _receive tells

    async def _tick(self, began: float) -> None:
        """Every 20 ms: a frame of the microphone out, a frame to the loudspeaker."""
        loop = asyncio.get_running_loop()
        tick = sent = heard = 0
        while not self._over:
            tick += 1
            due = began + tick * FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            self._append(self._microphone(FRAME_IN))
            sent += FRAME_IN
            # The frame was complete when it was due; a late wake-up is a delay of ours, which
            # the person would feel, and it stays in the figures.
            self._listener.on_sent(sent, due)
            # What was played before this frame, which only begins to play now.
            played, item = self._playout.played, self._playout.item
            frame, sound = self._playout.take()
            self._listener.on_heard(loop.time(), frame)
            if heard and (not sound or heard <= _REPORT_FRAMES or heard % _REPORT_FRAMES == 0):
                ms = played * 1000 // RATE_OUT
                self.send({"type": "visavis.playback", "item_id": item, "audio_ms": ms})
            heard = heard + 1 if sound else 0

    def _append(self, pcm: Pcm) -> None:
        data = self._upsample.push(pcm).astype("<i2", copy=False).tobytes()
        if data:
            self.send(
                {
                    "type": "input_audio_buffer.append",
                    "audio": base64.b64encode(data).decode("ascii"),
                }
            )

    def send(self, event: dict[str, Any]) -> None:
        try:
            self._outbox.put_nowait(json.dumps(event))
        except asyncio.QueueFull:
            self._end("error: the server takes no more data", asyncio.get_running_loop().time())

    def _end(self, reason: str, at: float) -> None:
        if not self._over:
            self._over = True
            self._listener.on_closed(reason, at)

    async def close(self) -> None:
        self._over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._socket is not None:
            socket, self._socket = self._socket, None
            await socket.close()
