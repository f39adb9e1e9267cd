"""What was said and heard, in order: the memory of one conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from visavis.models.protocols import ChatMessage

MAX_ITEMS = 1000


@dataclass(slots=True)
class Item:
    id: str
    role: Literal["user", "assistant"]
    text: str
    """For the assistant only what was heard."""
    interrupted: bool = False


class History:
    """Items in the order they began. Bounded: beyond `MAX_ITEMS` the oldest are forgotten."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}

    def __len__(self) -> int:
        return len(self._items)

    @property
    def items(self) -> tuple[Item, ...]:
        """Copies; changing them changes nothing here."""
        return tuple(
            Item(item.id, item.role, item.text, item.interrupted) for item in self._items.values()
        )

    def add(self, item: Item) -> None:
        self._items[item.id] = item
        while len(self._items) > MAX_ITEMS:
            del self._items[next(iter(self._items))]

    def get(self, item_id: str) -> Item | None:
        return self._items.get(item_id)

    def remove(self, item_id: str) -> bool:
        return self._items.pop(item_id, None) is not None

    def messages(
        self, instructions: str, *, extra: Sequence[ChatMessage] = (), budget_tokens: int = 1500
    ) -> list[ChatMessage]:
        """The system prompt, as much of the newest history as fits about `budget_tokens`, then
        `extra`. Neighbours of one role are one message; empty ones are left out.

        What is left out goes in steps of a quarter of the budget, so that the beginning stays
        the same for many turns and a model's prefix cache keeps its worth.
        """
        said = [ChatMessage(item.role, item.text) for item in self._items.values() if item.text]
        costs = [_tokens(message.content) for message in said]
        excess = sum(costs) - budget_tokens
        if excess > 0:
            step = max(1, budget_tokens // 4)
            goal = -(-excess // step) * step
            first = 0
            while goal > 0 and first < len(said) - 1:
                goal -= costs[first]
                first += 1
            said = said[first:]
        merged: list[ChatMessage] = []
        if instructions:
            merged.append(ChatMessage("system", instructions))
        for message in [*said, *extra]:
            if not message.content:
                continue
            if merged and merged[-1].role == message.role:
                merged[-1] = ChatMessage(
                    message.role, f"{merged[-1].content} {message.content}".strip()
                )
            else:
                merged.append(message)
        return merged


def _tokens(text: str) -> int:
    """About how many tokens a chat message costs: 4 letters each, CJK one each, 4 around it."""
    wide = sum(ord(letter) > 0x2E7F for letter in text)
    return 4 + wide + (len(text) - wide + 3) // 4
