"""Calls of tools found in streamed text, wherever the model's tokens were cut.

The convention is `<tool_call>{…}</tool_call>`. Small models forget the marks: an answer that
begins with a JSON object, bare or in a code fence, is a call too if it names one of the tools.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from enum import Enum, auto

OPEN, CLOSE, FENCE = "<tool_call>", "</tool_call>", "```"
LONGEST = 8 * 1024
"""Characters of one call; of what is longer the rest is dropped."""
MOST = 8
"""Calls in one reply; more are dropped."""
_JSON = json.JSONDecoder(strict=False)
_NAMED = re.compile(r'"name"\s*:\s*"([^"]*)"')


class _In(Enum):
    START = auto()
    """Nothing but blanks, or what may still become a mark, a brace or a fence."""
    TEXT = auto()
    CALL = auto()
    BARE = auto()
    """An answer that begins like JSON."""


class ToolMarks:
    """`push` pieces of text, get what is to be read aloud; `take` the calls found since."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._in = _In.START
        self._held = ""
        self._found: list[str] = []
        self._count = 0

    def push(self, piece: str) -> str:
        self._held += piece
        out = ""
        while (text := self._step()) is not None:
            out += text
        return out

    def finish(self) -> str:
        """What was held back, at the end of the reply."""
        out = ""
        if self._in is _In.BARE:
            if self._bare():
                return ""
            self._in = _In.TEXT
            out = self.push("")
        held, self._held = self._held, ""
        if self._in is _In.CALL:
            self._keep(held)  # models forget the closing mark
            return out
        return out + (held if held.strip() else "")

    def take(self) -> list[str]:
        """The bodies of the calls that became complete, in order."""
        found, self._found = self._found, []
        return found

    def _step(self) -> str | None:
        """One step on; None when more text is needed."""
        match self._in:
            case _In.START:
                return self._start()
            case _In.TEXT:
                return self._text()
            case _In.CALL:
                return self._call()
            case _In.BARE:
                if len(self._held) <= LONGEST:
                    return None
                self._in = _In.TEXT
                return ""

    def _start(self) -> str | None:
        held = self._held.lstrip()
        if held.startswith(OPEN):
            self._in, self._held = _In.CALL, held[len(OPEN) :]
        elif held.startswith(("{", FENCE)):
            self._in = _In.BARE
        elif OPEN.startswith(held) or FENCE.startswith(held):
            return None
        else:
            self._in = _In.TEXT
        return ""

    def _text(self) -> str | None:
        before, mark, rest = self._held.partition(OPEN)
        if mark:
            self._in, self._held = _In.CALL, rest
            return before
        size = len(before) - _opening(before)
        text, self._held = before[:size], before[size:]
        return text or None

    def _call(self) -> str | None:
        body, mark, rest = self._held.partition(CLOSE)
        if not mark:
            # The end may be the beginning of the mark.
            if len(body) > LONGEST + len(CLOSE):
                self._held = body[:LONGEST] + body[-len(CLOSE) :]
            return None
        self._keep(body)
        self._in, self._held = _In.START, rest
        return ""

    def _bare(self) -> bool:
        """Whether what is held are calls without marks; then they are kept. What a small model
        invents after them (a result, another answer) is left out."""
        named = _NAMED.search(self._held)
        if named is None or named[1] not in self._names:
            return False
        at = self._held.index("{")
        while at >= 0:
            try:
                found, end = _JSON.raw_decode(self._held, at)
            except (ValueError, RecursionError):
                self._keep(self._held[at:].strip("`"))
                return True
            if isinstance(found, dict) and found.get("name") in self._names:
                self._keep(self._held[at:end])
            at = self._held.find("{", end)
        return True

    def _keep(self, body: str) -> None:
        if body.strip() and self._count < MOST:
            self._count += 1
            self._found.append(body.strip()[:LONGEST])


def _opening(text: str) -> int:
    """Length of the longest ending that is the beginning of the mark."""
    for length in range(min(len(OPEN) - 1, len(text)), 0, -1):
        if OPEN.startswith(text[-length:]):
            return length
    return 0
