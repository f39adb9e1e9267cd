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
    """A `virtual.Steer`. The client is our own line, steered up as such and down as a browser."""

    def __init__(self, up: Strategy, down: Strategy) -> None:
        # What comes up is our own line's; what goes down is planned as for a browser's ear.
        self._controllers = {Far.LINE: Controller(up=up), Far.BROWSER: Controller(down=down)}
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
            plans = {
                far: controller.add(self._far.complete(event), far)
                for far, controller in self._controllers.items()
            }
            up, down = plans[Far.LINE].up, plans[Far.BROWSER].down
            self.plans += (up is not None) + (down is not None)
            if down is not None:
                end.set_plan(call, **asdict(down))
            if up is not None:
                end.send(call, json.dumps({"type": "visavis.plan", "plan": asdict(up)}))
