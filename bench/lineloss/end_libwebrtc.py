"""libwebrtc (the `wrtc` wheel) as an end. Both roles are the same: NetEq plays to whoever listens.

Argument: {"red": bool}. With RED, `audio/red` is first in the preferences, else it is left out;
in-band FEC is always offered, as libwebrtc does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import numpy as np
import soxr
import webrtc
import wrtc
from numpy.typing import NDArray

from lineloss.ends import TICK_S, Recording, phase, serve, until
from lineloss.material import LEAD_S

RATE = 48_000
FRAME = RATE // 50
GOODBYE_S = 0.5
_POLL_S = 0.001
_QUEUE = 64
"""10 ms chunks that wait for the reader at most."""


def _named(state: Any) -> str:
    """The specification's word for a member of one of wrtc's enumerations."""
    return str(getattr(state, "value", state)).rpartition(".")[2].replace("_", "-")


class Call:
    def __init__(self) -> None:
        self.peer = webrtc.RTCPeerConnection()
        self.generator = webrtc.MediaStreamTrackGenerator("audio")
        self.processor: wrtc.MediaStreamTrackProcessor | None = None
        self._tracks: list[Any] = []
        self.peer.on("track", self._on_track)

    def _on_track(self, event: Any) -> None:
        self._tracks.append(event.track)  # it ends when nobody holds it
        self.processor = wrtc.MediaStreamTrackProcessor(event.track._native_obj, _QUEUE)

    def prefer(self, red: bool) -> None:
        capabilities = webrtc.RTCRtpSender.get_capabilities("audio")
        wanted = ["audio/red", "audio/opus"] if red else ["audio/opus"]
        codecs = [c for name in wanted for c in capabilities.codecs if c.mime_type.lower() == name]
        for transceiver in self.peer.get_transceivers():
            transceiver.set_codec_preferences(codecs)

    async def gathered(self) -> str:
        await until(lambda: _named(self.peer.ice_gathering_state) == "complete")
        return str(self.peer.local_description.sdp)

    async def inbound(self) -> dict[str, float]:
        """NetEq's own account since the call began; all zero before the first packet."""
        names = ("total_samples_received", "concealed_samples", "fec_packets_received",
                 "packets_lost", "packets_discarded")  # fmt: skip
        for entry in (await self.peer.get_stats()).values():
            if _named(entry.type) == "inbound-rtp":
                return {name: float(getattr(entry, name) or 0) for name in names}
        return dict.fromkeys(names, 0.0)


class Libwebrtc:
    def __init__(self, red: bool) -> None:
        self._red = red
        self._calls: list[Call] = []

    def _new(self) -> tuple[int, Call]:
        call = Call()
        self._calls.append(call)
        return len(self._calls) - 1, call

    async def offer(self) -> tuple[int, str]:
        number, call = self._new()
        call.peer.add_track(call.generator)
        call.prefer(self._red)
        await call.peer.set_local_description(await call.peer.create_offer())
        return number, await call.gathered()

    async def accept(self, sdp: str) -> tuple[int, str]:
        number, call = self._new()
        offer = webrtc.RTCSessionDescriptionInit(type="offer", sdp=sdp)
        await call.peer.set_remote_description(offer)
        call.peer.add_track(call.generator)
        call.prefer(self._red)
        await call.peer.set_local_description(await call.peer.create_answer())
        return number, await call.gathered()

    async def answer(self, call: int, sdp: str) -> None:
        answer = webrtc.RTCSessionDescriptionInit(type="answer", sdp=sdp)
        await self._calls[call].peer.set_remote_description(answer)

    async def connected(self, call: int) -> None:
        peer = self._calls[call].peer
        await until(lambda: _named(peer.connection_state) == "connected")

    async def run(
        self, start: float, streams: list[NDArray[np.int16]], replies: list[list[int]]
    ) -> list[Recording]:
        sound = [soxr.resample(stream, 16_000, RATE).astype("<i2") for stream in streams]
        seconds = max(len(stream) for stream in streams) / 16_000
        end = start + seconds + GOODBYE_S
        heard: list[list[tuple[float, bytes, int]]] = [[] for _ in self._calls]
        threads = asyncio.gather(
            asyncio.to_thread(self._feed, start, sound),
            asyncio.to_thread(self._listen, start, end, heard),
        )
        # NetEq counts as concealed what comes before the first packet and after the last.
        await asyncio.sleep(start + LEAD_S - 0.5 - time.monotonic())
        before = [await call.inbound() for call in self._calls]
        await asyncio.sleep(start + seconds - 0.5 - time.monotonic())
        after = [await call.inbound() for call in self._calls]
        await threads
        recordings = []
        for i, chunks in enumerate(heard):
            account = {key: after[i][key] - before[i][key] for key in after[i]}
            recordings.append(_recording(chunks, account, phase(i)))
        return recordings

    def _feed(self, start: float, sound: list[NDArray[np.int16]]) -> None:
        """Hand over each frame when it is due."""
        order = sorted(range(len(sound)), key=phase)
        for tick in range(max(len(s) for s in sound) // FRAME):
            for i in order:
                wait = start + tick * TICK_S + phase(i) - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                frame = sound[i][tick * FRAME : (tick + 1) * FRAME]
                if len(frame) == FRAME:
                    native = self._calls[i].generator._generator
                    native.writeAudio(frame.tobytes(), RATE, 1, FRAME)

    def _listen(
        self, start: float, end: float, heard: list[list[tuple[float, bytes, int]]]
    ) -> None:
        processors = [call.processor for call in self._calls]
        while (now := time.monotonic()) < end:
            for chunks, processor in zip(heard, processors, strict=True):
                while processor is not None and (item := processor.read()) is not None:
                    pcm, _, rate, channels = item[:4]
                    if rate != RATE or channels not in (1, 2):
                        raise RuntimeError(f"unexpected sound: {rate} Hz, {channels} channels")
                    if now >= start:
                        chunks.append((now - start, pcm, channels))
            time.sleep(_POLL_S)

    async def aclose(self) -> None:
        for call in self._calls:
            call.peer.close()


def _recording(
    chunks: list[tuple[float, bytes, int]], account: dict[str, float], spoke_at: float
) -> Recording:
    frames = [np.frombuffer(pcm, "<i2").reshape(-1, n)[:, 0] for _, pcm, n in chunks]
    total = account["total_samples_received"]
    sizes = np.array([len(frame) for frame in frames], np.int64)
    return Recording(
        RATE,
        np.concatenate(frames) if frames else np.zeros(0, np.int16),
        np.cumsum(sizes) - sizes,
        np.array([at for at, _, _ in chunks]),
        concealed=account["concealed_samples"] / total if total else 1.0,
        spoke_at=spoke_at,
        notes=account,
    )


async def main() -> None:
    await serve(Libwebrtc(json.loads(sys.argv[1])["red"]))


if __name__ == "__main__":
    asyncio.run(main())
