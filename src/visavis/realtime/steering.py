"""How one call's speech is sent, both ways, as its network changes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Protocol

import structlog

from visavis.conversation.events import (
    AgentState,
    AgentStateChanged,
    SessionEvent,
    UserState,
    UserStateChanged,
)
from visavis.link_window import FarSide
from visavis.network import Controller, Far, Talk
from visavis.realtime.narrator import Send
from visavis.realtime.server_events import event
from visavis.seam import UPLINK_PLAN, LinkReport, SendPlan

log = structlog.get_logger(__name__)


class Planned(Protocol):
    """The part of `seam.CallPort` that is steered."""

    @property
    def call_id(self) -> str: ...

    def set_plan(self, plan: SendPlan) -> None: ...


class Steering:
    """Sets the plan of the agent's speech and tells that of the person's to a client of ours."""

    def __init__(
        self,
        port: Planned,
        far: FarSide,
        tell: Send,
        controller: Controller,
        *,
        fixed: bool = False,
        told: SendPlan = UPLINK_PLAN,
    ) -> None:
        """`fixed` if the agent's speech is sent as it is by now whatever happens; `told`: how the
        client sends as long as nobody tells it otherwise."""
        self._port = port
        self._far = far
        self._tell = tell
        self._fixed = fixed
        self._controller = controller
        self._told = told
        self._user_speaks = self._agent_speaks = False

    def on_session_event(self, news: SessionEvent) -> None:
        """Who talks."""
        if isinstance(news, UserStateChanged):
            self._user_speaks = news.new is UserState.SPEAKING
        elif isinstance(news, AgentStateChanged):
            self._agent_speaks = news.new is AgentState.SPEAKING

    def on_report(self, report: LinkReport) -> None:
        """Ten times a second, with the far end's half."""
        far = Far.LINE if self._far.is_line else Far.BROWSER
        plans = self._controller.add(report, far, self._talk())
        if plans.down is not None and not self._fixed:
            self._port.set_plan(plans.down)
            self._log("down", plans.down)
        wanted = self._controller.up_plan
        if self._far.takes_plan and wanted is not None and wanted != self._told:
            self._told = wanted
            self._tell(event("visavis.plan", plan=asdict(wanted)))
            self._log("up", wanted)

    def _talk(self) -> Talk:
        if self._user_speaks:
            return Talk.USER
        return Talk.AGENT if self._agent_speaks else Talk.NOBODY

    def _log(self, direction: str, plan: SendPlan) -> None:
        verdict = self._controller.up if direction == "up" else self._controller.down
        pattern = None if verdict is None else verdict.pattern.value
        log.debug(
            "call.plan", call=self._port.call_id, way=direction, network=pattern, plan=asdict(plan)
        )
