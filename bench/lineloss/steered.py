"""A client and a server around two stepped ends, each as in the product: the server's controller
steers both directions, and what it tells and is told crosses the same bad network as the speech."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from visavis.caller.steered import Steered as Client
from visavis.line.frames import event_of
from visavis.link_window import FarSide
from visavis.network import Controller, Strategy
from visavis.realtime.client_events import Link, parse
from visavis.realtime.steering import Steering
from visavis.seam import LinkReport, SendPlan, Text


class Port:
    """One call of a stepped end, as far as it is steered."""

    def __init__(self, end: Any, call: int) -> None:
        self._end = end
        self._call = call
        self.call_id = str(call)
        self.plans = 0
        """How many were set."""

    def send(self, text: str) -> None:
        self._end.send(self._call, text)

    def set_plan(self, plan: SendPlan) -> None:
        self.plans += 1
        self._end.set_plan(self._call, **asdict(plan))


class Steered:
    """A `virtual.Steer`: our own client, and our server."""

    def __init__(self, up: Strategy, down: Strategy) -> None:
        self._controller = Controller(up, down)
        self._client = Client()
        self._far = FarSide()
        self._steering: Steering | None = None
        self._ports: dict[int, Port] = {}

    @property
    def plans(self) -> int:
        """How many were set at both ends."""
        return sum(port.plans for port in self._ports.values())

    def __call__(self, side: int, end: Any, call: int, batch: Any) -> None:
        port = self._ports.get(side) or self._ports.setdefault(side, Port(end, call))
        for raw in batch.events:
            event = event_of(raw, batch.now)
            if side == 0:
                self._at_client(port, event)
            else:
                self._at_server(port, event)

    def _at_client(self, port: Port, event: Any) -> None:
        if isinstance(event, LinkReport):
            self._client.on_report(port, event)
        elif isinstance(event, Text):
            self._client.on_message(port, json.loads(event.data))

    def _at_server(self, port: Port, event: Any) -> None:
        if isinstance(event, Text):
            told = parse(event.data)
            assert isinstance(told, Link)
            self._far.tell(told.report(), event.at)
            self._far.is_line, self._far.takes_plan = told.line, told.plan
        elif isinstance(event, LinkReport):
            self._steer(port).on_report(self._far.complete(event))

    def _steer(self, port: Port) -> Steering:
        if self._steering is None:
            self._steering = Steering(
                port, self._far, lambda said: port.send(json.dumps(said)), self._controller
            )
        return self._steering
