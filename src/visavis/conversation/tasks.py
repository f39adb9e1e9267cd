"""Tasks with an owner: whoever starts them ends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from visavis.errors import ModelError

T = TypeVar("T")


class TaskOwner:
    """Starts tasks, tells of those that broke, cancels what is left at the end."""

    def __init__(self, on_crash: Callable[[str, BaseException], None]) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_crash = on_crash

    def start(self, coro: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._on_crash(task.get_name(), error)

    async def aclose(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def closing(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close an iterator of a model when it is left, if it can be closed."""
    try:
        yield stream
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


async def each_within(
    stream: AsyncIterator[T], seconds: float, who: str
) -> AsyncGenerator[T, None]:
    """The stream's items. ModelError if it gives nothing for so long."""
    async with closing(stream):
        while True:
            try:
                async with asyncio.timeout(seconds):
                    item = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise ModelError(f"the {who} gave nothing for {seconds:g} s") from None
            yield item
