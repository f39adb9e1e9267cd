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
from visavis.errors import ScenarioError
from visavis.line import FrameIn, LinePort, SteppedLink
from visavis.netlab.carrier import Carrier, Traffic, Witness
from visavis.netlab.ends import Callee, Caller, Steered, Watch
from visavis.netlab.network import Network, Way
from visavis.netlab.scenario import Scenario
from visavis.seam import DEFAULT_PLAN, RATE_OUT, UPLINK_PLAN, LinkReport, Pcm, SendPlan

BEGIN_S = 3.0
"""The caller speaks from then on, whenever the call came up: at the same moments of the network
in every run."""
SPEAK_S = 1.5
CYCLE_S = 6.0
MAX_SECONDS = 24 * 3600.0


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
    spoken: int = 0
    """Packets of speech that the agent sent, from `BEGIN_S` on."""
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
    steered: Steered | None = None,
    witness: Witness | None = None,
    observer: Watch | None = None,
) -> Outcome:
    """A call of so many virtual seconds. The caller speaks 1.5 s in every 6 and is answered.

    Both directions begin by their plans and keep them, unless they are `steered`. Recordings of
    the scenario are read from `folder`. ScenarioError, NativeMissingError, and SettingsError for
    a plan that cannot be sent.
    """
    if not BEGIN_S < seconds <= MAX_SECONDS:
        raise ScenarioError(
            f"a call of {seconds:g} s; it must be longer than {BEGIN_S:g} s and at most a day"
        )
    network = Network(scenario, seed, folder)
    outcome = Outcome(scenario.name, seed, seconds)
    carrier = Carrier(network, 0.0, witness)
    call = _Call(outcome, carrier, observer)
    run_virtual(call.run(up_plan, down_plan, steered), limit_s=seconds + 120)
    return outcome


class _Call(Watch):
    """One call on a fresh virtual loop, whose time begins at 0."""

    def __init__(self, outcome: Outcome, carrier: Carrier, observer: Watch | None) -> None:
        self._outcome = outcome
        self._carrier = carrier
        self._observer = observer

    def connected(self, at: float) -> None:
        if self._outcome.connected_s is None:
            self._outcome.connected_s = at
        if self._observer is not None:
            self._observer.connected(at)

    def frame(self, way: Way, frame: FrameIn) -> None:
        if frame.at >= BEGIN_S:
            marks = self._outcome.ingest if way == "up" else self._outcome.ear
            marks[frame.mark.name.lower()] += 1
        if self._observer is not None:
            self._observer.frame(way, frame)

    def report(self, way: Way, report: LinkReport) -> None:
        if self._observer is not None:
            self._observer.report(way, report)

    def planned(self, way: Way, plan: SendPlan, at: float) -> None:
        if self._observer is not None:
            self._observer.planned(way, plan, at)

    def measured(self, ledger: dict[str, Any]) -> None:
        self._outcome.ledgers.append(ledger)
        if self._observer is not None:
            self._observer.measured(ledger)

    async def run(self, up_plan: SendPlan, down_plan: SendPlan, steered: Steered | None) -> None:
        loop = asyncio.get_running_loop()
        outcome, carrier = self._outcome, self._carrier
        link = SteppedLink(
            seed=outcome.seed % 2**32,
            up=partial(carrier.carry, "up"),
            down=partial(carrier.carry, "down"),
        )
        caller = Caller(self, tells=steered is not None)
        client, offer = link.client.offer(lambda _: caller)
        caller.join(client)
        client.set_plan(up_plan)
        self.planned("up", up_plan, 0.0)
        callees: list[Callee] = []

        def answer_it(port: LinePort) -> Callee:
            port.set_plan(down_plan)
            self.planned("down", down_plan, 0.0)
            callees.append(Callee(port, self, steered, up_plan))
            return callees[0]

        _, answer = link.server.accept(offer, answer_it)
        client.set_answer(answer)
        await asyncio.sleep(BEGIN_S)
        carrier.traffic = outcome.traffic = {"up": Traffic(), "down": Traffic()}
        sent = link.server.stats()["encodes"]
        speech = _speech()
        while loop.time() + CYCLE_S <= outcome.seconds:
            outcome.asked += 1
            client.play(1, speech)
            await asyncio.sleep(CYCLE_S)
        rest = max(0.0, outcome.seconds - loop.time())
        client.play(1, np.zeros(round(rest * RATE_OUT), np.int16))
        await asyncio.sleep(rest)
        outcome.spoken = round(link.server.stats()["encodes"] - sent)
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
