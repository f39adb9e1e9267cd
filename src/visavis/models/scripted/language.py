"""Replies by a script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TypeAlias

from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_OPTIONS, ChatMessage, GenerateOptions
from visavis.models.scripted.record import keep

Reply: TypeAlias = Callable[[Sequence[ChatMessage]], str]
"""A rule: what to answer to a conversation."""


class ScriptedLanguageModel:
    """`LanguageModel` with known replies.

    `replies` is a rule, or a list whose n-th text answers the n-th user message (starting
    again after the last), so that speculating several times on one turn gives one reply.
    The first token comes after `first_token_s`, then `tokens_per_s` follow (0: all at once).
    A token is a word with the blanks before it.
    """

    name = "scripted"

    def __init__(
        self,
        replies: Sequence[str] | Reply,
        *,
        first_token_s: float = 0.0,
        tokens_per_s: float = 0.0,
        prefill_s: float = 0.0,
    ) -> None:
        self._rule = replies if callable(replies) else _by_turn(tuple(replies))
        self._first_token_s = first_token_s
        self._token_s = 1.0 / tokens_per_s if tokens_per_s > 0 else 0.0
        self._prefill_s = prefill_s
        self.requests: list[tuple[ChatMessage, ...]] = []
        """The messages of the newest `record.MAX_RECORD` calls of `generate`, in order."""
        self.prefills: list[tuple[ChatMessage, ...]] = []
        """The same of `prefill`."""
        self.tokens = 0
        """Tokens given out so far."""
        self.cancelled = 0
        """Replies that were closed or cancelled before their end."""

    async def generate(
        self, messages: Sequence[ChatMessage], options: GenerateOptions = DEFAULT_OPTIONS
    ) -> AsyncGenerator[str, None]:
        keep(self.requests, tuple(messages))
        text = self._rule(messages)
        for mark in options.stop:
            text = text.split(mark, 1)[0]
        complete = False
        try:
            await asyncio.sleep(self._first_token_s)
            tokens = re.findall(r"\s*\S+", text)[: options.max_tokens]
            for index, token in enumerate(tokens):
                if index:
                    await asyncio.sleep(self._token_s)
                self.tokens += 1
                yield token
            complete = True
        finally:
            self.cancelled += not complete

    async def prefill(self, messages: Sequence[ChatMessage]) -> None:
        keep(self.prefills, tuple(messages))
        await asyncio.sleep(self._prefill_s)


class EchoLanguageModel(ScriptedLanguageModel):
    """Repeats what the person said last, after `prefix`."""

    name = "echo"

    def __init__(
        self,
        prefix: str = "You said: ",
        *,
        first_token_s: float = 0.0,
        tokens_per_s: float = 0.0,
    ) -> None:
        def echo(messages: Sequence[ChatMessage]) -> str:
            said = [message.content for message in messages if message.role == "user"]
            return prefix + said[-1] if said else prefix.strip()

        super().__init__(echo, first_token_s=first_token_s, tokens_per_s=tokens_per_s)


def _by_turn(replies: tuple[str, ...]) -> Reply:
    if not replies:
        raise ModelError("A scripted language model needs at least one reply; the list is empty.")

    def rule(messages: Sequence[ChatMessage]) -> str:
        turn = sum(message.role == "user" for message in messages)
        return replies[max(0, turn - 1) % len(replies)]

    return rule
