"""Tools at work: started by committed replies, bounded, their results put into history.

All calls of one reply are told of together: when the last one is done, the machine learns that
there is something to say (`ToolsDone`). A client's tools are told of by the client, which asks
for a response when it has sent its results.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from visavis.conversation import signals as s
from visavis.conversation.events import SessionEvent, ToolCalled, ToolReturned
from visavis.conversation.history import History, Item
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.tasks import TaskOwner
from visavis.conversation.tools import FunctionTool, Tool, check_specs
from visavis.errors import ProtocolError, ToolError
from visavis.models.protocols import ToolCall, ToolSpec

MAX_WRONG = 2
"""Rounds in a row of nothing but wrong calls; then the model must do without tools."""


@dataclass(slots=True, eq=False)
class _Running:
    reply: int
    item_id: str
    call: ToolCall
    started: float
    output: asyncio.Future[str]
    """Filled by the client, if it runs the tool."""
    by_client: bool
    task: asyncio.Task[None] | None = None


class ToolRunner:
    """The tools of one session. `is_idle`: whether nobody speaks and nothing is prepared."""

    def __init__(
        self,
        history: History,
        settings: ConversationSettings,
        tasks: TaskOwner,
        *,
        signal: Callable[[s.Signal], None],
        emit: Callable[[SessionEvent], None],
        new_id: Callable[[str], str],
        is_idle: Callable[[], bool],
    ) -> None:
        self._history = history
        self._set = settings
        self._tasks = tasks
        self._signal = signal
        self._emit = emit
        self._new_id = new_id
        self._is_idle = is_idle
        self._loop = asyncio.get_running_loop()
        self._tools: dict[str, Tool] = {}
        self._running: dict[str, _Running] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        """By reply: when its calls are announced as slow."""
        self._round = 0
        """The reply that called tools last."""
        self._rounds = 0
        self._wrong = 0
        self._sound = False
        """A call of this round was understood."""
        self._closed = False

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model may call in a new turn."""
        return tuple(tool.spec for tool in self._tools.values())

    @property
    def offered(self) -> tuple[ToolSpec, ...]:
        """What it may call now: nothing after too many rounds."""
        worn = self._rounds >= self._set.max_tool_rounds or self._wrong >= MAX_WRONG
        return () if worn else self.specs

    def use(self, tools: Sequence[Tool]) -> None:
        """These from now on; calls at work go on. SettingsError if they cannot be."""
        check_specs(tuple(tool.spec for tool in tools))
        self._tools = {tool.spec.name: tool for tool in tools}

    def next_turn(self) -> None:
        """The person has said something: counts begin anew."""
        self._rounds = self._wrong = 0

    def call(self, reply: int, response_id: str, call: ToolCall) -> None:
        """Run what a committed reply called. Whatever is wrong with it the model will read."""
        if self._closed:
            return
        if reply != self._round:
            self._round, self._rounds, self._sound = reply, self._rounds + 1, False
        tool = self._tools.get(call.name)
        by_client = tool is not None and not isinstance(tool, FunctionTool)
        call = ToolCall(self._new_id("call"), call.name, call.arguments)
        item_id, now = self._new_id("item"), self._loop.time()
        running = _Running(reply, item_id, call, now, self._loop.create_future(), by_client)
        self._history.add(Item(item_id, "tool", "", call=call))
        self._emit(
            ToolCalled(item_id, response_id, call.id, call.name, call.arguments, by_client, now)
        )
        full = len(self._running) >= self._set.max_tools_running
        self._running[call.id] = running
        running.task = self._tasks.start(self._run(running, tool, full), f"tool {call.name[:64]}")
        if reply not in self._timers:
            self._arm(reply)

    def result(self, call_id: str, output: str) -> None:
        """A client's result. ProtocolError if nobody waits for it."""
        running = self._running.get(call_id)
        if running is None or not running.by_client or running.output.done():
            raise ProtocolError(f"no call of a tool waits for a result with call_id {call_id!r}.")
        # At once: a response that is asked for next must know it.
        running.output.set_result(output)
        self._sound = True
        self._finish(running, output, "completed")

    def close(self) -> None:
        """The call is over: nothing is waited for any more."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for running in self._running.values():
            if running.task is not None:
                running.task.cancel()
        self._running.clear()

    async def _run(self, running: _Running, tool: Tool | None, full: bool) -> None:
        seconds = self._set.tool_timeout_s
        try:
            if tool is None:
                known = ", ".join(self._tools) or "none"
                raise ToolError(f"there is no tool {running.call.name!r}; there are: {known}.")
            if full:
                raise ToolError(f"{self._set.max_tools_running} tools are at work already.")
            seconds = tool.timeout_s or seconds
            async with asyncio.timeout(seconds):
                if isinstance(tool, FunctionTool):
                    output = await tool.run(running.call.arguments)
                else:
                    await running.output
                    return
        except ToolError as error:
            self._fail(running, str(error))
        except TimeoutError:
            self._sound = True
            self._fail(running, f"{running.call.name} gave no result within {seconds:g} s.")
        except Exception as error:  # an author's function: its failure is told, not the call's end
            self._sound = True
            why = f"{type(error).__name__}: {str(error)[:200]}"
            self._fail(running, f"{running.call.name} failed ({why}).")
        else:
            self._sound = True
            self._finish(running, output, "completed")

    def _fail(self, running: _Running, why: str) -> None:
        self._finish(running, json.dumps({"error": why}, ensure_ascii=False), "failed")

    def _finish(
        self, running: _Running, output: str, status: Literal["completed", "failed"]
    ) -> None:
        if self._running.pop(running.call.id, None) is None:
            return
        most = self._set.max_tool_output
        if len(output) > most:
            output = f"{output[:most]}… (cut: {len(output)} characters)"
        self._history.settle(running.item_id, output or "(nothing)", late_id=self._new_id("item"))
        now = self._loop.time()
        name, took = running.call.name, now - running.started
        self._emit(ToolReturned(running.item_id, running.call.id, name, status, output, took, now))
        if any(other.reply == running.reply for other in self._running.values()):
            return
        timer = self._timers.pop(running.reply, None)
        if timer is not None:
            timer.cancel()
        self._wrong = 0 if self._sound else self._wrong + 1
        if not running.by_client or status == "failed":
            self._signal(s.ToolsDone())

    def _arm(self, reply: int) -> None:
        self._timers[reply] = self._loop.call_later(self._set.tool_slow_s, self._slow, reply)

    def _slow(self, reply: int) -> None:
        """Announce it, now or when nobody speaks."""
        if self._is_idle():
            self._signal(s.ToolsSlow())
        else:
            self._arm(reply)
