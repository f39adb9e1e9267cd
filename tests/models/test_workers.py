"""CPU-bound work off the loop: fair, bounded, cancellable."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from visavis.clock import run_virtual
from visavis.errors import BusyError, ModelError
from visavis.models.workers import Cancel, Cancelled, InlineWorker, Worker


class Gate:
    """Holds the only thread of a worker, so that what follows has to wait."""

    def __init__(self, worker: Worker) -> None:
        self._open = threading.Event()
        self._entered = threading.Event()
        self.task = asyncio.ensure_future(worker.run(self._hold))

    def _hold(self, cancel: Cancel) -> None:
        self._entered.set()
        self._open.wait(5)

    async def entered(self) -> None:
        await asyncio.to_thread(self._entered.wait, 5)

    def open(self) -> None:
        self._open.set()


def with_worker(test: Callable[[Worker], object], **settings: int) -> None:
    async def main() -> None:
        worker = Worker("test", **settings)
        try:
            await test(worker)  # type: ignore[misc]  # a coroutine function
        finally:
            await worker.aclose()

    asyncio.run(main())


def test_results_and_errors_come_back() -> None:
    async def test(worker: Worker) -> None:
        assert await worker.run(lambda cancel, a, b: a + b, 2, 3) == 5
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda cancel: 1 // 0)
        assert await worker.run(lambda cancel: threading.current_thread().name) == "test-0"

    with_worker(test)


def test_calls_take_turns() -> None:
    async def test(worker: Worker) -> None:
        gate, order = Gate(worker), list[str]()
        await gate.entered()
        jobs = [
            asyncio.ensure_future(worker.run(lambda _, n: order.append(n), name, key=name[0]))
            for name in ("a1", "a2", "a3", "b1", "c1", "b2")
        ]
        await asyncio.sleep(0)
        gate.open()
        await asyncio.gather(*jobs, gate.task)
        assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]

    with_worker(test)


def test_the_urgent_goes_first() -> None:
    async def test(worker: Worker) -> None:
        gate, order = Gate(worker), list[str]()
        await gate.entered()
        jobs = [
            asyncio.ensure_future(
                worker.run(lambda _, n: order.append(n), name, key=name, priority=priority)
            )
            for name, priority in (("partial", 0), ("final", 1), ("other", 0))
        ]
        await asyncio.sleep(0)
        gate.open()
        await asyncio.gather(*jobs, gate.task)
        assert order == ["final", "partial", "other"]

    with_worker(test)


def test_a_full_queue_is_busy_and_frees_again() -> None:
    async def test(worker: Worker) -> None:
        gate = Gate(worker)
        await gate.entered()
        waiting = [asyncio.ensure_future(worker.run(lambda _: 1)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="2 jobs waiting"):
            await worker.run(lambda _: 1)
        waiting[0].cancel()
        await asyncio.wait([waiting[0]])
        third = asyncio.ensure_future(worker.run(lambda _: 3))
        await asyncio.sleep(0)
        gate.open()
        assert await third == 3
        assert await waiting[1] == 1
        await gate.task

    with_worker(test, queue=2)


def test_cancelling_a_waiting_job_means_it_never_runs() -> None:
    async def test(worker: Worker) -> None:
        gate, ran = Gate(worker), list[int]()
        await gate.entered()
        job = asyncio.ensure_future(worker.run(lambda _: ran.append(1)))
        await asyncio.sleep(0)
        job.cancel()
        await asyncio.wait([job])
        gate.open()
        await gate.task
        await worker.run(lambda _: None)
        assert job.cancelled() and ran == []

    with_worker(test)


def test_cancelling_a_running_job_raises_its_flag_and_hook() -> None:
    async def test(worker: Worker) -> None:
        started, stopped = threading.Event(), threading.Event()
        hooked = threading.Event()

        def work(cancel: Cancel) -> None:
            cancel.on_set(hooked.set)
            started.set()
            try:
                while True:
                    time.sleep(0.001)
                    cancel.check()
            except Cancelled:
                stopped.set()
                raise

        job = asyncio.ensure_future(worker.run(work))
        await asyncio.to_thread(started.wait, 5)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert await asyncio.to_thread(stopped.wait, 5)
        assert hooked.is_set()
        assert await worker.run(lambda _: "next") == "next"

    with_worker(test)


def test_closing_fails_what_waits_and_joins_the_threads() -> None:
    async def main() -> None:
        before = set(threading.enumerate())
        worker = Worker("test", threads=2)
        started = threading.Event()

        def endless(cancel: Cancel) -> None:
            started.set()
            while True:
                time.sleep(0.001)
                cancel.check()

        jobs = [asyncio.ensure_future(worker.run(endless)) for _ in range(4)]
        await asyncio.to_thread(started.wait, 5)
        await worker.aclose()
        for outcome in await asyncio.gather(*jobs, return_exceptions=True):
            assert isinstance(outcome, ModelError) and "closed" in str(outcome)
        with pytest.raises(ModelError, match="is closed"):
            await worker.run(lambda _: 1)
        left = [t for t in set(threading.enumerate()) - before if t.name.startswith("test-")]
        assert left == []

    asyncio.run(main())


def test_inline_runs_at_once_under_virtual_time() -> None:
    async def main() -> int:
        worker = InlineWorker()
        loop = asyncio.get_running_loop()
        start = loop.time()
        value = await worker.run(lambda cancel, a: a * 2, 21, key="call", priority=1)
        assert loop.time() == start
        await worker.aclose()
        with pytest.raises(ModelError, match="is closed"):
            await worker.run(lambda _: 1)
        return value

    assert run_virtual(main()) == 42
