"""The language model in this process: llama.cpp behind the `LanguageModel` protocol.

One model serves several calls. Every call gets a slot of the cache; a prompt is evaluated in
small steps and a reply token by token, and the steps of all calls take turns on one worker
thread. Prefills give way to replies.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visavis.errors import BusyError, ModelError
from visavis.models.embedded import llama_library
from visavis.models.embedded.llama_ends import last_word
from visavis.models.embedded.llama_engine import LlamaEngine, Sampling, Slot
from visavis.models.embedded.llama_output import TextOut
from visavis.models.embedded.llama_prompt import (
    common_prefix,
    conversation_tokens,
    message_end,
    reply_opening,
)
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions, SentenceEnd
from visavis.models.workers import Cancel, Runs, Worker

SPOKEN_TOKENS_PER_S = 5.0
"""Tokens a second that one agent speaks."""
NICE = 5
"""The recogniser's short bursts go before the language model's long work: the model answers
words that the recogniser may be about to change."""
WORTH_COPYING = 16
"""Tokens another slot must have more in common for its cache to be copied."""


@dataclass(slots=True, frozen=True)
class LlamaCapacity:
    """What this model can do on this machine, measured when it was loaded."""

    prompt_tokens_per_s: float
    generate_tokens_per_s: float
    calls: int
    """Calls whose agents may speak at the same time without falling behind."""
    first_words_s: float
    """From the last word known to two words of the reply, the rest being prefilled."""


@dataclass(slots=True, eq=False)
class _Lease:
    """A slot in use. `prefill` is the task of a prefill, which a reply may take it from."""

    slot: Slot
    prefill: asyncio.Task[None] | None = None


class LlamaModel:
    """`LanguageModel` in process. Made by `LlamaModel.load`; `aclose` frees it."""

    def __init__(self, engine: LlamaEngine, worker: Runs, name: str, queue: int) -> None:
        self.name = name
        self._engine = engine
        self._worker = worker
        self._queue = queue
        self._leases: dict[int, _Lease] = {}
        self._recent = deque(slot.number for slot in engine.slots)
        """Numbers of the slots, the one longest unused first."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._capacity: LlamaCapacity | None = None

    @classmethod
    async def load(
        cls,
        path: Path,
        *,
        context: int = 2048,
        slots: int = 4,
        threads: int = 2,
        queue: int = 8,
        library: str | None = None,
        progress: Callable[[float], None] = lambda fraction: None,
    ) -> LlamaModel:
        """Load and warm up a GGUF model with the ChatML template.

        `slots` conversations of `context` tokens each stay in the cache; at most `queue`
        replies may wait for one. `progress` is told the loaded fraction on the loop's thread.
        `library` names the llama.cpp build (`llama_library.installed`). Raises
        `WeightsError` if the file is missing or broken, `ModelError` if it cannot be run.
        """
        loop = asyncio.get_running_loop()
        worker = Worker("llm", threads=1, queue=4 * (slots + queue), nice=NICE)

        def build(cancel: Cancel) -> LlamaEngine:
            return LlamaEngine(
                llama_library.load(library),
                path,
                context=context,
                slots=slots,
                threads=threads,
                progress=lambda done: _tell(loop, progress, done),
            )

        try:
            engine = await worker.run(build)
            model = cls(engine, worker, path.stem, queue)
            model._capacity = await worker.run(model._measure)
        except BaseException:
            await worker.aclose()
            raise
        return model

    @property
    def evaluated(self) -> int:
        """Tokens evaluated since loading: what the cache did not save."""
        return self._engine.evaluated

    def capacity(self) -> LlamaCapacity:
        """Figures for admission."""
        if self._capacity is None:
            raise ModelError(f"The language model {self.name} was not measured; use `load`.")
        return self._capacity

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str | SentenceEnd, None]:
        """Stream the reply. `options.extra` may hold `top_p` (0.95) and `seed` (0).

        Raises `BusyError` if too many replies wait already, `ModelError` if the conversation
        cannot be made to fit.
        """
        most = min(options.max_tokens, self._engine.room // 2)
        tokens = self._tokens(messages, self._engine.room - most, finished=True)
        sampling = Sampling(
            options.temperature,
            float(options.extra.get("top_p", 0.95)),
            np.random.default_rng(options.extra.get("seed", 0)),
        )
        out = TextOut(options.stop)
        ends_at = self._last_word(messages[-1], tokens) if options.sentence_end else None
        lease = await self._lease(tokens)
        try:
            await self._share(lease.slot, tokens)
            for count in range(most):
                token = await self._next(lease, tokens, sampling, first=count == 0, ends_at=ends_at)
                if count == 0 and ends_at is not None and lease.slot.ends is not None:
                    yield SentenceEnd(lease.slot.ends[1])
                if self._engine.is_end(token):
                    break
                tokens.append(token)
                if text := out.push(self._engine.piece(token)):
                    yield text
                if out.stopped:
                    break
            if text := out.finish():
                yield text
        finally:
            self._release(lease)

    async def prefill(self, messages: Sequence[ChatMessage]) -> None:
        """Evaluate this beginning of a conversation, the last message staying open.

        Returns early, having done what it could, if every slot is in use or a reply needs
        the one it uses.
        """
        tokens = self._tokens(messages, self._engine.room // 2, finished=False)
        slot = self._free_slot(tokens)
        if slot is None:
            return
        lease = self._take(slot)
        task = lease.prefill = asyncio.create_task(self._evaluate(lease, tokens))
        try:
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()
        finally:
            task.cancel()
            self._release(lease)

    async def aclose(self) -> None:
        """Stop what runs and free the model."""
        await self._worker.aclose()
        self._engine.close()

    def _tokens(self, messages: Sequence[ChatMessage], room: int, *, finished: bool) -> list[int]:
        return conversation_tokens(messages, self._engine.tokenize, room=room, finished=finished)

    def _last_word(self, message: ChatMessage, tokens: list[int]) -> int | None:
        tokenize = self._engine.tokenize
        after = message_end(tokenize) + reply_opening(tokenize)
        return last_word(tokens, message, after, tokenize)

    async def _next(
        self,
        lease: _Lease,
        tokens: list[int],
        sampling: Sampling,
        *,
        first: bool,
        ends_at: int | None,
    ) -> int:
        """One token more: a step for every chunk not evaluated yet; the last one picks."""

        def step(cancel: Cancel) -> int | None:
            if self._engine.evaluate(cancel, lease.slot, tokens, ends_at):
                return None
            return self._engine.pick(first=first, sampling=sampling)

        while True:
            token = await self._worker.run(step, key=lease, priority=1)
            if token is not None:
                return token

    async def _evaluate(self, lease: _Lease, tokens: list[int]) -> None:
        await self._share(lease.slot, tokens)
        while await self._worker.run(self._engine.evaluate, lease.slot, tokens, key=lease):
            pass

    async def _share(self, slot: Slot, tokens: list[int]) -> None:
        """Copy another slot's cache if it has much more of these tokens than this one."""

        def share(cancel: Cancel) -> None:
            best = max(self._engine.slots, key=lambda other: common_prefix(other.tokens, tokens))
            have = common_prefix(slot.tokens, tokens)
            if common_prefix(best.tokens, tokens) >= have + WORTH_COPYING:
                self._engine.copy(best, slot)

        await self._worker.run(share, key=slot, priority=2)

    async def _lease(self, tokens: list[int]) -> _Lease:
        """A slot for a reply, waiting for one if none is free."""
        while (slot := self._free_slot(tokens, or_prefilling=True)) is None:
            if len(self._waiting) >= self._queue:
                raise BusyError(
                    f"The language model has {len(self._leases)} replies at work and "
                    f"{len(self._waiting)} waiting; it cannot take one more."
                )
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise
            finally:
                if turn in self._waiting:
                    self._waiting.remove(turn)
        return self._take(slot)

    def _free_slot(self, tokens: list[int], *, or_prefilling: bool = False) -> Slot | None:
        """The free slot that has most of these tokens; of equals the one longest unused."""
        slots = [self._engine.slots[number] for number in self._recent]
        free = [slot for slot in slots if slot.number not in self._leases]
        if or_prefilling:
            free += [lease.slot for lease in self._leases.values() if lease.prefill is not None]
        return max(free, key=lambda slot: common_prefix(slot.tokens, tokens), default=None)

    def _take(self, slot: Slot) -> _Lease:
        held = self._leases.get(slot.number)
        if held is not None and held.prefill is not None:
            held.prefill.cancel()
        lease = self._leases[slot.number] = _Lease(slot)
        self._recent.remove(slot.number)
        self._recent.append(slot.number)
        return lease

    def _release(self, lease: _Lease) -> None:
        if self._leases.get(lease.slot.number) is lease:
            del self._leases[lease.slot.number]
            self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _measure(self, cancel: Cancel) -> LlamaCapacity:
        """Warm up, then time a prompt and a few tokens in the last slot. Takes about a second."""
        engine = self._engine
        slot = engine.slots[-1]
        text = "Tell me in one sentence what makes a good conversation between two people. "
        tokens = list(engine.tokenize(text * 3, False))

        def evaluate() -> float:
            start = time.perf_counter()
            while engine.evaluate(cancel, slot, tokens):
                cancel.check()
            return time.perf_counter() - start

        half = tokens[len(tokens) // 2 :]
        del tokens[len(tokens) // 2 :]
        evaluate()
        tokens += half
        prompt = len(half) / evaluate()
        took = 0.0
        for _ in range(8):
            tokens.append(engine.pick(first=False, sampling=None))
            took += evaluate()
        generate = 8 / took
        engine.evaluated = 0
        return LlamaCapacity(
            prompt_tokens_per_s=prompt,
            generate_tokens_per_s=generate,
            calls=max(1, min(len(engine.slots), int(generate / SPOKEN_TOKENS_PER_S))),
            # A word's rest and the marks around it make about 6 tokens, two words 3 more.
            first_words_s=6 / prompt + 3 / generate,
        )


def _tell(loop: asyncio.AbstractEventLoop, progress: Callable[[float], None], done: float) -> None:
    loop.call_soon_threadsafe(progress, done)
