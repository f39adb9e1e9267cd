"""The two ends of a simulated call: a caller, and the server's side with its session and models
that follow a script."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Protocol

from visavis.conversation import Agent, Session
from visavis.conversation.events import SessionEvent, TurnMeasured
from visavis.line import FrameIn, LinePort
from visavis.link_window import FarSide, Teller, of_line
from visavis.models.protocols import ModelSet
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ToneTextToSpeech,
)
from visavis.netlab.network import Way
from visavis.network import Controller, Strategy
from visavis.realtime.client_events import Link, parse
from visavis.realtime.steering import Steering
from visavis.seam import AudioIn, CallSink, Connected, LinkReport, SendPlan, Text, UpEvent
from visavis.settings import plan_from_event

SAYING = "what is the weather like today"
_ANSWER = "It is a fine day, and I would go out for a walk."


@dataclass(slots=True, frozen=True)
class Steered:
    """How each direction is steered: the server's controller feels the network as the product
    does, and tells the client its plan through that network."""

    up: Strategy
    down: Strategy


class Watch(Protocol):
    """Sees a simulated call from inside. Times are those of the loop, which begins at 0."""

    def connected(self, at: float) -> None:
        """The caller may speak."""

    def frame(self, way: Way, frame: FrameIn) -> None:
        """A frame reached the recogniser (up) or the caller's ear (down)."""

    def report(self, way: Way, report: LinkReport) -> None:
        """A report of the end that receives this direction."""

    def planned(self, way: Way, plan: SendPlan, at: float) -> None:
        """This direction is sent so from now on."""

    def measured(self, ledger: dict[str, Any]) -> None:
        """A turn's ledger."""


def _models() -> ModelSet:
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText([SAYING], decode_s=0.08, repeat=True),
        turn=FixedTurnDetector(delay_s=0.05),
        llm=ScriptedLanguageModel([_ANSWER], first_token_s=0.15, tokens_per_s=20),
        tts=ToneTextToSpeech(first_piece_s=0.03),
    )


class Callee(CallSink):
    """The server's side of the call. `told`: how the client sends at first."""

    def __init__(
        self, port: LinePort, watch: Watch, steered: Steered | None, told: SendPlan
    ) -> None:
        self._watch = watch
        self._far = FarSide()
        self.session = Session(Agent(), _models(), port, call_id="netlab")
        self.session.subscribe(self._measure)
        self._steering: Steering | None = None
        if steered is not None:
            self._steering = Steering(
                _Watched(port, watch),
                self._far,
                lambda event: port.send(json.dumps(event)),
                Controller(steered.up, steered.down),
                told=told,
            )
            self.session.subscribe(self._steering.on_session_event)
        self.session.start()
        port.on_frame = self._hear

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, Text):
            told = parse(event.data)
            assert isinstance(told, Link)  # the caller says nothing else
            self._far.tell(told.report(), event.at)
            self._far.is_line, self._far.takes_plan = told.line, told.plan
        elif isinstance(event, LinkReport):
            self._watch.report("up", event)
            if self._steering is not None:
                self._steering.on_report(self._far.complete(event))
        self.session.on_event(event)

    def _hear(self, frame: FrameIn) -> None:
        self._watch.frame("up", frame)
        self.session.on_event(
            AudioIn(frame.position, frame.pcm, frame.mark, frame.at, frame.voices)
        )

    def _measure(self, event: SessionEvent) -> None:
        if isinstance(event, TurnMeasured):
            self._watch.measured(event.ledger.to_dict())


class _Watched:
    """A port whose plans are seen."""

    def __init__(self, port: LinePort, watch: Watch) -> None:
        self.call_id = port.call_id
        self._port = port
        self._watch = watch

    def set_plan(self, plan: SendPlan) -> None:
        self._port.set_plan(plan)
        self._watch.planned("down", plan, asyncio.get_running_loop().time())


class Caller(CallSink):
    """Our own client: hears, tells what it received, and sends as it is told."""

    def __init__(self, watch: Watch, *, tells: bool) -> None:
        self._watch = watch
        self._tells = tells
        self._teller = Teller()
        self._port: LinePort | None = None

    def join(self, port: LinePort) -> None:
        """The port that it listens to."""
        self._port = port
        port.on_frame = self._hear

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, Connected):
            self._watch.connected(event.at)
        elif isinstance(event, LinkReport):
            self._watch.report("down", event)
            told = self._teller.add(event) if self._tells else None
            if told is not None and self._port is not None:
                self._port.send(json.dumps(of_line(told, takes_plan=True)))
        elif isinstance(event, Text) and self._port is not None:
            plan = plan_from_event(json.loads(event.data))
            self._port.set_plan(plan)
            self._watch.planned("up", plan, event.at)

    def _hear(self, frame: FrameIn) -> None:
        self._watch.frame("down", frame)
