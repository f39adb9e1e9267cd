"""A server feels the network and its client sends differently: both ends of the line, the event
`visavis.plan` and what then travels, in virtual time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from visavis.caller.steered import Steered
from visavis.clock import run_virtual
from visavis.line import LinePort, LinkNetwork, SteppedLink, native_available
from visavis.models.scripted import scripted_models
from visavis.seam import RATE_OUT, UPLINK_PLAN, CallSink, LinkReport, SendPlan, Text, UpEvent
from visavis.server.calls import Calls
from visavis.server.hub import ModelHub
from visavis.server.metrics import Metrics
from visavis.settings import Settings, load_settings, plan_from_event

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

GOOD = LinkNetwork(delay_s=0.03)
LOSSY = LinkNetwork(delay_s=0.03, loss=0.3)
GOOD_S, LOSSY_S, AFTER_S = 4.0, 6.0, 16.0


class Caller(CallSink):
    """A client of ours around a stepped end."""

    def __init__(self, *, adapt: bool) -> None:
        self._steered = Steered(adapt=adapt)
        self.port: LinePort
        self.told: list[SendPlan] = []

    def on_event(self, event: UpEvent) -> None:
        if isinstance(event, LinkReport):
            self._steered.on_report(self.port, event)
        elif isinstance(event, Text):
            message = json.loads(event.data)
            self._steered.on_message(self.port, message)
            if message["type"] == "visavis.plan":
                self.told.append(plan_from_event(message))


@dataclass
class Outcome:
    told: list[SendPlan]
    sizes: list[list[int]] = field(default_factory=lambda: [[], [], []])
    """Bytes of the packets that the client sent: at first, while packets were lost, at the end."""


def settings() -> Settings:
    flags = {"admission": {"max_calls": 1}}
    return load_settings(None, flags, environ={})


async def call(*, adapt: bool) -> Outcome:
    loop = asyncio.get_running_loop()
    caller = Caller(adapt=adapt)
    outcome = Outcome(caller.told)
    stage, chance, net = 0, np.random.default_rng(3), GOOD

    def up(now: float, size: int) -> float | None:
        outcome.sizes[stage].append(size)
        return None if chance.random() < net.loss else now + net.delay_s

    link = SteppedLink(seed=3, up=up, down=GOOD)
    chosen = settings()
    hub = ModelHub(chosen, scripted_models(["hello"]))
    hub.start()
    await hub.wait()
    calls = Calls(chosen, hub, Metrics(), engine=link.server)  # type: ignore[arg-type]
    caller.port, offer = link.client.offer(lambda _: caller)
    caller.port.set_plan(UPLINK_PLAN)
    _, answer = calls.take_webrtc(offer)
    caller.port.set_answer(answer)
    await asyncio.sleep(1.0)
    seconds = GOOD_S + LOSSY_S + AFTER_S
    t = np.arange(round(seconds * RATE_OUT)) / RATE_OUT
    tone = np.sin(2 * np.pi * 200 * t) * (1 + 0.5 * np.sin(2 * np.pi * 3 * t))
    caller.port.play(1, (6000 * tone).astype(np.int16))
    for stage, (net, span) in enumerate([(GOOD, GOOD_S), (LOSSY, LOSSY_S), (GOOD, AFTER_S)]):  # noqa: B007
        began = loop.time()
        # What is sent while the change is not felt yet is not looked at.
        await asyncio.sleep(span / 2)
        outcome.sizes[stage].clear()
        await asyncio.sleep(span / 2 + began - loop.time() + span / 2)
    caller.port.close()
    await asyncio.sleep(1.0)
    await calls.close_all("server_closing", "The test is over.")
    await hub.aclose()
    await link.aclose()
    return outcome


def speech(sizes: list[int]) -> float:
    """Bytes of a packet of speech; texts and control packets are fewer than half."""
    return float(np.median(sizes))


def test_losses_change_what_the_client_sends_and_their_end_changes_it_back() -> None:
    outcome = run_virtual(call(adapt=True))
    heavy = max(outcome.told, key=lambda plan: len(plan.red))
    assert heavy.red
    first, lossy, last = map(speech, outcome.sizes)
    assert lossy > 1.2 * first
    assert not outcome.told[-1].red
    assert last == pytest.approx(first, rel=0.15)


def test_a_client_that_sends_as_it_likes_is_told_nothing() -> None:
    outcome = run_virtual(call(adapt=False))
    first, lossy, _ = map(speech, outcome.sizes)
    assert not outcome.told
    assert lossy == pytest.approx(first, rel=0.15)
