"""Virtual time: an asyncio loop whose clock jumps to the next timer when nothing is ready.

A ten-minute call takes as long as its callbacks take, and the order of everything is a function
of the program alone, as long as it reads no other clock and waits for no other thread. The idea
is trio's `MockClock(autojump_threshold=0)`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from visavis.errors import VisavisError

T = TypeVar("T")

LIVELOCK_TURNS = 1_000_000
"""Loop turns at one instant after which something is taken to spin for ever."""
CLEANUP_S = 60.0
"""Virtual seconds that tasks get for their clean-up after the time limit was reached."""


class VirtualTimeError(VisavisError):
    """A program under virtual time cannot go on. The text says why and which tasks wait."""

    code = "virtual_time"


class DeadlockError(VirtualTimeError):
    """Nothing is ready and no timer exists: the program would wait for ever."""


class TimeLimitError(VirtualTimeError):
    """Virtual time passed the limit given."""


class LivelockError(VirtualTimeError):
    """Callbacks keep scheduling callbacks and time stands still."""


class _JumpingSelector(selectors.BaseSelector):
    """Polls the real descriptors (the loop's self-pipe) and, instead of waiting, moves time."""

    def __init__(self, start: float, limit_s: float) -> None:
        self._real = selectors.DefaultSelector()
        self.now = start
        self.deadline = start + limit_s
        self._turns = 0
        self.describe: Callable[[], str] = lambda: ""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        self._turns += 1
        if ready or (timeout is not None and timeout <= 0):
            if self._turns > LIVELOCK_TURNS:
                self._turns = 0
                raise LivelockError(
                    f"{LIVELOCK_TURNS} loop turns at t={self.now:.6f} s without time passing; "
                    f"something reschedules itself without waiting. {self.describe()}"
                )
            return ready
        self._turns = 0
        if timeout is None:
            raise DeadlockError(
                f"at t={self.now:.6f} s nothing is ready and no timer is set. {self.describe()}"
            )
        later = self.now + timeout
        # A timer closer than one ulp must still move time, or the loop would spin.
        self.now = later if later > self.now else math.nextafter(self.now, math.inf)
        if self.now > self.deadline:
            limit, self.deadline = self.deadline, self.now + CLEANUP_S
            raise TimeLimitError(f"virtual time passed {limit:.3f} s. {self.describe()}")
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time.

    `time()` starts at `start` (seconds) and moves only when nothing is ready to run.
    `run_in_executor` (so `asyncio.to_thread` too) runs the function at once, on this thread, in
    no time at all: a real thread's return would depend on the machine. Sockets and pipes are
    polled but never waited for.
    """

    def __init__(self, *, start: float = 0.0, limit_s: float = math.inf) -> None:
        self._jumping = _JumpingSelector(start, limit_s)
        super().__init__(self._jumping)
        # The loop fires timers due before `time() + resolution`; the default of 1 ns vanishes in
        # the rounding of times beyond 1e7 s and timers would never be due.
        self._clock_resolution = 1e-6
        self._jumping.describe = self._describe_tasks

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(  # type: ignore[override]  # typeshed's TypeVarTuple form
        self, executor: concurrent.futures.Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _describe_tasks(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        shown = "; ".join(f"{task.get_name()} in {_where(task)}" for task in tasks[:8])
        more = f" and {len(tasks) - 8} more" if len(tasks) > 8 else ""
        return f"Waiting tasks: {shown or 'none'}{more}."


def _where(task: asyncio.Task[Any]) -> str:
    stack = task.get_stack(limit=1)
    if not stack:
        return "nothing"
    frame = stack[-1]
    return f"{frame.f_code.co_qualname}:{frame.f_lineno}"


def run_virtual(
    coro: Coroutine[Any, Any, T], *, start: float = 0.0, limit_s: float = 86_400.0
) -> T:
    """Run `coro` to its end on a fresh `VirtualLoop` and return its result.

    `start` is the loop's first `time()`; `limit_s` how many virtual seconds it may take.
    Tasks left over are cancelled, as `asyncio.run` does.

    Raises:
        DeadlockError: everything waits and no timer exists.
        TimeLimitError: virtual time passed `start + limit_s`.
        LivelockError: a million loop turns without time passing.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start=start, limit_s=limit_s)) as runner:
        return runner.run(coro)
