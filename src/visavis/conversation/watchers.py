"""Who watches a conversation, and what they were shown last."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable

import structlog

from visavis.conversation.events import (
    AgentState,
    AgentStateChanged,
    SessionError,
    SessionEvent,
    UserState,
    UserStateChanged,
)
from visavis.conversation.state import State

_AGENT = {
    State.THINKING: AgentState.THINKING,
    State.SPEAKING: AgentState.SPEAKING,
    State.OVERLAP: AgentState.SPEAKING,
    State.WEIGHING: AgentState.SPEAKING,
}

log = structlog.get_logger(__name__)


class Watchers:
    """Listeners on the loop's thread; a fault of one harms nobody else."""

    def __init__(self, call_id: str) -> None:
        self.agent_state = AgentState.INITIALIZING
        self.user_state = UserState.LISTENING
        self._call_id = call_id
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[SessionEvent], None]] = []

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        """`listener` gets every event from now on. Returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def emit(self, event: SessionEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception as error:  # a watcher's fault must not end what it watches
                self._log("listener_failed", type(event).__name__, error)

    def show_agent(self, machine: State, *, at_work: bool = False) -> None:
        """The agent as the state machine has it. `at_work`: tools are running."""
        rest = AgentState.THINKING if at_work and machine is State.IDLE else AgentState.LISTENING
        state = _AGENT.get(machine, rest)
        if state is not self.agent_state:
            old, self.agent_state = self.agent_state, state
            self.emit(AgentStateChanged(old, state, self._loop.time()))

    def show_user(self, state: UserState) -> None:
        if state is not self.user_state:
            old, self.user_state = self.user_state, state
            self.emit(UserStateChanged(old, state, self._loop.time()))

    def report(self, code: str, message: str) -> None:
        """Something failed and the conversation goes on."""
        self.emit(SessionError(code, message, fatal=False, at=self._loop.time()))

    def crashed(self, name: str, error: BaseException) -> None:
        """A task of the session broke."""
        self._log("task_failed", name, error)
        self.report("internal_error", f"{name}: {type(error).__name__}")

    def _log(self, what: str, where: str, error: BaseException) -> None:
        # Where it broke, without the values there: they may be somebody's words.
        stack = "".join(traceback.format_tb(error.__traceback__))
        log.error(what, call=self._call_id, where=where, error=type(error).__name__, stack=stack)
