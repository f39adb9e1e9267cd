"""What was said and heard, in order: the memory of one conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from visavis.models.protocols import RUNNING, ChatMessage, ToolCall, ToolSpec

MAX_ITEMS = 1000


@dataclass(slots=True)
class Item:
    id: str
    role: Literal["user", "assistant", "tool"]
    text: str
    """For the assistant only what was heard; for a tool its result, empty until it comes."""
    interrupted: bool = False
    call: ToolCall | None = None
    """What called the tool."""


class History:
    """Items in the order they began. Bounded: beyond `MAX_ITEMS` the oldest are forgotten."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}

    def __len__(self) -> int:
        return len(self._items)

    @property
    def items(self) -> tuple[Item, ...]:
        """Copies; changing them changes nothing here."""
        return tuple(replace(item) for item in self._items.values())

    def add(self, item: Item) -> None:
        self._items[item.id] = item
        while len(self._items) > MAX_ITEMS:
            del self._items[next(iter(self._items))]

    def get(self, item_id: str) -> Item | None:
        return self._items.get(item_id)

    def remove(self, item_id: str) -> bool:
        return self._items.pop(item_id, None) is not None

    def settle(self, item_id: str, result: str, *, late_id: str) -> None:
        """The result of a call. If something else was said meanwhile, call and result are put
        after it, as `late_id`: what the model has read stays, and the news is at the end."""
        item = self._items.get(item_id)
        if item is None or item.call is None:
            return
        later = list(self._items.values())
        later = later[later.index(item) + 1 :]
        if all(other.role == "tool" for other in later):
            item.text = result
        else:
            call = replace(item.call, id=f"{item.call.id}_late")
            self.add(Item(late_id, "tool", result, call=call))

    def messages(
        self,
        instructions: str,
        *,
        extra: Sequence[ChatMessage] = (),
        budget_tokens: int = 1500,
        tools: tuple[ToolSpec, ...] = (),
    ) -> list[ChatMessage]:
        """The system prompt, as much of the newest history as fits about `budget_tokens`, then
        `extra`. Neighbours of one role are one message; empty ones are left out. A call of a tool
        is a message of the assistant, its result the next one. `tools` are offered first.

        What is left out goes in steps of a quarter of the budget, so that the beginning stays
        the same for many turns and a model's prefix cache keeps its worth.
        """
        said = [_messages(item) for item in self._items.values() if item.text or item.call]
        costs = [sum(map(_cost, messages)) for messages in said]
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
        if instructions or tools:
            merged.append(ChatMessage("system", instructions, tools=tools))
        for message in [*(one for each in said for one in each), *extra]:
            if not message.content and not message.tool_calls:
                continue
            if merged and merged[-1].role == message.role != "tool":
                words = f"{merged[-1].content} {message.content}".strip()
                merged[-1] = replace(merged[-1], content=words, tool_calls=message.tool_calls)
            else:
                merged.append(message)
        return merged


def _messages(item: Item) -> list[ChatMessage]:
    """An item as the model reads it."""
    if item.call is None:
        return [ChatMessage(item.role, item.text)]
    result = ChatMessage("tool", item.text or RUNNING, tool_call_id=item.call.id)
    return [ChatMessage("assistant", "", tool_calls=(item.call,)), result]


def _cost(message: ChatMessage) -> int:
    """About how many tokens a message costs."""
    calls = sum(_tokens(call.name + call.arguments) for call in message.tool_calls)
    return _tokens(message.content) + calls


def _tokens(text: str) -> int:
    """About how many tokens a chat message costs: 4 letters each, CJK one each, 4 around it."""
    wide = sum(ord(letter) > 0x2E7F for letter in text)
    return 4 + wide + (len(text) - wide + 3) // 4
