"""run_virtual: time jumps to the next timer, in order, exactly."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.clock import run_virtual


def test_an_hour_passes_at_once() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(3600)
        return loop.time()

    began = time.perf_counter()
    assert run_virtual(main(), start=5.0) == pytest.approx(3605.0)
    assert time.perf_counter() - began < 1.0


def test_timeouts_and_waits_use_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 7.5)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(7.5)


def test_executor_work_is_done_on_the_spot() -> None:
    async def main() -> tuple[int, float]:
        value = await asyncio.to_thread(lambda: 41 + 1)
        with pytest.raises(ValueError, match="bad"):
            await asyncio.to_thread(int, "bad")
        return value, asyncio.get_running_loop().time()

    assert run_virtual(main()) == (42, 0.0)


@given(
    delays=st.lists(st.floats(0, 1e4), min_size=1, max_size=20),
    start=st.floats(0, 1e9),
)
def test_timers_fire_in_order_and_never_early(delays: list[float], start: float) -> None:
    async def main() -> list[tuple[float, float]]:
        loop = asyncio.get_running_loop()
        fired: list[tuple[float, float]] = []
        for delay in delays:
            when = start + delay
            loop.call_at(when, lambda when=when: fired.append((when, loop.time())))
        await asyncio.sleep(2e4)
        return fired

    fired = run_virtual(main(), start=start, limit_s=1e5)
    assert [when for when, _ in fired] == sorted(start + delay for delay in delays)
    assert all(abs(at - when) <= 2e-6 for when, at in fired)
