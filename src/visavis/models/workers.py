"""CPU-bound work off the event loop.

A `Worker` has a few threads and a bounded queue. The most urgent waiting jobs are taken
first, and among them the calls (`key`) take turns: a call that asks for much delays itself,
not the others. Cancelling the awaiting task removes a waiting job, and raises the flag of a
running one, which its function is expected to look at (`Cancel.check`) at least every 50 ms.
`InlineWorker` has the same interface and runs a job at once, for virtual time.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from visavis.errors import BusyError, ModelError

T = TypeVar("T")


class Cancelled(Exception):
    """Raised inside a job whose awaiting task was cancelled; a signal, never an error."""


class Cancel:
    """The flag a job looks at. Cheap to read from any thread."""

    __slots__ = ("_hook", "_raised")

    def __init__(self) -> None:
        self._raised = False
        self._hook: Callable[[], None] | None = None

    def set(self) -> None:
        """Raise the flag; harmless after the job is done."""
        self._raised = True
        hook, self._hook = self._hook, None
        if hook is not None:
            hook()

    def on_set(self, hook: Callable[[], None]) -> None:
        """Call `hook`, from the cancelling thread, to break off a library call."""
        self._hook = hook
        if self._raised:
            hook()

    def __bool__(self) -> bool:
        return self._raised

    def check(self) -> None:
        """Raise `Cancelled` if the job is not wanted any more."""
        if self._raised:
            raise Cancelled


class Runs(Protocol):
    """What `Worker` and `InlineWorker` have in common."""

    async def run(
        self, fn: Callable[..., T], /, *args: Any, key: Hashable = None, priority: int = 0
    ) -> T: ...

    async def aclose(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Job:
    call: Callable[[Cancel], Any]
    key: Hashable
    priority: int
    cancel: Cancel
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class _Queue:
    """Waiting jobs by priority, keys in turn. Not locked: its owner does that."""

    def __init__(self) -> None:
        self._levels: dict[int, OrderedDict[Hashable, deque[_Job]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, job: _Job) -> None:
        level = self._levels.setdefault(job.priority, OrderedDict())
        level.setdefault(job.key, deque()).append(job)
        self._count += 1

    def take(self) -> _Job:
        """A job of the highest priority, of the key whose turn it is; it then goes last."""
        priority = max(self._levels)
        level = self._levels[priority]
        key, jobs = level.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            level[key] = jobs
        if not level:
            del self._levels[priority]
        self._count -= 1
        return job

    def remove(self, job: _Job) -> None:
        """Take this job out if it still waits."""
        level = self._levels.get(job.priority, OrderedDict())
        jobs = level.get(job.key)
        if jobs is None or job not in jobs:
            return
        jobs.remove(job)
        if not jobs:
            del level[job.key]
        if not level:
            del self._levels[job.priority]
        self._count -= 1


class Worker:
    """Threads for one model. `queue` is the most jobs that may wait. A model that works long
    gives way to short ones by `nice` (Linux: of these threads and those they start)."""

    def __init__(self, name: str, threads: int = 1, queue: int = 8, nice: int = 0) -> None:
        self.name = name
        self._nice = nice
        self._limit = queue
        self._waiting = _Queue()
        self._running: set[_Job] = set()
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._serve, name=f"{name}-{i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def run(
        self, fn: Callable[..., T], /, *args: Any, key: Hashable = None, priority: int = 0
    ) -> T:
        """`fn(cancel, *args)` on a worker thread, on behalf of the call `key`.

        A higher `priority` is served first. Raises `BusyError` if the queue is full,
        `ModelError` if the worker is or gets closed, and whatever `fn` raises.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        job = _Job(lambda cancel: fn(cancel, *args), key, priority, Cancel(), future, loop)
        with self._changed:
            if self._closed:
                raise ModelError(f"the worker {self.name!r} is closed")
            if len(self._waiting) >= self._limit:
                raise BusyError(
                    f"{self.name} already has {self._limit} jobs waiting; "
                    "the machine is slower than its calls ask for"
                )
            self._waiting.put(job)
            self._changed.notify()
        try:
            return await future
        finally:
            # Only a cancelled wait leaves the job behind.
            job.cancel.set()
            with self._changed:
                self._waiting.remove(job)

    async def aclose(self) -> None:
        """Drop what waits, stop what runs, and join the threads."""
        with self._changed:
            self._closed = True
            while len(self._waiting):
                _settle(self._waiting.take(), None, self._gone())
            for job in self._running:
                job.cancel.set()
            self._changed.notify_all()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _gone(self) -> ModelError:
        return ModelError(f"the worker {self.name!r} was closed before the job was done")

    def _serve(self) -> None:
        if self._nice and sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while True:
            with self._changed:
                while not len(self._waiting) and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = self._waiting.take()
                self._running.add(job)
            result: object = None
            error: BaseException | None = None
            try:
                job.cancel.check()
                result = job.call(job.cancel)
            except Cancelled:
                error = self._gone()  # seen only if the worker, not the caller, cancelled
            except BaseException as caught:  # handed to the awaiting task, whatever it is
                error = caught
            with self._changed:
                self._running.discard(job)
            _settle(job, result, error)
            # Do not keep the last job's audio alive while waiting for the next one.
            del job, result, error


def _settle(job: _Job, result: object, error: BaseException | None) -> None:
    """Give the outcome to the awaiting task, on its own loop."""

    def tell() -> None:
        if job.future.done():
            return
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)

    try:
        job.loop.call_soon_threadsafe(tell)
    except RuntimeError:
        # The loop was closed meanwhile: nobody is left to be told.
        return


class InlineWorker:
    """Runs every job at once on the loop's thread: deterministic, for virtual time."""

    def __init__(self, name: str = "inline") -> None:
        self.name = name
        self._closed = False

    async def run(
        self, fn: Callable[..., T], /, *args: Any, key: Hashable = None, priority: int = 0
    ) -> T:
        if self._closed:
            raise ModelError(f"the worker {self.name!r} is closed")
        # Yield as a real worker would, so that callers meet the same interleavings.
        await asyncio.sleep(0)
        return fn(Cancel(), *args)

    async def aclose(self) -> None:
        self._closed = True
