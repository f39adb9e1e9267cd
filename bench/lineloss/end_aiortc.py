"""aiortc as an end. It plays nothing itself: a frame is heard when `recv` gives it."""

from __future__ import annotations

import asyncio
import fractions
import time
from typing import Any

import av
import numpy as np
import soxr
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from lineloss.ends import TICK_S, Recording, phase, serve, until

RATE = 48_000
FRAME = RATE // 50
GOODBYE_S = 0.5


class Microphone(MediaStreamTrack):  # type: ignore[misc]
    """Silence, and from a given moment on a stream; a frame comes when it is due."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._begun: float | None = None
        self._count = 0
        self._sound: NDArray[np.int16] | None = None
        self._start = 0.0

    def speak(self, start: float, sound: NDArray[np.int16]) -> None:
        """From `start` on; frames before it stay on their own grid."""
        self._start, self._sound = start, sound

    async def recv(self) -> av.AudioFrame:
        if self._begun is None:
            self._begun = time.monotonic()
        due = self._begun + self._count * TICK_S
        pcm = np.zeros(FRAME, np.int16)
        if self._sound is not None and due >= self._start - TICK_S:
            tick = round((due - self._start) / TICK_S)
            due = self._start + tick * TICK_S
            self._begun = due - self._count * TICK_S
            part = self._sound[max(tick, 0) * FRAME : (max(tick, 0) + 1) * FRAME]
            if tick >= 0:
                pcm[: len(part)] = part
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self._count * FRAME
        frame.time_base = fractions.Fraction(1, RATE)
        self._count += 1
        return frame


class Call:
    def __init__(self) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = Microphone()
        self.peer.addTrack(self.microphone)
        self.heard: list[tuple[float, int, NDArray[np.int16]]] = []
        """Clock, media time in samples, samples."""
        self.listening: asyncio.Task[None] | None = None

        @self.peer.on("track")
        def on_track(track: Any) -> None:
            self.listening = asyncio.ensure_future(self._listen(track))

    async def _listen(self, track: Any) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return  # the call is over
            samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
            self.heard.append((time.monotonic(), frame.pts, samples.copy()))


class Aiortc:
    def __init__(self) -> None:
        self._calls: list[Call] = []

    def _new(self) -> tuple[int, Call]:
        self._calls.append(Call())
        return len(self._calls) - 1, self._calls[-1]

    async def offer(self) -> tuple[int, str]:
        number, call = self._new()
        await call.peer.setLocalDescription(await call.peer.createOffer())
        return number, call.peer.localDescription.sdp

    async def accept(self, sdp: str) -> tuple[int, str]:
        number, call = self._new()
        await call.peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await call.peer.setLocalDescription(await call.peer.createAnswer())
        return number, call.peer.localDescription.sdp

    async def answer(self, call: int, sdp: str) -> None:
        await self._calls[call].peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def connected(self, call: int) -> None:
        await until(lambda: self._calls[call].peer.connectionState == "connected")

    async def run(
        self, start: float, streams: list[NDArray[np.int16]], replies: list[list[int]]
    ) -> list[Recording]:
        for i, (call, stream) in enumerate(zip(self._calls, streams, strict=True)):
            sound = soxr.resample(stream, 16_000, RATE).astype(np.int16)
            call.microphone.speak(start + phase(i), sound)
        seconds = max(len(stream) for stream in streams) / 16_000
        await asyncio.sleep(start + seconds + GOODBYE_S - time.monotonic())
        return [_recording(call.heard, start, phase(i)) for i, call in enumerate(self._calls)]

    async def aclose(self) -> None:
        for call in self._calls:
            await call.peer.close()


def _recording(
    heard: list[tuple[float, int, NDArray[np.int16]]], start: float, spoke_at: float
) -> Recording:
    """On the media timeline, as a listener who knows what is missing would lay it out."""
    heard = [frame for frame in heard if frame[0] >= start]
    if not heard:
        return Recording(RATE, np.zeros(0, np.int16), np.zeros(0, np.int64), np.zeros(0))
    first = heard[0][1]
    length = max(pts - first + len(samples) for _, pts, samples in heard)
    pcm = np.zeros(length, np.int16)
    there = np.zeros(-(-length // FRAME), bool)
    at = np.full(len(there), np.nan)
    for clock, pts, samples in heard:
        pcm[pts - first : pts - first + len(samples)] = samples
        there[(pts - first) // FRAME] = True
        at[(pts - first) // FRAME] = clock - start
    # What is missing would have been heard between its neighbours.
    known = np.flatnonzero(there)
    at = np.interp(np.arange(len(there)), known, at[known])
    starts = np.arange(len(there), dtype=np.int64) * FRAME
    return Recording(RATE, pcm, starts, at, (~there).astype(np.uint8), spoke_at=spoke_at)


async def main() -> None:
    await serve(Aiortc())


if __name__ == "__main__":
    asyncio.run(main())
