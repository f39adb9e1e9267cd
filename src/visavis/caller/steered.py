"""What a client of ours and its server tell each other of the line: how speech comes, how to send.

In: the client's own `LinkReport`s and the server's event `visavis.plan`. Out: the event
`visavis.link`, and the plan that the client's port obeys.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

import structlog

from visavis.errors import SettingsError
from visavis.link_window import Teller, of_line
from visavis.seam import LinkReport, SendPlan
from visavis.settings import plan_from_event

log = structlog.get_logger(__name__)


class Port(Protocol):
    """The part of `seam.CallPort` that is used here."""

    @property
    def call_id(self) -> str: ...

    def send(self, text: str) -> None: ...

    def set_plan(self, plan: SendPlan) -> None: ...


class Steered:
    """Of one call."""

    def __init__(self, *, adapt: bool = True) -> None:
        """`adapt` False: the server is told that we send as we like, and is not obeyed."""
        self._adapt = adapt
        self._teller = Teller()

    def on_report(self, port: Port, report: LinkReport) -> None:
        """Ten times a second: tells the server, when it is time, how its speech comes."""
        if (told := self._teller.add(report)) is not None:
            port.send(json.dumps(of_line(told, takes_plan=self._adapt)))

    def on_message(self, port: Port, message: dict[str, Any]) -> None:
        """Any event of the server. A plan that makes no sense changes nothing."""
        if not self._adapt or message.get("type") != "visavis.plan":
            return
        try:
            port.set_plan(plan_from_event(message))
        except SettingsError as error:
            log.warning("caller.plan_refused", call=port.call_id, error=str(error))
