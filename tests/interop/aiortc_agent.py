"""A talking agent made of aiortc, which knows nothing of visavis: it answers with a tone when the
person has been quiet for a while, and tells over the data channel what it "understood"."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import aioice.ice
import av
import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

RATE = 48_000
FRAME = 960
LOUD = 0.01
"""RMS of a frame in which somebody speaks."""


class Voice(MediaStreamTrack):
    """Silence, and a tone whenever `reply` was called."""

    kind = "audio"

    def __init__(self, reply_s: float) -> None:
        super().__init__()
        self._reply_s = reply_s
        self._at = 0
        self._until = 0
        self._start = time.monotonic()

    def reply(self) -> None:
        self._until = self._at + round(self._reply_s * RATE)

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self._start + self._at / RATE - time.monotonic()))
        t = np.arange(self._at, self._at + FRAME) / RATE
        sound = 8000 * np.sin(2 * np.pi * 300 * t) * (np.arange(FRAME) + self._at < self._until)
        frame = av.AudioFrame.from_ndarray(sound.astype(np.int16)[None], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, self._at
        frame.time_base = fractions.Fraction(1, RATE)
        self._at += FRAME
        return frame


class Messages:
    """The data channel for messages, which the caller opens, perhaps late."""

    def __init__(self) -> None:
        self._channel: Any = None
        self._waiting: list[str] = []

    def open(self, channel: Any) -> None:
        if channel.label != "oai-events":
            return
        self._channel = channel
        for text in self._waiting:
            channel.send(text)

    def send(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        if self._channel is None:
            self._waiting.append(text)
        else:
            self._channel.send(text)


class Agent:
    """`words` are what it says it understood, one text a turn; None: it tells nothing."""

    def __init__(self, *, think_s: float, words: str | None) -> None:
        self._think_s = think_s
        self._words = words
        self._peers: set[RTCPeerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.calls = self.hung_up = 0

    async def sdp(self, request: Request) -> Response:
        answer = await self._answer((await request.body()).decode())
        headers = {"Location": f"/call/{self.calls}"}
        return Response(answer, 201, headers, media_type="application/sdp")

    async def json(self, request: Request) -> Response:
        return JSONResponse(
            {"sdp": await self._answer((await request.json())["sdp"]), "type": "answer"}
        )

    async def delete(self, _: Request) -> Response:
        self.hung_up += 1
        return Response()

    async def _answer(self, offer: str) -> str:
        self.calls += 1
        peer = RTCPeerConnection()
        self._peers.add(peer)
        voice, line = Voice(0.3), Messages()
        peer.addTrack(voice)
        peer.on("datachannel", line.open)

        @peer.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            task = asyncio.ensure_future(self._converse(track, voice, line))
            self._tasks.add(task)

        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return str(peer.localDescription.sdp)

    async def _converse(self, track: MediaStreamTrack, voice: Voice, line: Messages) -> None:
        loud = quiet = 0
        while True:
            try:
                frame = await track.recv()
            except Exception:  # MediaStreamError: the call is over
                return
            samples = frame.to_ndarray().astype(np.float64) / 32768
            if np.sqrt(np.mean(samples**2)) > LOUD:
                loud, quiet = loud + 1, 0
            else:
                quiet += 1
            if loud >= 10 and quiet * 0.02 >= self._think_s:
                loud = 0
                voice.reply()
                if self._words is not None:
                    data = {"text": self._words, "final": True}
                    line.send({"type": "user-transcription", "data": data})

    async def close(self) -> None:
        for peer in self._peers:
            await peer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.contextmanager
def talking_agent(*, think_s: float = 0.3, words: str | None) -> Iterator[tuple[str, Agent]]:
    """Its URL and itself, in a thread of its own, for as long as the block lasts."""
    # aioice leaves the loopback interface out; this agent is only there.
    addresses = aioice.ice.get_host_addresses
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    agent = Agent(think_s=think_s, words=words)
    routes = [
        Route("/whip", agent.sdp, methods=["POST"]),
        Route("/api/offer", agent.json, methods=["POST"]),
        Route("/call/{number}", agent.delete, methods=["DELETE"]),
    ]
    app = Starlette(routes=routes)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="warning", lifespan="off", ws="none")
    )

    async def serve() -> None:
        await server.serve()
        await agent.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", agent
    finally:
        server.should_exit = True
        thread.join()
        aioice.ice.get_host_addresses = addresses
