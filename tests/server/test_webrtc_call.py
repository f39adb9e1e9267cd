"""A WebRTC call against a real server: SDP over HTTP, sound over UDP, events over the channel."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.line.fakes import Sink
from tests.server.fakes import Puppets, eventually, running, settings_for

from visavis.line import FrameIn, LineEngine, native_available
from visavis.seam import CallLimits, Closed, NetworkSettings, Text

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]


def test_a_call_over_webrtc(tmp_path: Path) -> None:
    async def run() -> None:
        puppets = Puppets()
        client = LineEngine(NetworkSettings(), CallLimits(), receive_rate=24_000, playout=True)
        sink, frames = Sink(), list[FrameIn]()

        def types() -> list[str]:
            return [json.loads(e.data)["type"] for e in sink.events if isinstance(e, Text)]

        async with (
            running(settings_for(tmp_path), make_session=puppets) as (url, app),
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
        ):
            port, offer = client.offer(lambda _: sink)
            port.on_frame = frames.append
            session = json.dumps({"type": "realtime", "instructions": "Be kind."})
            answer = await http.post(
                "/v1/realtime/calls",
                files={"sdp": (None, offer), "session": (None, session)},
            )
            assert answer.status_code == 201, answer.text
            location = answer.headers["location"]
            port.set_answer(answer.text)
            await eventually(lambda: "visavis.hello" in types(), 10)
            assert types()[0] == "session.created"
            port.send("{")
            await eventually(lambda: "error" in types())
            port.send(json.dumps({"type": "response.create"}))
            await eventually(lambda: "response.done" in types())
            assert "output_audio_buffer.started" in types()
            assert "response.output_audio.delta" not in types()
            await eventually(lambda: any(np.abs(f.pcm).max() > 300 for f in frames if len(f.pcm)))
            metrics = (await http.get("/metrics")).text
            assert "visavis_calls_active 1.0" in metrics
            assert "visavis_line_tick_late_p99_ms" in metrics
            assert (await http.post(f"{location}/hangup")).status_code == 200
            await eventually(lambda: any(isinstance(e, Closed) for e in sink.events), 10)
            await eventually(lambda: len(app.state.server.calls) == 0)
            over = puppets.made[0].over
            assert over is not None and over.reason == "hangup"
            broken = await http.post(
                "/v1/realtime/calls",
                content=offer[: len(offer) // 3],
                headers={"Content-Type": "application/sdp"},
            )
            assert broken.status_code == 400
            assert broken.json()["error"]["code"] == "invalid_sdp"
        await client.aclose()

    asyncio.run(run())


def test_a_call_goes_on_from_another_network(tmp_path: Path) -> None:
    """The client's socket is replaced in mid-call; ICE begins anew over HTTP."""

    async def run() -> None:
        client = LineEngine(NetworkSettings(), CallLimits(), receive_rate=24_000, playout=True)
        sink = Sink()

        def types() -> list[str]:
            return [json.loads(e.data)["type"] for e in sink.events if isinstance(e, Text)]

        async with (
            running(settings_for(tmp_path), make_session=Puppets()) as (url, app),
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
        ):
            port, offer = client.offer(lambda _: sink)
            sdp = {"Content-Type": "application/sdp"}
            answer = await http.post("/v1/realtime/calls", content=offer, headers=sdp)
            location = answer.headers["location"]
            port.set_answer(answer.text)
            await eventually(lambda: "visavis.hello" in types(), 10)
            for _ in range(3):
                again = await http.patch(
                    location, content=port.offer_restart("127.0.0.2"), headers=sdp
                )
                assert (again.status_code, again.headers["content-type"].partition(";")[0]) == (
                    200,
                    "application/sdp",
                )
                port.set_answer(again.text)
                await asyncio.sleep(0.3)
                sink.events.clear()
                port.send("{")
                await eventually(lambda: "error" in types(), 2)
            fragment = {"Content-Type": "application/trickle-ice-sdpfrag"}
            ours = [x for x in port.offer_restart().splitlines() if x.startswith("a=ice-")]
            part = await http.patch(location, content="\r\n".join(ours), headers=fragment)
            assert part.status_code == 200
            assert "a=ice-ufrag:" in part.text and "v=0" not in part.text
            for content, headers, status in (
                ("nonsense", fragment, 400),
                ("", sdp, 400),
                (offer, {"Content-Type": "text/html"}, 415),
            ):
                refused = await http.patch(location, content=content, headers=headers)
                assert refused.status_code == status, refused.text
            gone = await http.patch("/v1/realtime/calls/call_none", content=offer, headers=sdp)
            assert gone.status_code == 404
            assert len(app.state.server.calls) == 1
        await client.aclose()

    asyncio.run(run())


@pytest.mark.slow
def test_a_client_that_never_connects_is_forgotten(tmp_path: Path) -> None:
    async def run() -> None:
        puppets = Puppets()
        client = LineEngine(NetworkSettings(), CallLimits())
        settings = settings_for(tmp_path, limits={"silence_timeout_s": 1.0})
        async with (
            running(settings, make_session=puppets) as (url, app),
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
        ):
            # It signals and is never heard of again.
            _, offer = client.offer(lambda _: Sink())
            answer = await http.post(
                "/v1/realtime/calls", content=offer, headers={"Content-Type": "application/sdp"}
            )
            assert answer.status_code == 201
            await eventually(lambda: len(app.state.server.calls) == 0, 30)
            over = puppets.made[0].over
            assert over is not None and over.reason == "timeout"
            assert puppets.made[0].closed
        await client.aclose()

    asyncio.run(run())
