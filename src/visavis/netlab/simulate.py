"""A whole call on a scenario in virtual time: both ends of the line, the session between them,
and models that follow a script. The same twice for the same seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from visavis.clock import run_virtual
from visavis.conversation import Agent, Session
from visavis.conversation.events import SessionEvent, TurnMeasured
from visavis.errors import ScenarioError
from visavis.line import FrameIn, LinePort, SteppedLink
from visavis.models.protocols import ModelSet
from visavis.models.scripted import (
    EnergyVoiceActivity,
    FixedTurnDetector,
    ScriptedLanguageModel,
    ScriptedSpeechToText,
    ToneTextToSpeech,
)
from visavis.netlab.carrier import Carrier, Traffic, Witness
from visavis.netlab.network import Network, Way
from visavis.netlab.scenario import Scenario
from visavis.seam import (
    DEFAULT_PLAN,
    RATE_OUT,
    UPLINK_PLAN,
    AudioIn,
    CallSink,
    Connected,
    Mark,
    Pcm,
    SendPlan,
    UpEvent,
)

BEGIN_S = 3.0
"""The caller speaks from then on, whenever the call came up: at the same moments of the network
in every run."""
SPEAK_S = 1.5
CYCLE_S = 6.0
MAX_SECONDS = 24 * 3600.0
_SAYING = "what is the weather like today"
_ANSWER = "It is a fine day, and I would go out for a walk."


@dataclass(slots=True)
class Outcome:
    """What came of a simulated call."""

    scenario: str
    seed: int
    seconds: float
    connected_s: float | None = None
    """When the call had come up; None if it never did."""
    asked: int = 0
    """How often the caller spoke."""
    ledgers: list[dict[str, Any]] = field(default_factory=list)
    """Of the turns (`conversation.ledger`), in milliseconds."""
    ingest: Counter[str] = field(default_factory=Counter)
    """20 ms frames that reached the recogniser, by `seam.Mark`, from `BEGIN_S` on."""
    ear: Counter[str] = field(default_factory=Counter)
    """The same at the caller's ear."""
    traffic: dict[Way, Traffic] = field(default_factory=dict)
    """From `BEGIN_S` on too: the handshake's signatures are a few bytes longer or shorter in every
    run, and what follows is not."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON; the same text for the same run."""
        delays = [
            ledger["stages"]["first_played"]
            for ledger in self.ledgers
            if "first_played" in ledger["stages"]
        ]
        p50, p95 = np.percentile(delays, [50, 95]) if delays else (None, None)
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "seconds": self.seconds,
            "connected_s": self.connected_s and round(self.connected_s, 3),
            "asked": self.asked,
            "answered": len({ledger["turn"] for ledger in self.ledgers}),
            "turn_p50_ms": None if p50 is None else round(float(p50), 1),
            "turn_p95_ms": None if p95 is None else round(float(p95), 1),
            "ingest": dict(sorted(self.ingest.items())),
            "ear": dict(sorted(self.ear.items())),
            **{
                way: traffic.to_dict(self.seconds - BEGIN_S)
                for way, traffic in self.traffic.items()
            },
        }


def simulate(
    scenario: Scenario,
    *,
    seed: int = 0,
    folder: Path | None = None,
    seconds: float = 60.0,
    up_plan: SendPlan = UPLINK_PLAN,
    down_plan: SendPlan = DEFAULT_PLAN,
    witness: Witness | None = None,
) -> Outcome:
    """A call of so many virtual seconds. The caller speaks 1.5 s in every 6 and is answered.

    Recordings of the scenario are read from `folder`. ScenarioError, NativeMissingError, and
    SettingsError for a plan that cannot be sent.
    """
    if not BEGIN_S < seconds <= MAX_SECONDS:
        raise ScenarioError(
            f"a call of {seconds:g} s; it must be longer than {BEGIN_S:g} s and at most a day"
        )
    network = Network(scenario, seed, folder)
    outcome = Outcome(scenario.name, seed, seconds)
    run_virtual(_call(network, outcome, up_plan, down_plan, witness), limit_s=seconds + 120)
    return outcome


def _models() -> ModelSet:
    return ModelSet(
        vad=EnergyVoiceActivity(),
        stt=ScriptedSpeechToText([_SAYING], decode_s=0.08, repeat=True),
        turn=FixedTurnDetector(delay_s=0.05),
        llm=ScriptedLanguageModel([_ANSWER], first_token_s=0.15, tokens_per_s=20),
        tts=ToneTextToSpeech(first_piece_s=0.03),
    )


class _Callee(CallSink):
    """The server's side of the call."""

    def __init__(self, port: LinePort, outcome: Outcome, start: float) -> None:
        self.session = Session(Agent(), _models(), port, call_id="netlab")
        self.session.subscribe(self._measure)
        self.session.start()
        self._outcome = outcome
        self._from = start + BEGIN_S

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, AudioIn) and event.at >= self._from:
            self._outcome.ingest[Mark(event.mark).name.lower()] += 1
        self.session.on_event(event)

    def _measure(self, event: SessionEvent) -> None:
        if isinstance(event, TurnMeasured):
            self._outcome.ledgers.append(event.ledger.to_dict())


class _Caller(CallSink):
    def __init__(self, outcome: Outcome, start: float) -> None:
        self._outcome = outcome
        self._start = start
        self._loop = asyncio.get_running_loop()

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, Connected) and self._outcome.connected_s is None:
            self._outcome.connected_s = self._loop.time() - self._start

    def hear(self, frame: FrameIn) -> None:
        if self._loop.time() - self._start >= BEGIN_S:
            self._outcome.ear[Mark(frame.mark).name.lower()] += 1


async def _call(
    network: Network,
    outcome: Outcome,
    up_plan: SendPlan,
    down_plan: SendPlan,
    witness: Witness | None,
) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    carrier = Carrier(network, start, witness)
    link = SteppedLink(
        seed=outcome.seed % 2**32,
        up=partial(carrier.carry, "up"),
        down=partial(carrier.carry, "down"),
    )
    caller = _Caller(outcome, start)
    client, offer = link.client.offer(lambda _: caller)
    client.on_frame = caller.hear
    client.set_plan(up_plan)
    callees: list[_Callee] = []

    def answer_it(port: LinePort) -> _Callee:
        port.set_plan(down_plan)
        callees.append(_Callee(port, outcome, start))
        return callees[0]

    _, answer = link.server.accept(offer, answer_it)
    client.set_answer(answer)
    await asyncio.sleep(BEGIN_S)
    carrier.traffic = outcome.traffic = {"up": Traffic(), "down": Traffic()}
    speech = _speech()
    while loop.time() - start + CYCLE_S <= outcome.seconds:
        outcome.asked += 1
        client.play(1, speech)
        await asyncio.sleep(CYCLE_S)
    rest = max(0.0, start + outcome.seconds - loop.time())
    client.play(1, np.zeros(round(rest * RATE_OUT), np.int16))
    await asyncio.sleep(rest)
    client.close()
    await callees[0].session.aclose()
    await link.aclose()


def _speech() -> Pcm:
    """A sound that the scripted models take for somebody speaking, then silence: one cycle."""
    t = np.arange(round(SPEAK_S * RATE_OUT)) / RATE_OUT
    tone = np.sin(2 * np.pi * 200 * t) * (1 + 0.5 * np.sin(2 * np.pi * 4 * t))
    cycle = np.zeros(round(CYCLE_S * RATE_OUT), np.int16)
    cycle[: len(t)] = (6000 * tone).astype(np.int16)
    return cycle
