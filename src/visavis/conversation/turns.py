"""The state machine at work: signals in, what it asks for done, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from visavis.conversation import orders as do
from visavis.conversation import signals as s
from visavis.conversation.machine import Machine
from visavis.conversation.state import State


class Turns:
    """`went(before, after)` is told of every step before `carry_out` does its actions."""

    def __init__(
        self,
        machine: Machine,
        *,
        carry_out: Callable[[do.Action], None],
        went: Callable[[State, State], None],
        stepped: Callable[[], None],
    ) -> None:
        """`stepped` is called after them."""
        self._machine = machine
        self._carry_out = carry_out
        self._went = went
        self._stepped = stepped
        self._queue: deque[s.Signal] = deque()
        self._handling = False

    def handle(self, signal: s.Signal) -> None:
        """Run a signal through the machine and do what it asks. Signals that come out of that
        wait until it is done."""
        self._queue.append(signal)
        if self._handling:
            return
        self._handling = True
        try:
            while self._queue:
                before = self._machine.state
                actions = self._machine.handle(self._queue.popleft())
                self._went(before, self._machine.state)
                for action in actions:
                    self._carry_out(action)
                self._stepped()
        finally:
            self._handling = False
