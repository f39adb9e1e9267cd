"""A program that cannot go on is told so, by name."""

import asyncio

import pytest

from visavis import clock
from visavis.clock import DeadlockError, LivelockError, TimeLimitError, run_virtual


def test_deadlock_names_the_waiting_task() -> None:
    async def waits_for_nobody() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match=r"t=3\.0.*waits_for_nobody"):

        async def main() -> None:
            await asyncio.sleep(3)
            await asyncio.create_task(waits_for_nobody(), name="orphan")

        run_virtual(main())


def test_time_limit() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110  # endless on purpose
            await asyncio.sleep(1)

    with pytest.raises(TimeLimitError, match=r"passed 12\.500"):
        run_virtual(main(), start=2.5, limit_s=10)


def test_cleanup_after_the_limit_still_runs() -> None:
    cleaned = []

    async def main() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            cleaned.append(asyncio.get_running_loop().time())

    with pytest.raises(TimeLimitError):
        run_virtual(main(), limit_s=10)
    assert len(cleaned) == 1


def test_livelock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LIVELOCK_TURNS", 1000)

    async def main() -> None:
        while True:  # noqa: ASYNC110  # endless on purpose
            await asyncio.sleep(0)

    with pytest.raises(LivelockError, match="1000 loop turns"):
        run_virtual(main())
