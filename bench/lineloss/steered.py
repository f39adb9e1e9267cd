"""A client and a server around two stepped ends: the server's controller steers both directions,
and what it tells and is told crosses the same bad network as the speech."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from visavis.line.frames import event_of
from visavis.link_window import FarSide, Teller
from visavis.network import Controller, Far, Strategy
from visavis.realtime.client_events import Link, parse
from visavis.seam import LinkReport, Text
from visavis.settings import plan_from_event


class Steered:
    """A `virtual.Steer`. The client is our own line."""

    def __init__(self, up: Strategy, down: Strategy) -> None:
        self._controller = Controller(up, down)
        self._teller = Teller()
        self._far = FarSide()
        self.plans = 0
        """How many were set, the first of each direction among them."""

    def __call__(self, side: int, end: Any, call: int, batch: Any) -> None:
        for raw in batch.events:
            event = event_of(raw, batch.now)
            if side == 0:
                self._client(end, call, event)
            else:
                self._server(end, call, event)

    def _client(self, end: Any, call: int, event: Any) -> None:
        if isinstance(event, LinkReport) and (told := self._teller.add(event)) is not None:
            end.send(call, json.dumps(told))
        elif isinstance(event, Text):
            end.set_plan(call, **asdict(plan_from_event(json.loads(event.data))))

    def _server(self, end: Any, call: int, event: Any) -> None:
        if isinstance(event, Text):
            told = parse(event.data)
            assert isinstance(told, Link)
            self._far.tell(told.report(), event.at)
        elif isinstance(event, LinkReport):
            plans = self._controller.add(self._far.complete(event), Far.LINE)
            self.plans += (plans.up is not None) + (plans.down is not None)
            if plans.down is not None:
                end.set_plan(call, **asdict(plans.down))
            if plans.up is not None:
                end.send(call, json.dumps({"type": "visavis.plan", "plan": asdict(plans.up)}))
