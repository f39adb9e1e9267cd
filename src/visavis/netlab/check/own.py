"""A call to visavis itself through a network, in virtual time: both ends of the line, the
conversation and the realtime protocol between them. The same twice for the same seed.

The models follow a script and take the times below, so that figures say what the network and the
line do, not this machine. Energy decides what is voice; the recogniser is `hearing`.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

from visavis.caller import CallOptions, CallResult, Utterance, call
from visavis.caller.link import Link, Listener, TakeMicrophone
from visavis.caller.link_webrtc import WebRtcLink
from visavis.clock import run_virtual
from visavis.conversation import Agent, Session
from visavis.conversation.events import SessionEvent, UserInputTranscribed
from visavis.line import FrameIn, LinePort, SteppedLink
from visavis.models.protocols import ModelSet
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ToneTextToSpeech,
)
from visavis.netlab.carrier import Carrier
from visavis.netlab.check.hearing import Hearing, HearingSpeechToText
from visavis.netlab.network import Network
from visavis.netlab.scenario import Scenario
from visavis.realtime import RealtimeBridge, SessionView
from visavis.seam import (
    DEFAULT_PLAN,
    RATE_IN,
    AudioIn,
    CallSink,
    Connected,
    LinkReport,
    Text,
    UpEvent,
)

DECODE_S = 0.08
SCORE_S = 0.05
FIRST_TOKEN_S = 0.15
TOKENS_PER_S = 20.0
FIRST_SOUND_S = 0.03
_ANSWER = "It is a long way, and I would go in spring."
_LIMIT_S = 3600.0


def call_own(
    scenario: Scenario, folder: Path, seed: int, script: list[Utterance], options: CallOptions
) -> tuple[CallResult, str]:
    """Hold the call; gives also all that was understood in it, whether or not the network let
    the caller know. CallFailed if it does not come up, ScenarioError, NativeMissingError."""
    network = Network(scenario, seed, folder)
    return run_virtual(_call(network, seed, script, options), limit_s=_LIMIT_S)


async def _call(
    network: Network, seed: int, script: list[Utterance], options: CallOptions
) -> tuple[CallResult, str]:
    hearing = Hearing()
    carrier = Carrier(network, asyncio.get_running_loop().time())
    link = SteppedLink(
        seed=seed,
        up=partial(carrier.carry, "up"),
        down=partial(carrier.carry, "down"),
        client_play_rate=RATE_IN,
    )
    server = _Server(link, hearing)
    options.on_said = lambda spoken: hearing.said(spoken.utterance, spoken.start)

    async def dial(take: TakeMicrophone, listener: Listener) -> tuple[Link, float]:
        webrtc = WebRtcLink(
            server,
            take,
            _Overheard(listener, hearing),
            make_line=lambda: link.client,
            connect_timeout_s=options.connect_timeout_s,
        )
        return webrtc, await webrtc.open()

    try:
        result = await call(script, options, dial)
        return result, " ".join(server.understood)
    finally:
        await server.aclose()
        await link.aclose()


class _Server:
    """The far end: `Signalling` for the caller, a `CallSink` for the line."""

    server = "visavis in virtual time"
    call_id = "check"
    restarts = False

    def __init__(self, link: SteppedLink, hearing: Hearing) -> None:
        self._link = link
        self._hearing = hearing
        self.understood: list[str] = []
        self._session: Session | None = None
        self._bridge: RealtimeBridge | None = None

    async def exchange(self, offer: str) -> str:
        _, answer = self._link.server.accept(offer, self._join)
        return answer

    async def restart(self, offer: str) -> str | None:
        return None

    async def hang_up(self) -> None:
        """The caller's end of the line tells it."""

    def _join(self, port: LinePort) -> CallSink:
        port.set_plan(DEFAULT_PLAN)
        port.on_frame = self._hear
        models = ModelSet(
            vad=EnergyVoiceActivity(),
            stt=HearingSpeechToText(self._hearing, decode_s=DECODE_S),
            turn=FixedTurnDetector(delay_s=SCORE_S),
            llm=ScriptedLanguageModel(
                [_ANSWER], first_token_s=FIRST_TOKEN_S, tokens_per_s=TOKENS_PER_S
            ),
            tts=ToneTextToSpeech(first_piece_s=FIRST_SOUND_S),
        )
        self._session = Session(Agent(), models, port, call_id=self.call_id)
        self._bridge = RealtimeBridge(
            self._session,
            lambda event: port.send(json.dumps(event)),
            view=SessionView(
                id=self.call_id, model=models.llm.name, instructions="", voice=models.tts.name
            ),
            heard=port.heard,
        )
        self._session.subscribe(self._note)
        self._session.start()
        return self

    def _note(self, event: SessionEvent) -> None:
        if isinstance(event, UserInputTranscribed) and event.final:
            self.understood.append(event.text)

    def _hear(self, frame: FrameIn) -> None:
        self._hearing.frame(frame)
        self.on_event(AudioIn(frame.position, frame.pcm, frame.mark, frame.at, frame.voices))

    def on_event(self, event: UpEvent) -> None:
        if self._session is None or self._bridge is None:
            return
        if isinstance(event, Text):
            self._bridge.on_text(event.data, event.at)
            return
        if isinstance(event, LinkReport):
            event = self._bridge.far.complete(event)
        if isinstance(event, Connected):
            self._bridge.open()
        self._session.on_event(event)
        self._bridge.on_port_event(event)

    async def aclose(self) -> None:
        session, bridge = self._session, self._bridge
        self._session = self._bridge = None
        if bridge is not None:
            bridge.close()
        if session is not None:
            await session.aclose()


class _Overheard:
    """A `Listener` that lets `Hearing` know what has left the microphone."""

    def __init__(self, listener: Listener, hearing: Hearing) -> None:
        self._hearing = hearing
        self.on_heard = listener.on_heard
        self.on_event = listener.on_event
        self.on_report = listener.on_report
        self.on_closed = listener.on_closed
        self._sent = listener.on_sent

    def on_sent(self, samples: int, at: float) -> None:
        self._hearing.sent(samples, at)
        self._sent(samples, at)
