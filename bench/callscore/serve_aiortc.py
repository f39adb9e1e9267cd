"""aiortc as a voice agent's server: the same ear and the same timetable."""

from __future__ import annotations

import asyncio
import fractions
import time
from typing import Any

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from control import Meter, every_tick, options, serve, talking

given, meter = options(), Meter()
speech = np.repeat(given.speech, 2)  # 48 kHz, the rate that aiortc encodes at


class Agent(MediaStreamTrack):
    """Gives no frame while the agent is silent, so that none is encoded."""

    kind = "audio"

    def __init__(self, call: int) -> None:
        super().__init__()
        self._call = call
        self._start = time.monotonic()
        self._tick = 0

    async def recv(self) -> av.AudioFrame:
        while True:
            self._tick += 1
            due = self._start + self._tick * 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            if talking(given.talk, self._call, now):
                break
        at = (self._tick * 960) % (len(speech) - 960)
        frame = av.AudioFrame.from_ndarray(speech[None, at : at + 960], format="s16", layout="mono")
        frame.sample_rate = 48_000
        frame.pts = self._tick * 960
        frame.time_base = fractions.Fraction(1, 48_000)
        return frame


async def listen(track: MediaStreamTrack, call: int) -> None:
    while True:
        frame = await track.recv()
        meter.hear(call, frame.to_ndarray()[0, ::6])  # 48 kHz stereo, interleaved, to 16 kHz mono


async def main() -> None:
    peers: list[RTCPeerConnection] = []
    tasks: list[asyncio.Task[None]] = []

    async def answer(offer: str) -> str:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))

        @peer.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            tasks.append(asyncio.ensure_future(listen(track, len(tasks))))

        peer.addTrack(Agent(len(peers)))
        peers.append(peer)
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return peer.localDescription.sdp

    def figures() -> dict[str, Any]:
        return meter.take()

    clock = asyncio.ensure_future(every_tick(meter, lambda now: meter.listen()))
    await serve(answer, figures)
    clock.cancel()


asyncio.run(main())
