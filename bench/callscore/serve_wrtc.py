"""libwebrtc (the wheel `wrtc`) as a voice agent's server, by its cheapest interface.

One timer for all calls reads the native queues and writes the native sources; the streams that
the wheel offers beside them cost about as much again.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import webrtc
import wrtc
from control import Meter, every_tick, options, serve, talking

FRAMES = 960


async def main() -> None:
    given, meter = options(), Meter()
    speech = np.repeat(given.speech, 2)  # 48 kHz
    frames = [
        speech[at : at + FRAMES].tobytes() for at in range(0, len(speech) - FRAMES + 1, FRAMES)
    ]
    peers: list[Any] = []
    agents: list[Any] = []
    heard: list[Any] = []
    ticks = 0

    def tick(now: float) -> None:
        nonlocal ticks
        ticks += 1
        for call, agent in enumerate(agents):
            if talking(given.talk, call, now):
                agent.writeAudio(frames[(ticks + call * 17) % len(frames)], 48_000, 1, FRAMES)
        for call, processor in enumerate(heard):
            while (item := processor.read()) is not None:
                pcm = np.frombuffer(item[0], np.int16)
                meter.hear(call, pcm[:: len(pcm) // 160])  # 10 ms in any format, to 16 kHz mono
        meter.listen()

    async def answer(offer: str) -> str:
        peer = webrtc.RTCPeerConnection()
        peers.append(peer)

        def on_track(event: Any) -> None:
            if str(event.track.kind).endswith("audio"):
                native = wrtc.MediaStreamTrackProcessor(event.track._native_obj, 64)
                heard.append(native)
                peers.append(event.track)

        peer.on("track", on_track)
        agent = webrtc.MediaStreamTrackGenerator("audio")
        peer.add_track(agent)
        peers.append(agent)
        agents.append(agent._generator)
        await peer.set_remote_description(webrtc.RTCSessionDescriptionInit(type="offer", sdp=offer))
        await peer.set_local_description(await peer.create_answer())
        while not str(peer.ice_gathering_state).endswith("complete"):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.005)
        return str(peer.local_description.sdp)

    def figures() -> dict[str, Any]:
        return meter.take()

    clock = asyncio.ensure_future(every_tick(meter, tick))
    await serve(answer, figures)
    clock.cancel()


asyncio.run(main())
