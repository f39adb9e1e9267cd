"""From a conversation to tokens: the ChatML template, and what to leave out when it is full.

Pure functions over token lists. Text is tokenised apart from the template's marks, so that
nobody can write (or say) a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from visavis.errors import ModelError, RequestRefused
from visavis.models.protocols import ChatMessage

Tokenize = Callable[[str, bool], tuple[int, ...]]
"""(text, parse the template's marks) -> tokens."""


def message_tokens(message: ChatMessage, tokenize: Tokenize) -> list[int]:
    """One whole message with its marks."""
    return [*_opening(message, tokenize), *message_end(tokenize)]


def unfinished_tokens(message: ChatMessage, tokenize: Tokenize) -> list[int]:
    """A message that may go on: everything but its end mark."""
    return _opening(message, tokenize)


def message_end(tokenize: Tokenize) -> list[int]:
    """What ends a message."""
    return list(tokenize("<|im_end|>\n", True))


def reply_opening(tokenize: Tokenize) -> list[int]:
    """What makes the model answer."""
    return list(tokenize("<|im_start|>assistant\n", True))


def _opening(message: ChatMessage, tokenize: Tokenize) -> list[int]:
    role, text = message.role, message.content
    if role == "tool":
        # Qwen's template hands results of tools over as the user.
        role, text = "user", f"<tool_response>\n{text}\n</tool_response>"
    return [*tokenize(f"<|im_start|>{role}\n", True), *tokenize(text, False)]


def conversation_tokens(
    messages: Sequence[ChatMessage], tokenize: Tokenize, *, room: int, finished: bool
) -> list[int]:
    """The conversation as tokens, at most `room` of them.

    `finished` ends the last message and opens the reply; otherwise the last message stays
    open. If there is no room for all, the oldest messages go; those of the system at the
    beginning and the last one stay. Raises `ModelError` if even these do not fit.
    """
    if not messages:
        raise ModelError("The conversation is empty; the language model needs one message.")
    lead = next((i for i, m in enumerate(messages) if m.role != "system"), len(messages))
    lead = min(lead, len(messages) - 1)
    parts = [message_tokens(message, tokenize) for message in messages[:-1]]
    if finished:
        parts.append(message_tokens(messages[-1], tokenize) + reply_opening(tokenize))
    else:
        parts.append(unfinished_tokens(messages[-1], tokenize))
    sizes = [len(part) for part in parts]
    first = lead + dropped(sizes[lead:], room - sum(sizes[:lead]))
    return [token for part in (*parts[:lead], *parts[first:]) for token in part]


def dropped(sizes: Sequence[int], room: int) -> int:
    """How many of the first messages to leave out so that the rest fits into `room` tokens.

    More go than must (in steps of half the room), so that the beginning changes seldom:
    whatever changes the beginning costs the cache. The last message never goes.
    """
    if not sizes or sizes[-1] > room:
        raise RequestRefused(
            "The system prompt and the last message together are longer than the language "
            f"model's context by {(sizes[-1] if sizes else 0) - room} tokens; shorten one of "
            "them or give the model a larger context."
        )
    excess = sum(sizes) - room
    if excess <= 0:
        return 0
    step = max(1, room // 2)
    goal = -(-excess // step) * step
    gone = count = 0
    while gone < goal and count < len(sizes) - 1:
        gone += sizes[count]
        count += 1
    return count


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Number of leading tokens that both have in common."""
    length = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        length += 1
    return length


def moved(cached: Sequence[int], wanted: Sequence[int], kept: int, *, least: int = 32) -> int:
    """Where in `cached` the tokens that `wanted` has after its first `kept` now are.

    Found if messages were left out between: at least `least` tokens in a row must be there.
    Returns the index in `cached`, or -1.
    """
    key = list(wanted[kept : kept + least])
    if len(key) < least:
        return -1
    for start in range(kept + 1, len(cached) - least + 1):
        if cached[start] == key[0] and list(cached[start : start + least]) == key:
            return start
    return -1
