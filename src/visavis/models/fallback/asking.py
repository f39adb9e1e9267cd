"""One request, several providers: when the first is late the next is asked beside it, and who
answers first has the word. The others are broken off unheard, so nothing is said twice."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

from visavis.errors import ModelError, RequestRefused
from visavis.models.fallback.providers import Provider, Providers
from visavis.models.streams import closing

M = TypeVar("M")
T = TypeVar("T")
LET_GO_S = 1.0
"""Longest wait for a provider that was broken off."""


class BrokeOff(ModelError):
    """The provider that had the word failed in the middle of its answer."""

    def __init__(self, message: str, provider: object) -> None:
        super().__init__(message)
        self.provider = provider


class _End:
    """The answer is complete."""


class _Asked(Generic[M, T]):
    """A provider at work. One task owns its stream from the beginning to the end."""

    def __init__(self, provider: Provider[M], stream: AsyncIterator[T], now: float) -> None:
        self.provider = provider
        patience = provider.patience
        trial = provider.breaker.begin(now)
        self.overdue_at = now + patience.first_s
        self.next_at = now + (patience.trial_s if trial else patience.first_s)
        """When the next provider is asked too."""
        self.judged = False
        """The breaker knows how it did."""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done with the first piece, the end or the failure, whichever comes."""
        self.pieces: asyncio.Queue[T | _End | Exception] = asyncio.Queue(1)
        self._task = asyncio.create_task(self._pump(stream), name=f"ask {provider.name}")

    async def _pump(self, stream: AsyncIterator[T]) -> None:
        try:
            async with closing(stream):
                async for piece in stream:
                    await self._put(piece)
            await self._put(_End())
        except Exception as error:  # handed to who asked, whatever it is
            await self._put(error)

    async def _put(self, what: T | _End | Exception) -> None:
        if not self.begun.done():
            self.begun.set_result(None)
        await self.pieces.put(what)

    def cancel(self) -> None:
        self._task.cancel()

    async def ended(self) -> None:
        # A provider that does not let go must not hold up the conversation.
        await asyncio.wait([self._task], timeout=LET_GO_S)


class Asking(Generic[M, T]):
    """`ask` opens a provider's stream. `empty_fails`: an answer without any piece is none."""

    def __init__(
        self, providers: Providers[M], ask: Callable[[M], AsyncIterator[T]], *, empty_fails: bool
    ) -> None:
        self._providers = providers
        self._ask = ask
        self._empty_fails = empty_fails
        self._loop = asyncio.get_running_loop()
        self._asked: list[_Asked[M, T]] = []
        self._why = ""

    async def answer(self, whom: Sequence[Provider[M]]) -> AsyncGenerator[T, None]:
        """The answer of the first of them that gives one. BrokeOff if that one fails after its
        first piece, ModelError if nobody answers, RequestRefused if one finds the request
        itself wrong and the others do no better."""
        try:
            asked, first = await self._first(deque(whom))
            for other in self._asked:
                if other is not asked:
                    self._leave(other)
            async with aclosing(self._rest(asked, first)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            for asked in self._asked:
                self._leave(asked)
            for asked in self._asked:
                await asked.ended()

    async def _first(self, waiting: deque[Provider[M]]) -> tuple[_Asked[M, T], T | _End]:
        """Who answers first, and what comes first."""
        refusal: RequestRefused | None = None
        running: list[_Asked[M, T]] = []
        next_at = 0.0
        while True:
            now = self._loop.time()
            if waiting and (not running or now >= next_at):
                running.append(self._begin(waiting.popleft(), now))
                next_at = running[-1].next_at
            for asked in running:
                if now >= asked.overdue_at and not asked.judged:
                    patience = asked.provider.patience.first_s
                    self._failed(asked, f"{asked.provider.name} gave nothing for {patience:g} s")
            if not waiting and all(asked.judged for asked in running):
                raise refusal or ModelError(f"no answer: {self._why}")
            until = [asked.overdue_at for asked in running if not asked.judged]
            begun = [asked.begun for asked in running]
            await asyncio.wait(
                begun,
                timeout=max(0.0, min([*until, next_at] if waiting else until) - now),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for asked in [each for each in running if each.begun.done()]:
                first = await asked.pieces.get()
                if isinstance(first, RequestRefused):
                    # The request's fault, not the provider's; another may take it.
                    refusal, asked.judged = first, True
                elif isinstance(first, Exception):
                    self._failed(asked, f"{asked.provider.name}: {first}")
                elif isinstance(first, _End) and self._empty_fails:
                    self._failed(asked, f"{asked.provider.name} gave an empty answer")
                else:
                    asked.judged = True
                    self._providers.answered(asked.provider, self._loop.time())
                    return asked, first
                running.remove(asked)

    def _begin(self, provider: Provider[M], now: float) -> _Asked[M, T]:
        asked = _Asked(provider, self._ask(provider.model), now)
        self._asked.append(asked)
        return asked

    async def _rest(
        self, asked: _Asked[M, T], piece: T | _End | Exception
    ) -> AsyncGenerator[T, None]:
        patience = asked.provider.patience.between_s
        while not isinstance(piece, _End):
            if isinstance(piece, Exception):
                raise self._broke(asked, str(piece))
            yield piece
            try:
                async with asyncio.timeout(patience):
                    piece = await asked.pieces.get()
            except TimeoutError:
                raise self._broke(asked, f"nothing for {patience:g} s") from None

    def _broke(self, asked: _Asked[M, T], why: str) -> BrokeOff:
        self._failed(asked, f"{asked.provider.name}, in the middle of its answer: {why}")
        return BrokeOff(self._why, asked.provider)

    def _failed(self, asked: _Asked[M, T], why: str) -> None:
        asked.judged, self._why = True, why
        self._providers.failed(asked.provider, self._loop.time(), why)

    def _leave(self, asked: _Asked[M, T]) -> None:
        """Break it off; harmless if it is over."""
        if not asked.judged:
            asked.judged = True
            asked.provider.breaker.left(self._loop.time())
        asked.cancel()
