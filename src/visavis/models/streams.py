"""Iterators that models give: closed when they are left, and never waited for without end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from visavis.errors import ModelError

T = TypeVar("T")


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
