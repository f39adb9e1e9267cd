"""What the program asked the agent to say, until its turn comes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from visavis.conversation.events import ReplyDone


@dataclass(slots=True)
class Request:
    """`say` if the words are given, else the model finds them, with `instructions`."""

    done: asyncio.Future[ReplyDone | None]
    """How the reply ended; None if it never began."""
    say: str | None = None
    instructions: str | None = None


class Requests:
    """Those that wait, by number, growing."""

    def __init__(self) -> None:
        self._waiting: dict[int, Request] = {}
        self._asked = 0

    def add(self, request: Request) -> int:
        self._asked += 1
        self._waiting[self._asked] = request
        return self._asked

    def take(self, number: int) -> Request:
        return self._waiting.pop(number)

    def forget(self, number: int) -> None:
        """It will not be answered."""
        request = self._waiting.pop(number)
        if not request.done.done():
            request.done.set_result(None)

    def forget_all(self) -> None:
        for number in tuple(self._waiting):
            self.forget(number)
