"""Work in virtual time: charged, one job at a time, and remembered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from turns.charged import ChargedWorker, Memory
from visavis.clock import run_virtual
from visavis.models.workers import Cancel


def double(cancel: Cancel, what: bytes) -> bytes:
    CALLS.append(what)
    return what * 2


CALLS: list[bytes] = []


def test_jobs_wait_for_one_another_and_last_what_they_cost(tmp_path: Path) -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        worker = ChargedWorker("double", lambda args, result: len(result) / 10, memory)
        ended = []

        async def one(what: bytes) -> None:
            assert await worker.run(double, what) == what * 2
            ended.append(round(loop.time(), 6))

        await asyncio.gather(one(b"a"), one(b"bb"))
        return ended

    memory = Memory(tmp_path / "given.db")
    assert run_virtual(main()) == [0.2, 0.6]
    memory.close()


def test_a_cancelled_job_makes_room(tmp_path: Path) -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        worker = ChargedWorker("double", lambda args, result: 1.0, memory)
        first = loop.create_task(worker.run(double, b"a"))
        await asyncio.sleep(0.5)
        first.cancel()
        await worker.run(double, b"b")
        return loop.time()

    memory = Memory(tmp_path / "given.db")
    assert run_virtual(main()) == 1.5
    memory.close()


def test_what_was_given_is_not_computed_again(tmp_path: Path) -> None:
    async def main() -> None:
        worker = ChargedWorker("double", lambda args, result: 0.1, memory)
        await worker.run(double, b"once")

    CALLS.clear()
    for _ in range(2):
        memory = Memory(tmp_path / "given.db")
        run_virtual(main())
        memory.close()
    assert CALLS == [b"once"]
