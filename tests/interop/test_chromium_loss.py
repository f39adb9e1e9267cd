"""Chromium's voice over a network that loses packets: copies (RED) and resent ones (NACK)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import lossy
import pytest
from chromium import chromium

from visavis.line import FrameIn, LineEngine, LinePort, native_available
from visavis.seam import CallLimits, Mark, NetworkSettings, SendPlan, UpEvent

pytestmark = [
    pytest.mark.browser,
    pytest.mark.native,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="Debian's chromium not installed"),
    pytest.mark.skipif(not native_available(), reason="the native line is not built"),
]

LOSS = 0.2
SECONDS = 8.0
SDP_JS = (Path(__file__).parents[2] / "web/call/sdp.js").read_text(encoding="utf-8")

# A voice that rises and falls, so that no detector takes it for noise.
PAGE = (
    SDP_JS.replace("export function", "function")
    + """
window.offer = async (red, nack) => {
  const context = new AudioContext();
  const voice = new OscillatorNode(context, { type: "sawtooth", frequency: 140 });
  const syllables = new OscillatorNode(context, { frequency: 4 });
  const loud = new GainNode(context, { gain: 0.3 });
  const out = context.createMediaStreamDestination();
  syllables.connect(loud.gain);
  voice.connect(loud).connect(out);
  voice.start();
  syllables.start();
  const pc = (window.pc = new RTCPeerConnection());
  pc.createDataChannel("oai-events");
  pc.addTrack(out.stream.getAudioTracks()[0], out.stream);
  const { codecs } = RTCRtpReceiver.getCapabilities("audio");
  const isRed = ({ mimeType }) => mimeType === "audio/red";
  const wanted = red ? redFirst(codecs) : codecs.filter((codec) => !isRed(codec));
  pc.getTransceivers()[0].setCodecPreferences(wanted);
  let { sdp } = await pc.createOffer();
  if (nack) sdp = withAudioNack(sdp);
  await pc.setLocalDescription({ type: "offer", sdp });
  while (pc.iceGatheringState !== "complete") await new Promise((next) => setTimeout(next, 20));
  return pc.localDescription.sdp;
};
"""
)


class Sink:
    def on_event(self, event: UpEvent) -> None:
        """Only frames are looked at."""


class Server:
    """One engine and the lossy hop before it."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []

    async def serve(self, offer: str, answered: concurrent.futures.Future[str]) -> dict[str, float]:
        engine = LineEngine(NetworkSettings(), CallLimits())
        host, _, port = engine.addresses[0].rpartition(":")
        hop = lossy.Hop((host, int(port)), LOSS)
        near = await hop.open()

        def heed(port: LinePort) -> Sink:
            port.on_frame = self.on_frame
            port.set_plan(SendPlan(red=(1,)))
            return Sink()

        # The only way between the two leads over the hop.
        _, answer = engine.accept(re.sub(r"a=candidate:.*\r\n", "", offer), heed)
        answered.set_result(
            re.sub(rf"({re.escape(host)}) {port} typ host", rf"\1 {near} typ host", answer)
        )
        await asyncio.sleep(2.0)
        self.marks.clear()
        await asyncio.sleep(SECONDS)
        stats = engine.stats()
        assert hop.lost > 40
        hop.close()
        await engine.aclose()
        return stats

    def on_frame(self, frame: FrameIn) -> None:
        self.marks.append(frame.mark)

    def share(self, *marks: Mark) -> float:
        return sum(mark in marks for mark in self.marks) / len(self.marks)


@dataclass
class Heard:
    """One call: what was heard of it, the line's counters, and the answer it began with."""

    server: Server
    stats: dict[str, float]
    answer: str


@pytest.fixture(scope="module")
def heard() -> dict[str, Heard]:
    """Two calls at once, in one browser: one sends copies, one what it is asked for again."""
    calls = {"red": "offer(true, false)", "nack": "offer(false, true)"}
    begun = {}
    with chromium() as browser, concurrent.futures.ThreadPoolExecutor() as pool:
        for name, make in calls.items():
            server = Server()
            tab = browser.new_page()
            tab.goto("about:blank")
            tab.add_script_tag(content=PAGE)
            offer = tab.evaluate(make)
            answered: concurrent.futures.Future[str] = concurrent.futures.Future()
            served = pool.submit(asyncio.run, server.serve(offer, answered))
            answer = answered.result(10)
            tab.evaluate("sdp => pc.setRemoteDescription({ type: 'answer', sdp })", answer)
            begun[name] = (server, served, answer)
        return {
            name: Heard(server, served.result(30), answer)
            for name, (server, served, answer) in begun.items()
        }


def test_copies_recover_what_was_lost(heard: dict[str, Heard]) -> None:
    call = heard["red"]
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 63 111" in call.answer
    assert call.stats["red_in"] > 200
    assert call.server.share(Mark.RECOVERED) > 0.1
    assert call.server.share(Mark.CONCEALED, Mark.MISSING) < 0.08


def test_what_was_lost_is_sent_again(heard: dict[str, Heard]) -> None:
    call = heard["nack"]
    assert "a=rtcp-fb:111 nack" in call.answer
    assert call.stats["red_in"] == 0
    assert call.server.share(Mark.RECEIVED) > 0.9
