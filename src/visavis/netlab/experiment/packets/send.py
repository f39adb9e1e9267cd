"""Both directions' packets through the network: all at once under fixed plans, or a tenth of a
second at a time while the product's controller steers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from visavis.conversation.events import (
    AgentState,
    AgentStateChanged,
    UserState,
    UserStateChanged,
)
from visavis.link_window import FarSide, Teller
from visavis.netlab.ends import Steered
from visavis.netlab.experiment.measures import CYCLE_SLOTS, Floats
from visavis.netlab.experiment.packets.traffic import (
    AGENT_FROM,
    AGENT_SLOTS,
    Ints,
    Packets,
    packets,
)
from visavis.netlab.meter import Meter
from visavis.netlab.network import Network, Way
from visavis.netlab.simulate import BEGIN_S, SPEAK_S
from visavis.network import Controller
from visavis.realtime.steering import Steering
from visavis.seam import FRAME_S, FarReport, SendPlan
from visavis.settings import plan_from_event

STEP_SLOTS: Final = 5
MORE: Final = 2
"""Slots after the end of the call, in which its last packet may leave."""
WAYS: Final[tuple[Way, Way]] = ("up", "down")


@dataclass(slots=True)
class Sent:
    """One direction, packet by packet."""

    plan: SendPlan
    plans: list[SendPlan] = field(default_factory=list)
    since: list[float] = field(default_factory=list)
    """When each of them began."""
    slots: int = 0
    """Of the whole call."""
    next_slot: int = 0
    parts: list[tuple[Packets, Floats, int]] = field(default_factory=list)
    """Packets, their arrivals, the plan they were sent by."""
    _ahead: Packets | None = None
    """All that is to be sent if the plan stays, and how many of it have been."""
    _taken: int = 0
    _sent_to: int = 0
    """All that was to leave before this slot has left."""

    def set(self, plan: SendPlan, now: float) -> None:
        """Send by this one from now on."""
        self.plan = plan
        self.plans.append(plan)
        self.since.append(now)
        self._ahead = None

    def until(self, way: Way, end: int) -> Packets:
        """The next packets, all that leave before slot `end`."""
        if self._ahead is None:
            self._ahead = packets(way, self.plan, self.next_slot, self._sent_to, self.slots)
            self._taken = 0
        ahead, taken = self._ahead, self._taken
        self._taken = upto = int(np.searchsorted(ahead.at, BEGIN_S + FRAME_S * end - 1e-9))
        self._sent_to = end
        last = int(ahead.slot[taken:upto].max(initial=-1))
        if last >= 0:
            self.next_slot = last + self.plan.frame_ms // 20
        return ahead.part(taken, upto)

    def all(self) -> tuple[Packets, Floats, Ints]:
        """Put together: packets, arrivals (NaN if lost), plans."""
        sent = [part for part, _, _ in self.parts]
        arrival = np.concatenate([arrivals for _, arrivals, _ in self.parts])
        plan = np.concatenate([np.full(part.at.size, n) for part, _, n in self.parts])
        together = Packets(
            np.concatenate([part.at for part in sent]),
            np.concatenate([part.size for part in sent]),
            np.concatenate([part.slot for part in sent]),
            np.concatenate([part.copies for part in sent]),
        )
        return together, arrival, plan


def send(
    network: Network, up: SendPlan, down: SendPlan, steered: Steered | None, slots: int
) -> dict[Way, Sent]:
    """A call of so many slots; `steered` None: the plans stay."""
    sent: dict[Way, Sent] = {"up": Sent(up, slots=slots), "down": Sent(down, slots=slots)}
    for each in sent.values():
        each.set(each.plan, 0.0)
    if steered is None:
        for way in WAYS:
            _advance(network, way, sent[way], slots + MORE)
        return sent
    ends = _Ends(sent, steered)
    for end in range(STEP_SLOTS, slots + MORE + STEP_SLOTS, STEP_SLOTS):
        for way in WAYS:
            ends.passed(way, *_advance(network, way, sent[way], end))
        ends.think(end)
    return sent


def _advance(network: Network, way: Way, sent: Sent, end: int) -> tuple[Packets, Floats]:
    """Send what leaves before slot `end` does."""
    some = sent.until(way, end)
    arrivals = network.decide_many(way, some.at, some.size.astype(np.uint32)).arrivals
    sent.parts.append((some, arrivals, len(sent.plans) - 1))
    return some, arrivals


class _Ends:
    """The product's parts on both ends that feel the network and steer."""

    call_id = "packets"

    def __init__(self, sent: dict[Way, Sent], steered: Steered) -> None:
        self._sent = sent
        self._now = 0.0
        self._meters: dict[Way, Meter] = {"up": Meter(), "down": Meter()}
        self._teller = Teller()
        self._far = FarSide()
        self._far.is_line = self._far.takes_plan = True
        self._told: dict[Way, deque[dict[str, Any]]] = {"up": deque(), "down": deque()}
        """Messages that wait for a packet of their direction to arrive."""
        self._arriving: list[tuple[float, Way, dict[str, Any]]] = []
        self._steering = Steering(
            self,
            self._far,
            self._told["down"].append,
            Controller(steered.up, steered.down),
            told=sent["up"].plan,
        )

    def set_plan(self, plan: SendPlan) -> None:
        """Of the agent's speech; the steering does so."""
        self._sent["down"].set(plan, self._now)

    def passed(self, way: Way, some: Packets, arrivals: Floats) -> None:
        """These packets left in the last step."""
        meter = self._meters[way]
        told = self._told[way]
        for at, slot, arrival in zip(
            some.at.tolist(), some.slot.tolist(), arrivals.tolist(), strict=True
        ):
            came = arrival == arrival  # NaN is not equal to itself
            if slot >= 0:
                meter.speech(at, arrival if came else None)
            elif came:
                meter.other(arrival)
            if came and told:
                self._arriving.extend((arrival, way, message) for message in told)
                told.clear()

    def think(self, slot: int) -> None:
        """Both ends' reports of this moment, and what follows from them."""
        self._now = now = BEGIN_S + slot * FRAME_S
        waiting = []
        for message in sorted(self._arriving, key=lambda each: each[0]):
            if message[0] <= now:
                self._take(*message)
            else:
                waiting.append(message)
        self._arriving = waiting
        told = self._teller.add(self._meters["down"].report(now))
        if told is not None:
            self._told["up"].append(told)
        self._talk(slot)
        self._steering.on_report(self._far.complete(self._meters["up"].report(now)))

    def _take(self, at: float, way: Way, message: dict[str, Any]) -> None:
        if way == "down":
            self._sent["up"].set(plan_from_event(message), self._now)
        else:
            fields = {name: value for name, value in message.items() if name != "type"}
            self._far.tell(FarReport(**fields), at)

    def _talk(self, slot: int) -> None:
        """Who talks, where that changes."""
        phase, before = slot % CYCLE_SLOTS, (slot - STEP_SLOTS) % CYCLE_SLOTS
        user, agent = UserState.SPEAKING, AgentState.SPEAKING
        quiet = round(SPEAK_S / FRAME_S)
        if phase < STEP_SLOTS:
            self._steering.on_session_event(UserStateChanged(UserState.LISTENING, user, self._now))
        elif before < quiet <= phase:
            self._steering.on_session_event(UserStateChanged(user, UserState.LISTENING, self._now))
        elif before < AGENT_FROM <= phase:
            self._steering.on_session_event(
                AgentStateChanged(AgentState.THINKING, agent, self._now)
            )
        elif before < AGENT_FROM + AGENT_SLOTS <= phase:
            self._steering.on_session_event(
                AgentStateChanged(agent, AgentState.LISTENING, self._now)
            )
