"""A caller made of aiortc, a WebRTC stack we did not write."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aioice.ice
import av
import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from numpy.typing import NDArray


class Microphone(MediaStreamTrack):
    """A recording (16 kHz) as a live microphone, then silence."""

    kind = "audio"

    def __init__(self, pcm: NDArray[np.int16]) -> None:
        super().__init__()
        self._pcm = pcm
        self._at = 0
        self._start: float | None = None

    async def recv(self) -> av.AudioFrame:
        if self._start is None:
            self._start = time.monotonic()
        await asyncio.sleep(max(0.0, self._start + self._at / 16_000 - time.monotonic()))
        chunk = np.zeros(320, np.int16)
        part = self._pcm[self._at : self._at + 320]
        chunk[: len(part)] = part
        frame = av.AudioFrame.from_ndarray(chunk[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        frame.pts = self._at
        frame.time_base = fractions.Fraction(1, 16_000)
        self._at += 320
        return frame


@dataclass
class Heard:
    """What the far end sent."""

    events: list[dict[str, Any]] = field(default_factory=list)
    level: list[float] = field(default_factory=list)
    """RMS of each received frame, 0…1."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


async def call(
    url: str, pcm: NDArray[np.int16], enough: Callable[[Heard], bool], seconds: float
) -> Heard:
    """Hold one call against a visavis server until enough was heard, or so long at most."""
    # aioice leaves the loopback interface out; the server under test is only there.
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    heard = Heard()
    peer = RTCPeerConnection()
    peer.addTrack(Microphone(pcm))
    channel = peer.createDataChannel("oai-events")
    channel.on("message", lambda data: heard.events.append(json.loads(data)))
    tasks: list[asyncio.Task[None]] = []

    async def listen(track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except Exception:  # MediaStreamError: the track ended with the call
                return
            samples = frame.to_ndarray().astype(np.float64) / 32768
            heard.level.append(float(np.sqrt(np.mean(samples**2))))

    @peer.on("track")
    def on_track(track: MediaStreamTrack) -> None:
        tasks.append(asyncio.ensure_future(listen(track)))

    await peer.setLocalDescription(await peer.createOffer())
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.post(
            f"{url}/v1/realtime/calls",
            content=peer.localDescription.sdp,
            headers={"Content-Type": "application/sdp"},
        )
        answer.raise_for_status()
        await peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not enough(heard):  # noqa: ASYNC110  # events and frames come from both sides
                    await asyncio.sleep(0.1)
        await http.post(f"{url}{answer.headers['location']}/hangup")
    await peer.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return heard
