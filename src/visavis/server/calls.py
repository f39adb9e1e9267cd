"""All running calls of a server: taken, counted, ended."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from visavis.conversation import Agent, FunctionTool, Session
from visavis.errors import VisavisError
from visavis.line import LineEngine, LinePort, load_native
from visavis.models.protocols import ModelSet, Voice
from visavis.realtime import RealtimeBridge, SessionView, Talk, WebSocketPort
from visavis.seam import CallPort, CallSink
from visavis.server.call import Call, RunningSession, Transport
from visavis.server.hub import ModelHub
from visavis.server.metrics import Metrics
from visavis.server.scribe import Scribe
from visavis.settings import Settings
from visavis.store import Store

log = structlog.get_logger(__name__)

WrapCall = Callable[[CallPort, CallSink], tuple[CallPort, CallSink]]
"""Put something between transport and conversation (a recorder, a simulation): gets both sides
of a new call and returns what each is to see of the other."""


class TalkingSession(RunningSession, Talk, Protocol):
    """What a session factory must return; `conversation.Session` does."""


MakeSession = Callable[[Agent, ModelSet, CallPort], TalkingSession]


class Calls:
    """Every `take_*` either returns a running call or raises and leaves nothing behind."""

    def __init__(
        self,
        settings: Settings,
        hub: ModelHub,
        metrics: Metrics,
        *,
        store: Store | None = None,
        engine: LineEngine | None = None,
        make_session: MakeSession | None = None,
        wrap_call: WrapCall | None = None,
        tools: Sequence[FunctionTool] = (),
    ) -> None:
        self._tools = tuple(tools)
        self._settings = settings
        self._hub = hub
        self._metrics = metrics
        self._store = store
        self._engine = engine
        self._make_session = make_session or _session
        self._wrap = wrap_call or _as_it_is
        self._limits = settings.limits.for_call()
        self._running: dict[str, Call] = {}
        self.on_idle: Callable[[], object] | None = None
        """Called soon after the last running call has ended."""

    def __len__(self) -> int:
        return len(self._running)

    def get(self, call_id: str) -> Call | None:
        return self._running.get(call_id)

    def take_webrtc(self, offer: str, config: dict[str, Any] | None = None) -> tuple[Call, str]:
        """Answer an SDP offer; returns the call and the SDP answer. `config` is a session as in
        `session.update`. NativeMissingError, SignallingError, BusyError, ModelError."""
        models = self._admit()
        if self._engine is None:
            load_native()
            raise VisavisError("WebRTC is switched off in this server; call over WebSocket.")
        made: list[Call] = []

        def make_sink(port: LinePort) -> CallSink:
            call, sink = self._join(port, "webrtc", models, heard=port.heard)
            line = self._settings.line
            port.set_plan(plan := line.plan.for_call())
            if line.adapt:
                call.steer(plan, fixed=line.plan_is_written)
            if config:
                call.configure(config)
            made.append(call)
            return sink

        try:
            # A ClientEventError about `config` leaves nothing behind either.
            _, answer = self._engine.accept(offer, make_sink)
        except VisavisError as error:
            self._metrics.refused.labels(code=error.code).inc()
            raise
        call = made[0]
        self._start(call)
        return call, answer

    def take_websocket(self, send: Callable[[str], None]) -> tuple[Call, WebSocketPort, CallSink]:
        """A call over a WebSocket; `send` puts one text message into its outbox. Returns also
        who takes the client's messages. BusyError, ModelError."""
        models = self._admit()
        port = WebSocketPort(f"call_{secrets.token_hex(8)}", self._limits, send)
        call, sink = self._join(port, "websocket", models, microphone=port)
        port.attach(sink, call.narrator)
        self._start(call)
        # After the first step of the call's task: the session is started before it hears anything.
        asyncio.get_running_loop().call_soon(port.start)
        return call, port, sink

    def _admit(self) -> ModelSet:
        try:
            return self._hub.require(len(self._running))
        except VisavisError as error:
            self._metrics.refused.labels(code=error.code).inc()
            raise

    def _join(
        self, port: CallPort, transport: Transport, models: ModelSet, **ends: Any
    ) -> tuple[Call, CallSink]:
        chosen = self._settings.agent
        agent = Agent(
            greeting=chosen.greeting,
            voice=Voice(chosen.voice, chosen.speed),
            language=self._settings.models.language,
            fillers={language: tuple(said) for language, said in chosen.fillers.items()},
            acknowledgements={
                language: tuple(said) for language, said in chosen.acknowledgements.items()
            },
            manner=chosen.manner,
            feelings=chosen.feelings,
            speaker=chosen.speaker,
            tools=self._tools,
        )
        if chosen.instructions is not None:
            agent = replace(agent, instructions=chosen.instructions)
        call = Call(port, transport)
        seen_port, sink = self._wrap(port, call)
        session = self._make_session(agent, models, seen_port)
        view = SessionView(
            id=call.id,
            model=models.llm.name,
            instructions=agent.instructions,
            voice=agent.voice.name,
            transcription_model=models.stt.name,
        )
        bridge = RealtimeBridge(
            session,
            lambda event: seen_port.send(json.dumps(event)),
            view=view,
            limits=self._limits,
            **ends,
        )
        call.join(session, bridge, Scribe(call.id, self._store, self._metrics))
        return call, sink

    def _start(self, call: Call) -> None:
        self._running[call.id] = call
        self._metrics.active.set(len(self._running))
        if self._store is not None:
            self._store.record_call_started(call.id, transport=call.transport)
        log.info("call.started", call=call.id, transport=call.transport, running=len(self))
        call.task = asyncio.get_running_loop().create_task(call.run(), name=f"call-{call.id}")
        call.task.add_done_callback(lambda _: self._ended(call))

    def _ended(self, call: Call) -> None:
        self._running.pop(call.id, None)
        self._metrics.active.set(len(self._running))
        kind = call.reason.partition(":")[0] or "cancelled"
        self._metrics.ended.labels(transport=call.transport, reason=kind).inc()
        if self._store is not None:
            self._store.record_call_ended(call.id, reason=call.reason)
        log.info("call.ended", call=call.id, reason=call.reason, running=len(self))
        if not self._running and self.on_idle is not None:
            asyncio.get_running_loop().call_soon(self.on_idle)

    async def close_all(self, code: str, message: str) -> None:
        """Tell every client why, hang up, wait until everything is freed."""
        tasks = []
        for call in list(self._running.values()):
            call.tell(code, message)
            call.port.close("local")
            if call.task is not None:
                tasks.append(call.task)
        await asyncio.gather(*tasks, return_exceptions=True)


def _session(agent: Agent, models: ModelSet, port: CallPort) -> TalkingSession:
    return Session(agent, models, port, call_id=port.call_id)


def _as_it_is(port: CallPort, sink: CallSink) -> tuple[CallPort, CallSink]:
    return port, sink
